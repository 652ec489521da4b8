"""Validate what a customer or a shipment may be known by: telephone numbers, mail addresses, waybills and names.

Pure: a text is read as a valid identifier in its one normal form, or with the reason why it is none. Nothing is looked
up in the network.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from models.placeholders import is_placeholder, plain

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


HIDDEN = re.compile(r"[*●•○◯█■□…]|[xX]{2,}|[._?-]{3,}|尾号|尾號|[末后後][四4]位")
ROUND = re.compile(r"\+861\d\d0{8}")
"""Chinese mobile numbers of zeros, as 138 0000 0000: they stand where there is none."""
TOLL_FREE = re.compile(r"1[-. ]\(?8\d\d\)?[-. ]\d{3}[-. ]\d{4}")
"""A number grouped as in North America; without the groups it would be a Chinese mobile number."""
CLOSING = " ,;.、/#"
"""What is left behind a number or an address by a list of several."""
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
    number = number.rstrip(CLOSING + "。") or number
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
    if region == "CN" and TOLL_FREE.fullmatch(dialled):
        return None
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
    if ROUND.fullmatch(e164):
        return Identifier(Quality.PLACEHOLDER, dialled)
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
    "test", "noemail", "nomail", "no-email", "no.email", "unknown", "undefined", "anonymous", "notprovided",
})  # fmt: skip
"""Mailboxes that nobody reads, written where a program demands an address."""
NAMED = re.compile(r'(?:"[^"@]*"|[^<>@,;"]*)\s*<\s*([^<>]*?)\s*>')
COMMENT = re.compile(r"(.*@[^()\s]+)\s*\([^()@]*\)")
"""An address with a comment, as RFC 5322 allows."""
MAIL_LABEL = re.compile(
    r"(?:e-?mail|mail|电子邮箱|電子郵箱|电子邮件|電子郵件|邮箱|郵箱|信箱|邮件|郵件)\s*:\s*(?=\S)", re.IGNORECASE
)
MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE)
FEWEST_MAILBOX_DIGITS = 5
"""The mailboxes of QQ have at least so many digits."""
ONE_LETTER_DOMAIN = re.compile(r"\.[a-z]", re.IGNORECASE)
"""No top-level domain has one letter."""


@lru_cache(READ_TWICE)
def mail_address(text: str) -> Identifier:
    """Read a mail address by RFC 5321, as ``wang@example.com`` or ``王女士 <wang@example.com>``.

    The normal form is in lower case, its domain as the DNS writes it. ``written`` keeps the case of the mailbox.
    """
    shown = plain(text)
    address = shown.replace("。", ".").rstrip(CLOSING) or shown
    for form in (MAILTO, NAMED, COMMENT):
        if (match := form.fullmatch(address)) is not None:
            address = match[1]
    address = _as_text(MAIL_LABEL.sub("", address, count=1) if MAIL_LABEL.match(address) else address)
    if is_spoiled(address):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(address):
        return Identifier(Quality.PLACEHOLDER, shown)
    if address.count("@") == 1 and re.search(r"[*●•█…]|\.{3,}|[xX]{3,}@|[xX]{4,}", address):
        return Identifier(Quality.MASKED, shown)
    if (valid := _in_mail_syntax(address)) is not None:
        return valid
    return Identifier(Quality.SEVERAL if address.count("@") > 1 else Quality.INVALID, shown)


def _digits_for_nothing(mailbox: str, written: str) -> bool:
    """Return whether a mailbox of digits counts nothing, as 123456@qq.com and 1@1.com; 12@example.com may be real."""
    if not mailbox.isdecimal() or not is_placeholder(mailbox):
        return False
    of_zeros = len(mailbox) > 1 and not mailbox.strip("0")
    return of_zeros or len(mailbox) >= FEWEST_MAILBOX_DIGITS or is_placeholder(written.partition("@")[2].split(".")[0])


def _in_mail_syntax(address: str) -> Identifier | None:
    import email_validator as syntax  # 35 ms, and only where somebody gives an address

    try:
        parsed = syntax.validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True, strict=True
        )
    except syntax.EmailNotValidError:
        return None
    written = parsed.ascii_email or parsed.normalized
    mailbox = parsed.local_part.casefold()
    if ONE_LETTER_DOMAIN.fullmatch(written[-2:]):
        return None
    if mailbox in NO_MAILBOX or _digits_for_nothing(mailbox, written):
        return Identifier(Quality.PLACEHOLDER, written)
    shared = mailbox.partition("+")[0] in OFFICE
    return Identifier(Quality.SHARED if shared else Quality.PERSONAL, written, written.casefold())


SEVERAL_WAYBILLS = re.compile(r"[/,;、|&]|或|和")
WAYBILL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 -]*[A-Za-z0-9])?")
FEWEST_WAYBILL_DIGITS = 6


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
    if not any(character.isdecimal() for character in number):
        return Identifier(Quality.INVALID, shown)
    if _whole_waybills(SEVERAL_WAYBILLS.split(number)) > 1 or _whole_waybills(number.split()) > 1:
        return Identifier(Quality.SEVERAL, shown)
    tokens = [token for token in WAYBILL.findall(number) if _is_whole(token)]
    if not number.isascii() and len(tokens) == 1:  # 运单号：SF123456, 顺丰SF123456（破损）
        number = tokens[0]
    return Identifier(Quality.PERSONAL, shown, "".join(filter(str.isalnum, number.casefold())))


def _whole_waybills(parts: Iterable[str]) -> int:
    return sum(map(_is_whole, parts))


def _is_whole(text: str) -> bool:
    """Return whether a part of a text may be the number of a shipment by itself: six digits or more."""
    return sum(map(str.isdecimal, text)) >= FEWEST_WAYBILL_DIGITS


CHINESE_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


def person_name(text: str) -> str:
    """Return a name in its one form: NFKC, single spaces, none between Chinese characters."""
    return CHINESE_GAP.sub("", plain(text))
