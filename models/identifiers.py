"""Validate what a customer or a shipment may be known by: telephone numbers, mail addresses, waybills and names.

Pure: a text is read as a valid identifier in its one normal form, or with the reason why it is none. Nothing is looked
up in the network.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from unicodedata import category, normalize

READ_TWICE = 256
"""So many numbers and addresses are kept as they were read: a door checks them before the engine reads them again."""
HOME_REGION = "CN"
"""The region of a telephone number without a country code, where no policy pack says another."""


class Quality(StrEnum):
    """What a text is good for."""

    PERSONAL = "personal"
    """Valid, and one person's own: it identifies."""
    SHARED = "shared"
    """Valid, but several people may have it: an office line, a service number, an extension, an office mailbox."""
    PLACEHOLDER = "placeholder"
    """It says that there is none: 无, -, 0."""
    MASKED = "masked"
    """Part of it is hidden: 138****8000."""
    SPOILED = "spoiled"
    """A spreadsheet destroyed it: 1.38E+10, #N/A."""
    SEVERAL = "several"
    """More than one in a text that holds one."""
    INVALID = "invalid"
    """Anything else that is none."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A text as it was read. ``normal`` is its one form by which it is compared; None where it is not valid.

    ``written`` is the form to dial, to write to or to show: the valid one, else the text as it came.
    """

    quality: Quality
    written: str
    normal: str | None = None

    @property
    def valid(self) -> bool:
        """Return whether it can be dialled, or written to."""
        return self.normal is not None

    @property
    def identifies(self) -> bool:
        """Return whether it is one person's, or one shipment's, own."""
        return self.quality is Quality.PERSONAL


def plain(text: str) -> str:
    """Return a text in NFKC (full-width characters become plain), without invisible characters or outer spaces."""
    if not text.isascii():
        composed = normalize("NFKC", text)
        text = "".join(character for character in composed if category(character) != "Cf")
    return " ".join(text.split())


NOTHING = frozenset({
    "无", "無", "没有", "沒有", "暂无", "暫無", "无电话", "無電話", "无手机", "無手機", "无号码", "無號碼",
    "无邮箱", "無郵箱",
    "无单号", "無單號", "没有电话", "没有邮箱", "不详", "不詳", "不明", "未知", "未提供", "未填", "未填写",
    "未填寫", "未留",
    "没留", "未登记", "未登記", "空", "保密", "匿名", "同上", "不知道", "不便透露", "不愿透露", "不願透露",
    "待补充", "待補充",
    "待定", "none", "no", "nil", "null", "nan", "na", "n a", "nothing", "unknown", "undefined", "tbd", "tba", "test",
    "x", "xx", "xxx", "xxxx", "anonymous", "not provided", "not available", "not applicable", "not known", "no phone",
    "no number", "no email", "no mail", "same", "same as above", "see above", "empty", "blank", "missing", "withheld",
})  # fmt: skip
"""Words that people and programs write where there is nothing; compared in lower case without punctuation."""
NO_WORD = re.compile(r"[\W_]+")
SEQUENCES = ("01234567890123456789", "98765432109876543210")


def is_placeholder(text: str) -> bool:
    """Return whether a text says that there is nothing: a word for it, punctuation, or digits that count nothing."""
    words = " ".join(NO_WORD.sub(" ", plain(text).casefold()).split())
    if words in NOTHING or words == "":
        return True
    digits = words.replace(" ", "")
    return digits.isdecimal() and (len(set(digits)) == 1 or any(digits in run for run in SEQUENCES))


SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s*(?:E|[x×*]\s*10\s*\^?)\s*[+-]?\s*\d{1,3}", re.IGNORECASE)
ERROR_CELL = re.compile(r"#{2,}|#(?:N/?A|VALUE|REF|NAME|NUM|NULL|DIV/0|CALC|SPILL|GETTING_DATA)[!?]?", re.IGNORECASE)
SEPARATED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.0+)?")
QUOTED = re.compile(r"""=?(["'])(.*)\1|'(.*)""")
DECIMAL_ZEROS = re.compile(r"^(\d+)\.0+$")
EXCEL_DIGITS = 15
"""A spreadsheet keeps this many digits of a number; it writes zeros for the rest."""


