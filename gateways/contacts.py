"""Check a contact file as a whole, and stream its good and distinct rows as contacts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateways.cells import is_blank
from gateways.contact_mapping import ContactMapping
from gateways.contact_notes import unusable_identifiers
from gateways.contact_rows import CaseFault, ContactRow, no_case_is_known
from gateways.problems import FileNote, Notes, Problem, Unreadable, excerpt
from gateways.row_ids import RowIds
from gateways.tables import Cells, rows_of
from models.contact import Contact
from models.telephone_numbers import HOME_REGION

PROBLEM_LIMIT = 100
"""The most problems that are described; all are counted."""
COLUMN_LIMIT = 20
"""The most extra columns that are named."""
EXTRA_LIMIT = 1000
"""About the most that are counted: in JSON lines, every row could bring its own."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one pass over a file; ``rows`` counts the rows below the header that are not blank.

    ``notes`` are the remarks on the file and on single rows and cells, among them numbers and addresses that cannot be
    used: the first ``NOTE_LIMIT`` of ``note_count``.
    """

    rows: int
    contacts: int
    replies: int
    follow_ups: int
    duplicates: int
    notes: tuple[FileNote, ...]
    note_count: int
    problems: tuple[Problem, ...]
    problem_count: int

    @property
    def accepted(self) -> bool:
        """Return whether the file may be imported as a whole."""
        return self.problem_count == 0


@dataclass(slots=True)
class _Tally:
    """The counts of one pass so far."""

    rows: int = 0
    contacts: int = 0
    replies: int = 0
    follow_ups: int = 0
    duplicates: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])
    notes: Notes = field(default_factory=Notes)
    missing: frozenset[str] | None = None
    extra: dict[str, None] = field(default_factory=dict[str, None])

    def refuse(self, *problems: Problem) -> None:
        self.problem_count += len(problems)
        self.problems.extend(problems[: max(0, PROBLEM_LIMIT - len(self.problems))])

    def note_columns(self, cells: Cells, mapping: ContactMapping) -> None:
        """Remember the columns of a row: in JSON lines, a row may bring new ones."""
        self.missing = (mapping.columns if self.missing is None else self.missing) - cells.keys()
        if len(self.extra) < EXTRA_LIMIT and not cells.keys() <= self.extra.keys() | mapping.columns:
            self.extra.update((name, None) for name in cells if name and name not in mapping.columns)

    def count(self, contact: Contact) -> None:
        self.contacts += 1
        self.replies += contact.reply is not None
        self.follow_ups += contact.case is not None


def check(
    path: Path, mapping: ContactMapping, region: str = HOME_REGION, case_fault: CaseFault = no_case_is_known
) -> Check:
    """Read all of ``path`` and return what it holds and what is wrong with it; nothing is stored.

    A telephone number without a country code belongs to ``region``, that of the pack.
    """
    tally = _Tally()
    for contact in _pass(path, mapping, tally, case_fault, region):
        tally.count(contact)
    for note in _whole_file_notes(tally):
        tally.notes.add(note)
    return Check(
        rows=tally.rows,
        contacts=tally.contacts,
        replies=tally.replies,
        follow_ups=tally.follow_ups,
        duplicates=tally.duplicates,
        notes=tuple(tally.notes.kept),
        note_count=tally.notes.count,
        problems=tuple(tally.problems),
        problem_count=tally.problem_count,
    )


def contacts(path: Path, mapping: ContactMapping, case_fault: CaseFault = no_case_is_known) -> Iterator[Contact]:
    """Yield the good rows of ``path``, each id once, in the file's order, without those that ``check`` refuses."""
    return _pass(path, mapping, _Tally(), case_fault)


def _pass(
    path: Path, mapping: ContactMapping, tally: _Tally, case_fault: CaseFault, region: str | None = None
) -> Iterator[Contact]:
    row_ids = RowIds()
    try:
        for row, cells in rows_of(path, mapping, tally.notes.add):
            if isinstance(cells, Problem):
                tally.rows += 1
                tally.refuse(cells)
            elif not all(map(is_blank, cells.values())):
                tally.rows += 1
                tally.note_columns(cells, mapping)
                contact = _distinct(ContactRow(row, cells, mapping, case_fault), row, mapping, row_ids, tally)
                if contact is not None:
                    for note in () if region is None else unusable_identifiers(row, contact, mapping, region):
                        tally.notes.add(note)
                    yield contact
    except Unreadable as error:
        tally.refuse(*error.problems)
    else:
        tally.refuse(*_missing(path, tally))


def _missing(path: Path, tally: _Tally) -> Iterator[Problem]:
    """Report a file without rows, or mapped columns that no row has."""
    if not tally.rows:
        yield Problem(None, None, "bad_file.empty", {"file": excerpt(path.name)})
        return
    for column in sorted(tally.missing or ()):
        yield Problem(None, column, "bad_file.missing_column", {"column": excerpt(column)})


def _distinct(
    converted: ContactRow, row: int, mapping: ContactMapping, row_ids: RowIds, tally: _Tally
) -> Contact | None:
    """Return the row as a contact, None if it is bad or its id came before."""
    contact = converted.contact()
    if contact is None:
        tally.refuse(*converted.problems)
        return None
    for note in converted.notes:
        tally.notes.add(note)
    earlier = row_ids.first(contact.row_id, contact.model_dump_json(), row)
    if earlier is None:
        return contact
    first, equal = earlier
    if equal:
        tally.duplicates += 1
    else:
        params = {"id": excerpt(contact.row_id), "first": first}
        tally.refuse(Problem(row, mapping.contact.row_id, "bad_file.same_id_other_content", params))
    return None


def _whole_file_notes(tally: _Tally) -> Iterator[FileNote]:
    if tally.extra:
        named = ", ".join(excerpt(name) for name in list(tally.extra)[:COLUMN_LIMIT])
        yield FileNote("file_note.extra_columns", {"count": len(tally.extra), "columns": named})
    if tally.duplicates:
        yield FileNote("file_note.identical_duplicates", {"count": tally.duplicates})
