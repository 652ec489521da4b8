"""Problems of a contact file, a log or a mapping: a place, a code and its parameters.

The messages stand under the code in ``locales/<locale>/contacts.toml`` and ``logs.toml``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXCERPT = 40
"""The most of a date, an id or a name that a message quotes, in characters. Other content is never quoted."""

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a refusal: ``row`` counts from 1 as in a spreadsheet, ``column`` is named as in the file."""

    row: int | None
    column: str | None
    code: str
    params: Params = field(default_factory=dict[str, str | int])


class Unreadable(Exception):
    """The file cannot be read, or not to its end; ``problems`` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(problem.code for problem in problems))
        self.problems = problems


class BadCell(Exception):
    """A cell holds what its field cannot take."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def excerpt(value: object) -> str:
    """Return the beginning of ``value`` on one line, short enough for a message."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(value)[:200]).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