def is_spoiled(text: str) -> bool:
    """Return whether a spreadsheet destroyed the text: scientific notation, an error, digits replaced by zeros."""
    return bool(SCIENTIFIC.fullmatch(text) or ERROR_CELL.fullmatch(text)) or _digits_lost(text)


def _digits_lost(text: str) -> bool:
    rest = text[EXCEL_DIGITS:]
    return text.isdecimal() and rest != "" and set(rest) == {"0"}


def _as_text(text: str) -> str:
    """Undo what a spreadsheet adds to a number that is still whole: ``'138``, ``="138"``, ``138.0``, ``13,800``."""
    if text.isdigit():
        return text
    quoted = QUOTED.fullmatch(text)
    if quoted is not None:
        text = next(part for part in (quoted[2], quoted[3]) if part is not None).strip()
    if SEPARATED.fullmatch(text):
        text = text.replace(",", "")
    return DECIMAL_ZEROS.sub(r"\1", text)


HIDDEN = re.compile(r"[*●•○◯█■□…]|[xX]{2,}|[._?]{3,}")
LABEL = re.compile(
    r"(?:tel(?:ephone)?|phone|mobile|mob|cell|call|联系电话|聯繫電話|电话号码|手机号码|手机号|手机|手機|电话|電話|座机)"
    r"\s*[:.]?\s*(?=[+(\d])",
    re.IGNORECASE,
)
EXTENSION = re.compile(
    r"(.*\d[\s)]*)(?:转|轉|分机|分機|内线|內線|;ext=|[,;\s]*ext(?:ension|n)?\.?|\s*x|\s*#)\s*[:.]?\s*(?:分机|分機)?\s*(\d{1,6})",
    re.IGNORECASE,
)
DASHED_EXTENSION = re.compile(r"(1\d{10}|\(?0\d{2,3}\)?[- ]?\d{7,8}|[48]00[- ]?\d{3}[- ]?\d{4})-(\d{1,6})")
TELEPHONE = re.compile(r"\(?\+?[\d\s().\-/]+")
NO_DIGIT = re.compile(r"\D")
COUNTRY_IN_BRACKETS = re.compile(r"^\((\+\d{1,3})\)")
SHORT = re.compile(r"9[56]\d{3,4}|1[012]\d{1,3}")
"""Short numbers of Chinese services, as 95554 and 10086; the library has no number plan for them."""
BOUNDARY = re.compile(r"[;,/、|&]|\s+(?:or|and|或|和)\s+|或|和")
FEWEST_DIGITS = 7
"""A part of a text with fewer digits is no telephone number of its own."""


@lru_cache(READ_TWICE)
def phone_number(text: str, region: str = HOME_REGION) -> Identifier:
    """Read a telephone number; ``region`` is where a number without a country code belongs (ISO 3166).

    The normal form is E.164, an extension added as RFC 3966 writes it.
    """
    shown = plain(text)
    number = _as_text(shown)
    if number.casefold().startswith("tel:"):
        number = number[len("tel:") :]
    number = LABEL.sub("", number, count=1) if LABEL.match(number) else number
    if is_spoiled(number):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(number):
        return Identifier(Quality.PLACEHOLDER, shown)
    if any(character.isdecimal() for character in number) and HIDDEN.search(number):
        return Identifier(Quality.MASKED, shown)
    return _telephone(number, region) or Identifier(
        Quality.SEVERAL if _several_numbers(number, region) else Quality.INVALID, shown
    )


def _several_numbers(number: str, region: str) -> bool:
    parts = [part.strip() for part in BOUNDARY.split(number)]
    long = [part for part in parts if sum(map(str.isdecimal, part)) >= FEWEST_DIGITS]
    if len(long) < 2 and len(parts) == 1:  # two numbers with only a space between them
        long = [part for part in number.split() if _telephone(part, region) is not None]
    return len(long) > 1


def _telephone(number: str, region: str) -> Identifier | None:
    """Return a valid telephone number; None for anything else."""
    dialled, extension = number, ""
    form = DASHED_EXTENSION if TELEPHONE.fullmatch(number) else EXTENSION
    if (match := form.fullmatch(number)) is not None:
        dialled, extension = match[1].strip(), match[2]
    if TELEPHONE.fullmatch(dialled) is None:
        return None
    digits = NO_DIGIT.sub("", dialled)
    if region == "CN" and SHORT.fullmatch(digits):
        return Identifier(Quality.SHARED, digits, digits)
    international = COUNTRY_IN_BRACKETS.sub(r"\1", dialled.replace("(0)", ""))
    return _in_number_plan(international, extension, region)


