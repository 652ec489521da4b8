"""Fill the cells of a sheet that are merged with those above them, with a note for each."""

from collections.abc import Iterable
from typing import NamedTuple

from openpyxl.utils import get_column_letter, range_boundaries

from gateways.cells import Cell, is_blank
from gateways.problems import AddNote, FileNote


class Area(NamedTuple):
    """An area of merged cells: its first and last row and column, from 1, and its name (``A3:A4``)."""

    top: int
    left: int
    bottom: int
    right: int
    name: str

    @classmethod
    def of(cls, name: str) -> "Area":
        """Return the area of that name."""
        left, top, right, bottom = range_boundaries(name)
        return cls(top or 1, left or 1, bottom or 1, right or 1, name)


class MergedCells:
    """The merged areas of a sheet, while its rows are read from the top."""

    def __init__(self, areas: Iterable[Area], note: AddNote) -> None:
        self._coming = sorted(areas, reverse=True)
        self._open: list[tuple[Area, Cell]] = []
        self._note = note

    def filled(self, row: int, cells: list[Cell]) -> list[Cell]:
        """Return the row; the first column of each area has the value of the area's first row.

        The further columns of an area stay blank: the value belongs to the column in which it is written.
        """
        self._open = [(area, value) for area, value in self._open if area.bottom >= row]
        for area, value in self._open:
            self._fill(row, cells, area, value)
        while self._coming and self._coming[-1].top <= row:
            self._begin(row, cells, self._coming.pop())
        return cells

    def _begin(self, row: int, cells: list[Cell], area: Area) -> None:
        value = cells[area.left - 1] if area.left <= len(cells) else None
        if area.bottom > row:
            self._open.append((area, value))
        if area.right > area.left and not is_blank(value):
            params = {"area": area.name, "column": get_column_letter(area.left)}
            self._note(FileNote("file_note.merged_across", params, row, get_column_letter(area.left)))

    def _fill(self, row: int, cells: list[Cell], area: Area, value: Cell) -> None:
        if is_blank(value):
            return
        cells.extend([None] * (area.left - len(cells)))
        if is_blank(cells[area.left - 1]):
            cells[area.left - 1] = value
            params = {"area": area.name, "first": area.top}
            self._note(FileNote("file_note.merged_cell", params, row, get_column_letter(area.left)))
