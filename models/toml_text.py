"""Parse TOML within limits of length, depth, keys and numbers: the one parser of the TOML that people give us.

tomllib takes time with the square of a dotted key, recurses into lists, and makes an integer of any length; a decimal
such as 1e999999 takes a gigabyte when it becomes an integer.
"""

import tomllib
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any, cast

from models.columns import LARGEST

LENGTH_LIMIT = 1_000_000
"""The longest text, in characters."""
DEPTH_LIMIT = 32
DOTS_LIMIT = 100
"""The most dots in one line: each may be a step of a dotted key."""
SMALLEST = -30
"""The least exponent of a decimal."""


class BadToml(tomllib.TOMLDecodeError):
    """The text is no TOML that is read here; ``code`` is empty for an error of syntax."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


def parsed_toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the content of a TOML text. Raises ``BadToml``."""
    if len(text) > LENGTH_LIMIT:
        raise BadToml(f"longer than {LENGTH_LIMIT} characters", "too_long")
    if any(line.count(".") > DOTS_LIMIT for line in text.splitlines()):
        raise BadToml(f"a line with more than {DOTS_LIMIT} dots", "too_deep")
    try:
        content = tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise BadToml(f"nested more than {DEPTH_LIMIT} levels deep", "too_deep") from None
    except ArithmeticError:
        raise BadToml("a number that is too large", "large_number") from None
    except ValueError as error:
        too_large = not isinstance(error, tomllib.TOMLDecodeError)  # an integer beyond Python's limit of digits
        raise BadToml(str(error), "large_number" if too_large else "") from None
    _check(content)
    return content


def _check(content: dict[str, Any]) -> None:
    """Check depth and numbers, level by level. Raises ``BadToml``."""
    level: list[Any] = [content]
    for _ in range(DEPTH_LIMIT):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(cast("dict[str, Any]", value).values())
            elif isinstance(value, list):
                below.extend(cast("list[Any]", value))
            elif isinstance(value, int | float | Decimal) and not _is_moderate(value):
                raise BadToml("a number that is too large", "large_number")
        if not below:
            return
        level = below
    raise BadToml(f"nested more than {DEPTH_LIMIT} levels deep", "too_deep")


def _is_moderate(number: float | Decimal) -> bool:
    """Return whether a number is in the range of our columns; what is no number at all is left to its field."""
    if isinstance(number, Decimal):
        return not number.is_finite() or (number.adjusted() >= SMALLEST and number.copy_abs() <= LARGEST)
    return not isfinite(number) or abs(number) <= LARGEST