def _in_number_plan(dialled: str, extension: str, region: str) -> Identifier | None:
    import phonenumbers as plan  # 50 ms, and only where somebody gives a number

    try:
        parsed = plan.parse(dialled, region)
    except plan.NumberParseException:
        return None
    kind = plan.number_type(parsed)
    if kind == plan.PhoneNumberType.UNKNOWN:  # as plan.is_valid_number, whose work it repeats
        return None
    e164 = plan.format_number(parsed, plan.PhoneNumberFormat.E164)
    own = {
        plan.PhoneNumberType.MOBILE,
        plan.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        plan.PhoneNumberType.PERSONAL_NUMBER,
    }
    if extension:
        e164 = f"{e164};ext={extension}"
    personal = not extension and kind in own
    return Identifier(Quality.PERSONAL if personal else Quality.SHARED, e164, e164)


OFFICE = frozenset({
    "info", "office", "service", "services", "sales", "admin", "administrator", "contact", "hello", "support", "help",
    "helpdesk", "kefu", "hr", "marketing", "billing", "accounts", "accounting", "finance", "reception", "mail", "team",
    "customerservice", "customer.service", "customer-service", "cs", "postmaster", "webmaster", "hostmaster", "abuse",
    "enquiries", "inquiries", "complaints", "logistics", "shipping", "orders", "order",
})  # fmt: skip
"""Mailboxes of an office, by RFC 2142 and by custom."""
NO_MAILBOX = frozenset({
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "nobody", "none", "null", "nil", "na", "n/a", "no",
    "noemail", "nomail", "no-email", "no.email", "unknown", "undefined", "anonymous", "notprovided",
})  # fmt: skip
"""Mailboxes that nobody reads, written where a program demands an address."""
NAMED = re.compile(r'(?:"[^"@]*"|[^<>@,;"]*)<\s*([^<>]*?)\s*>')


@lru_cache(READ_TWICE)
def mail_address(text: str) -> Identifier:
    """Read a mail address by RFC 5321, as ``wang@example.com`` or ``王女士 <wang@example.com>``.

    The normal form is in lower case, its domain as the DNS writes it. ``written`` keeps the case of the mailbox.
    """
    shown = plain(text)
    address = re.sub(r"^mailto:", "", shown, flags=re.IGNORECASE).replace("。", ".")
    if (named := NAMED.fullmatch(address)) is not None:
        address = named[1]
    if is_spoiled(address):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(address):
        return Identifier(Quality.PLACEHOLDER, shown)
    if address.count("@") == 1 and re.search(r"[*●•█…]|\.{3,}|[xX]{3,}@|[xX]{4,}", address):
        return Identifier(Quality.MASKED, shown)
    if (valid := _in_mail_syntax(address)) is not None:
        return valid
    return Identifier(Quality.SEVERAL if address.count("@") > 1 else Quality.INVALID, shown)


def _in_mail_syntax(address: str) -> Identifier | None:
    import email_validator as syntax  # 35 ms, and only where somebody gives an address

    try:
        parsed = syntax.validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except syntax.EmailNotValidError:
        return None
    written = parsed.ascii_email or parsed.normalized
    mailbox = parsed.local_part.casefold()
    if mailbox in NO_MAILBOX:
        return Identifier(Quality.PLACEHOLDER, written)
    shared = mailbox.partition("+")[0] in OFFICE
    return Identifier(Quality.SHARED if shared else Quality.PERSONAL, written, written.casefold())


def waybill(text: str) -> Identifier:
    """Read the number of a shipment, the same one however it is spaced, cased or written in full width (A6)."""
    shown = plain(text)
    number = _as_text(shown)
    if is_spoiled(number):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(number):
        return Identifier(Quality.PLACEHOLDER, shown)
    if HIDDEN.search(number) and not number.isalnum():
        return Identifier(Quality.MASKED, shown)
    normal = "".join(character for character in number.casefold() if character.isalnum())
    return Identifier(Quality.PERSONAL, shown, normal)


CHINESE_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


def person_name(text: str) -> str:
    """Return a name in its one form: NFKC, single spaces, none between Chinese characters."""
    return CHINESE_GAP.sub("", plain(text))
