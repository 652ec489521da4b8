"""Read telephone numbers, as people and spreadsheets write them, in the one normal form (E.164)."""

import re
from functools import lru_cache

from models.identifiers import CLOSING, HIDDEN, READ_TWICE, Identifier, Quality, as_text, is_spoiled
from models.placeholders import is_placeholder, plain

HOME_REGION = "CN"
"""The region of a telephone number without a country code, where no policy pack says another."""
ROUND = re.compile(r"\+861\d\d0{8}")
"""Chinese mobile numbers of zeros, as 138 0000 0000: they stand where there is none."""
TOLL_FREE = re.compile(r"1[-. ]\(?8\d\d\)?[-. ]\d{3}[-. ]\d{4}")
"""A number grouped as in North America; without the groups it would be a Chinese mobile number."""
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
    number = as_text(shown)
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
