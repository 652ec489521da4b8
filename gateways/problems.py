"""Why a contact file, one of its rows or a mapping is refused: a place, a code and its parameters.

The words, in each language, stand in `locales/<locale>/contacts.toml` under the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXCERPT = 40
"""How much of a date, an id or a name may be quoted, in characters; other content never is."""

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for refusing: `row` counts from 1 as a spreadsheet does, `column` is the file's own name."""

    row: int | None
    column: str | None
    code: str
    params: Params = field(default_factory=dict[str, str | int])


class Unreadable(Exception):
    """The file, or what is left of it, cannot be read on; `problems` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(problem.code for problem in problems))
        self.problems = problems


class BadCell(Exception):
    """One cell holds what its field cannot take."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def excerpt(value: object) -> str:
    """The beginning of `value` on one line, short enough to be quoted in a refusal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(value)[:200]).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
