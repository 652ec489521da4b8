"""The numbers of the command line: each option and argument reads them exactly, or refuses them with the reason.

Typer alone would read ``1_000`` and ``1.0`` as pydantic does, and name the reason in English only.
"""

from collections.abc import Callable
from typing import Any

import typer
from pydantic_core import PydanticKnownError

from models.exact_number import decimal_value, whole_value

MOST = 2**63 - 1
"""The largest whole number that the store holds."""


def whole_option(*names: str, least: int = -MOST, most: int = MOST) -> Any:
    """Return an option that is a whole number within limits."""
    return typer.Option(*names, parser=_parser(least, most), min=_shown(least), max=_shown(most))


def decimal_option(*names: str) -> Any:
    """Return an option that is a number, whole or with a decimal point; its limits are those of what it is for."""
    return typer.Option(*names, parser=_decimal)


def whole_argument(*, least: int = -MOST, most: int = MOST) -> Any:
    """Return an argument that is a whole number within limits."""
    return typer.Argument(parser=_parser(least, most), min=_shown(least), max=_shown(most))


def _decimal(value: Any) -> float:
    """Return the number. Raises ``PydanticCustomError`` with the reason as its type."""
    return float(decimal_value(value))


def _parser(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        """Return the number. Raises ``PydanticCustomError`` or ``PydanticKnownError`` with the reason as its type."""
        number: Any = whole_value(value)
        if number < least:
            raise PydanticKnownError("greater_than_equal", {"ge": least})
        if number > most:
            raise PydanticKnownError("less_than_equal", {"le": most})
        return number

    return parse


def _shown(limit: int) -> int | None:
    """Return a limit as the help shows it; not that of the store."""
    return None if abs(limit) >= MOST else limit
