"""Read of a workbook what a table needs: its strings, its formats and its worksheets.

Charts, macro sheets, document properties, themes and defined names are no part of a table: openpyxl reads them all, and
refuses the whole workbook where one of them is damaged, or where a chart sheet holds no chart.
"""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol, cast

os.environ["OPENPYXL_LXML"] = "False"  # where lxml happens to be installed openpyxl would prefer it to defusedxml
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from gateways.cells import Cell


class SheetCell(Protocol):
    """A cell as openpyxl reads it."""

    @property
    def value(self) -> Cell: ...
    @property
    def data_type(self) -> str | None: ...


def is_blank(cell: SheetCell) -> bool:
    """Return whether a sheet has no such cell: it stands for one that is missing before the next."""
    return cell is EMPTY_CELL


class Sheet(Protocol):
    """A worksheet as openpyxl reads it, row by row."""

    title: str
    sheet_state: str

    def reset_dimensions(self) -> None: ...
    def iter_rows(self, *, max_row: int) -> Iterator[tuple[SheetCell, ...]]: ...


@dataclass(frozen=True, slots=True)
class Book:
    """The worksheets of a workbook, the day from which its dates count, and the titles of its other sheets."""

    worksheets: list[Sheet]
    epoch: datetime
    others: list[str]


def read_book(handle: BinaryIO, *, data_only: bool) -> Book:
    """Return a workbook whose rows are read when they are wanted. Raises what zipfile, expat and openpyxl raise."""
    reader = _SheetReader(handle, read_only=True, data_only=data_only, keep_links=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader.read()
    book = cast("Any", reader.wb)
    return Book(book.worksheets, book.epoch, reader.others)


class _SheetReader(ExcelReader):
    """A reader of worksheets alone; ``others`` are the titles of the sheets that are none."""

    def read(self) -> None:
        self.others: list[str] = []
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self.read_worksheets()

    def read_worksheets(self) -> None:
        book: Any = self.wb
        found: Any = self.parser.find_sheets()
        for sheet, relation in found:
            if not relation.Type.endswith("/worksheet"):
                self.others.append(sheet.name)
            elif relation.target in self.valid_files:
                worksheet: Any = ReadOnlyWorksheet(self.wb, sheet.name, relation.target, self.shared_strings)
                worksheet.sheet_state = sheet.state
                book._sheets.append(worksheet)  # noqa: SLF001 as openpyxl does
