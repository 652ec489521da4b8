"""Reading contact files: one full check that takes nothing, then the good and distinct rows as a stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateways.mapping import Mapping
from gateways.problems import Params, Problem, Unreadable, excerpt
from gateways.reading import Reading
from gateways.seen import RunResult
from gateways.tables import Cells, rows_of
from models.contact import Contact

PROBLEM_LIMIT = 100
"""So many problems are described; all are counted."""
COLUMN_LIMIT = 20
"""So many extra columns are named."""
EXTRA_LIMIT = 1000
"""About so many are counted: without a header, every row could bring its own."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth telling about a file that is accepted all the same."""

    code: str
    params: Params


@dataclass(frozen=True, slots=True)
class Check:
    """What one full pass over a file found; `rows` counts those that are not blank, below the header."""

    rows: int
    contacts: int
    replies: int
    duplicates: int
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    problem_count: int

    @property
    def accepted(self) -> bool:
        """Whether the file may be taken as a whole."""
        return self.problem_count == 0


@dataclass(slots=True)
class _Tally:
    """What has been counted so far in one pass."""

    rows: int = 0
    contacts: int = 0
    replies: int = 0
    duplicates: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])
    unseen: frozenset[str] | None = None
    extra: dict[str, None] = field(default_factory=dict[str, None])

    def refuse(self, *problems: Problem) -> None:
        self.problem_count += len(problems)
        self.problems.extend(problems[: max(0, PROBLEM_LIMIT - len(self.problems))])

    def see(self, cells: Cells, mapping: Mapping) -> None:
        """Remember which columns there are: without a header, a row may bring new ones."""
        self.unseen = (mapping.columns if self.unseen is None else self.unseen) - cells.keys()
        if len(self.extra) < EXTRA_LIMIT and not cells.keys() <= self.extra.keys() | mapping.columns:
            self.extra.update((name, None) for name in cells if name and name not in mapping.columns)

    def take(self, contact: Contact) -> None:
        self.contacts += 1
        self.replies += contact.reply is not None


def check(path: Path, mapping: Mapping) -> Check:
    """Read the whole of `path` and say what it holds and what is wrong with it; takes nothing."""
    tally = _Tally()
    for contact in _pass(path, mapping, tally):
        tally.take(contact)
    return Check(
        rows=tally.rows,
        contacts=tally.contacts,
        replies=tally.replies,
        duplicates=tally.duplicates,
        notes=tuple(_notes(tally)),
        problems=tuple(tally.problems),
        problem_count=tally.problem_count,
    )


def contacts(path: Path, mapping: Mapping) -> Iterator[Contact]:
    """The good rows of `path`, each id once, in the file's order; what `check` refuses is left out."""
    return _pass(path, mapping, _Tally())


def _pass(path: Path, mapping: Mapping, tally: _Tally) -> Iterator[Contact]:
    seen = RunResult()
    try:
        for row, cells in rows_of(path, mapping):
            if isinstance(cells, Problem):
                tally.rows += 1
                tally.refuse(cells)
            elif any(cell is not None and str(cell).strip() for cell in cells.values()):
                tally.rows += 1
                tally.see(cells, mapping)
                contact = _distinct(row, cells, mapping, seen, tally)
                if contact is not None:
                    yield contact
    except Unreadable as error:
        tally.refuse(*error.problems)
    else:
        tally.refuse(*_missing(path, tally))


def _missing(path: Path, tally: _Tally) -> Iterator[Problem]:
    """A file without rows, or (where there is no header) a mapped column that no row has."""
    if not tally.rows:
        yield Problem(None, None, "bad_file.empty", {"file": excerpt(path.name)})
        return
    for column in sorted(tally.unseen or ()):
        yield Problem(None, column, "bad_file.missing_column", {"column": excerpt(column)})


def _distinct(row: int, cells: Cells, mapping: Mapping, seen: RunResult, tally: _Tally) -> Contact | None:
    """The row as a contact unless it is bad, or its id was there before."""
    reading = Reading(row, cells, mapping)
    contact = reading.contact()
    if contact is None:
        tally.refuse(*reading.problems)
        return None
    known = seen.first(contact.row_id, contact.model_dump_json(), row)
    if known is None:
        return contact
    first, equal = known
    if equal:
        tally.duplicates += 1
    else:
        params = {"id": excerpt(contact.row_id), "first": first}
        tally.refuse(Problem(row, mapping.contact.row_id, "bad_file.same_id_other_content", params))
    return None


def _notes(tally: _Tally) -> Iterator[Note]:
    if tally.extra:
        named = ", ".join(excerpt(name) for name in list(tally.extra)[:COLUMN_LIMIT])
        yield Note("file_note.extra_columns", {"count": len(tally.extra), "columns": named})
    if tally.duplicates:
        yield Note("file_note.identical_duplicates", {"count": tally.duplicates})
