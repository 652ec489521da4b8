"""Problems of a contact file, a log or a mapping: a place, a code and its parameters.

The messages stand under the code in ``locales/<locale>/contacts.toml`` and ``logs.toml``.
"""

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class FileNote:
    """A remark on a file that is read: what was guessed, filled in or left out, and where."""

    code: str
    params: Params = field(default_factory=dict[str, str | int])
    row: int | None = None
    column: str | None = None


AddNote = Callable[[FileNote], object]
"""Takes each remark on a file as it is read."""


NOTE_LIMIT = 200
"""The most remarks that are kept; all are counted."""


class Notes:
    """The remarks on a file: the first ones, and the number of all."""

    def __init__(self) -> None:
        self.kept: list[FileNote] = []
        self.count = 0

    def add(self, note: FileNote) -> None:
        """Count a remark, and keep it while there is room."""
        self.count += 1
        if len(self.kept) < NOTE_LIMIT:
            self.kept.append(note)


def ignore(note: FileNote) -> None:
    """Drop a remark: the file was read before, and its remarks were shown."""


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
