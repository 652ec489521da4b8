"""Read a sheet of a workbook as a table: its header, the rows below it, and notes that name the header's columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from openpyxl.utils import column_index_from_string

from gateways.cells import Cell
from gateways.headers import TableLayout, table_rows
from gateways.problems import AddNote, FileNote
from gateways.workbooks import workbook_lines


def sheet_rows(
    path: Path, sheet: str | None, layout: TableLayout, note: AddNote
) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Yield the header of a sheet, as names, and then the rows below it. Raises ``Unreadable``."""
    notes = _SheetNotes(note)
    rows = table_rows(workbook_lines(path, sheet, notes.add), layout, note)
    first = next(rows, None)
    if first is None:
        notes.use_header(0, ())
        return
    notes.use_header(*first)
    yield first
    yield from rows


class _SheetNotes:
    """The notes on a sheet; those on its cells are held back until the header is found, to name their columns."""

    def __init__(self, note: AddNote) -> None:
        self._note = note
        self._held: list[FileNote] | None = []
        self._header_row = 0
        self._names: Sequence[Cell] = ()

    def add(self, note: FileNote) -> None:
        """Give the note on, or hold it back. Notes on the rows down to the header are dropped."""
        if note.row is None:
            self._note(note)
        elif self._held is not None:
            self._held.append(note)
        elif note.row > self._header_row:
            self._note(self._named(note))

    def use_header(self, header_row: int, names: Sequence[Cell]) -> None:
        """Give the notes that were held back, and give the next ones at once."""
        held, self._held = self._held or (), None
        self._header_row, self._names = header_row, names
        for note in held:
            self.add(note)

    def _named(self, note: FileNote) -> FileNote:
        if note.column is None:
            return note
        place = column_index_from_string(note.column) - 1
        name = str(self._names[place]) if place < len(self._names) else ""
        return replace(note, column=name or note.column)
