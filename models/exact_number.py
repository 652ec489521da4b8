"""Read a number from text exactly, or refuse it with the reason; nothing is cut or rounded.

The one parser of numbers that people and files write: move forms, logs, arguments. A separator before exactly three
digits is ambiguous (1.000 is one, or a thousand) unless the source says which is its decimal sign.
"""

import re
from decimal import Decimal
from typing import Annotated, LiteralString, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from models.columns import LARGEST

_WIDE = str.maketrans("０１２３４５６７８９，．＋－−　\xa0\u2009\u202f’", "0123456789,.+--    '")
_NUMBER = re.compile(r"(?P<sign>[+-]?)\s*(?P<whole>\d+(?:[ ,.']\d{3})*)(?:(?P<point>[.,])(?P<fraction>\d+))?")
_SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?\s*[eE]\s*[+-]?\d+")
_BRACKETS = re.compile(r"\(.*\d.*\)|（.*\d.*）")
_DIGITS = re.compile(r"\d")

LONGEST = 100
"""The longest text of a number, in characters."""

REASONS = (
    "not_a_number", "ambiguous_number", "not_whole", "scientific_number", "number_with_unit", "bracketed_number",
    "large_number",
)  # fmt: skip
"""Why a text is no exact number; each is a key of the catalogues under ``number.*``."""


class NoNumber(ValueError):
    """The text is no exact number; ``reason`` is one of ``REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def exact_number(text: str, decimal: str | None = None) -> Decimal:
    """Return the number, with ``decimal`` as its decimal sign if the source says so. Raises ``NoNumber``."""
    if len(text) > LONGEST:  # before a pattern looks at it: some take time with the square of the length
        raise NoNumber("large_number")
    plain = text.strip().translate(_WIDE).strip()
    match = _NUMBER.fullmatch(plain)
    if match is None or not plain.isascii():
        raise NoNumber(_why_not(plain))
    whole, point, fraction = match["whole"], match["point"], match["fraction"] or ""
    marks = set(re.findall(r"[^\d]", whole))
    if len(marks) > 1 or point in marks:
        raise NoNumber("ambiguous_number" if point in marks and len(marks) == 1 else "not_a_number")
    mark = next(iter(marks), "")
    if mark in {",", "."} and not point:
        whole, fraction = _only_mark(whole, mark, decimal)
    elif point and decimal is not None and point != decimal:
        raise NoNumber("ambiguous_number")
    elif mark == decimal:
        raise NoNumber("not_a_number")
    digits = re.sub(r"\D", "", whole)
    return Decimal(f"{match['sign']}{digits}.{fraction or '0'}")


def _only_mark(whole: str, mark: str, decimal: str | None) -> tuple[str, str]:
    """Return the whole and decimal digits of a number with one kind of mark, each before three digits."""
    first, *groups = whole.split(mark)
    if len(first) > 3 and len(groups) == 1:  # 1234.567 has no groups
        return first, groups[0]
    if len(first) > 3 or (first.startswith("0") and len(groups) > 1):
        raise NoNumber("not_a_number")
    if decimal is None:
        if len(groups) == 1 and first != "0":
            raise NoNumber("ambiguous_number")
        return (first, groups[0]) if len(groups) == 1 else (whole, "")
    if mark != decimal:
        return whole, ""
    if len(groups) > 1:
        raise NoNumber("not_a_number")
    return first, groups[0]


def _why_not(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        return "scientific_number"
    if _BRACKETS.fullmatch(text):
        return "bracketed_number"
    around = re.sub(r"[\d\s.,'+-]+", "", text)
    return "number_with_unit" if _DIGITS.search(text) and _NUMBER.search(text) and _is_unit(around) else "not_a_number"


def _is_unit(around: str) -> bool:
    """Return whether the signs around the digits are a percent sign, a currency or a word, and no other notation."""
    return bool(around) and "_" not in around and not re.fullmatch(r"[xXoObB]", around)


def whole_number(text: str, decimal: str | None = None) -> int:
    """Return the whole number; a fraction of zero is none. Raises ``NoNumber``."""
    number = exact_number(text, decimal)
    if number != number.to_integral_value():
        raise NoNumber("not_whole")
    return int(number)


def whole_value(value: object) -> object:
    """Return a text as an integer, another value as it is.

    Raises ``PydanticCustomError`` with the reason as its type.
    """
    if isinstance(value, bool):
        raise PydanticCustomError("not_a_number", "no number")
    if isinstance(value, float) and not value.is_integer():
        raise PydanticCustomError("not_whole", "the number is not whole")
    if isinstance(value, str):
        try:
            value = whole_number(value)
        except NoNumber as error:
            raise PydanticCustomError(cast("LiteralString", error.reason), "no exact whole number") from None
    if isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise PydanticCustomError("large_number", "the number is too large")
    return value


def decimal_value(value: str | float) -> float:
    """Return a text with a decimal point as a number, a number as it is.

    Raises ``PydanticCustomError`` with the reason as its type.
    """
    if not isinstance(value, str):
        return value
    try:
        return float(exact_number(value, "."))
    except NoNumber as error:
        raise PydanticCustomError(cast("LiteralString", error.reason), "no exact number") from None


EXACT = BeforeValidator(whole_value)
"""After the limits of an ``int``: the number is written exactly, or refused with the reason."""
Whole = Annotated[int, EXACT]
"""A whole number without limits."""
