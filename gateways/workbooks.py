"""Read a sheet of an XLSX workbook. Its unpacked size is checked first, and formulas are read beside their values.

openpyxl reads a large sheet row by row, but then without its merged cells and hidden rows, which stand in the same part
of the archive: they are found while its size is checked.
"""

import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import ParseError
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from defusedxml import DefusedXmlException

from gateways.cells import Cell, Flaw, Serial
from gateways.merged_cells import Area, MergedCells
from gateways.problems import AddNote, FileNote, Problem, Unreadable, excerpt, ignore
from gateways.sheet_reader import Book, Sheet, SheetCell, is_blank, read_book

UNPACKED_LIMIT = 100_000_000
"""The most that all parts of a workbook may hold unpacked, in bytes."""
RATIO_LIMIT = 100
"""The most that one part may grow when it is unpacked."""
RATIO_FROM = 256_000
"""Up to this size, in bytes, a part may grow by any ratio: a long cell of equal letters is no bomb."""
LAST_ROW = 1_048_576
BLANKS_LIMIT, BLANKS_PER_VALUE = 5_000_000, 50
"""The blank cells before the last value of each row, in all and for each value: more are written to cost time."""

_CHUNK = 1 << 16
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]{0,300}>")
_ROW_NUMBER = re.compile(rb'\sr="(\d{1,7})"')
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')
_OVERLAP = 400
"""The bytes of a chunk that are searched again with the next one, so that no tag is missed at its end."""
LAST_SERIAL = 2_958_466
"""The first number that is no date of a spreadsheet: the year 10000."""
_ESCAPED = re.compile("_x00([01][0-9A-Fa-f]|5F)_")
"""The escape of a control character, mostly of a carriage return, or of the underscore that begins such an escape."""
_DAMAGE = (
    *(BadZipFile, ParseError, zlib.error, struct.error, EOFError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError),
)
"""The exceptions of zipfile, expat and openpyxl on a damaged or forged workbook."""


@dataclass(slots=True)
class _Part:
    """What is found in a part of the archive while it is unpacked."""

    has_formulas: bool = False
    areas: dict[str, None] = field(default_factory=dict[str, None])
    hidden_rows: set[int] = field(default_factory=set[int])


_Parts = dict[str, _Part]


def workbook_lines(path: Path, sheet: str | None, note: AddNote = ignore) -> Iterator[tuple[int, list[Cell]]]:
    """Yield each row of the named sheet, or of the first that is shown, with its number from 1.

    A cell that is merged with those above it has their value; the ``column`` of its note is the sheet's letter. Raises
    ``Unreadable``.
    """
    try:
        with path.open("rb") as handle:
            yield from _lines(handle, sheet, note)
    except DefusedXmlException as error:
        raise Unreadable(Problem(None, None, "bad_file.unsafe_xml")) from error
    except (OSError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        unsafe = isinstance(error.__cause__, DefusedXmlException)
        code = "bad_file.unsafe_xml" if unsafe else "bad_file.not_a_workbook"
        raise Unreadable(Problem(None, None, code)) from error


def _lines(handle: BinaryIO, sheet: str | None, note: AddNote) -> Iterator[tuple[int, list[Cell]]]:
    parts = _checked_parts(handle)
    has_formulas = any(part.has_formulas for part in parts.values())
    book = read_book(handle, data_only=True)
    chosen = _chosen(book, sheet)
    _note_sheets(book, chosen, note, named=sheet is not None)
    part = parts.get(_part_of(chosen), _Part())
    merged = MergedCells(map(Area.of, part.areas), note)
    formulas = _rows(_chosen(read_book(handle, data_only=False), chosen.title)) if has_formulas else repeat(())
    blanks = values = 0
    for row, (line, beside) in enumerate(zip(_rows(chosen), formulas, strict=has_formulas), 1):
        blank = sum(map(is_blank, line))
        blanks, values = blanks + blank, values + len(line) - blank
        if blanks > BLANKS_LIMIT and blanks > BLANKS_PER_VALUE * values:
            raise Unreadable(Problem(row, None, "bad_file.nearly_empty", {"blanks": blanks, "values": values}))
        if row in part.hidden_rows:
            note(FileNote("file_note.hidden_row", row=row))
        cells = [_value(cell, beside[at] if beside else None, book.epoch) for at, cell in enumerate(line)]
        yield row, merged.filled(row, cells)


def _value(cell: SheetCell, formula: SheetCell | None, epoch: datetime) -> Cell:
    """Return the cell's value; an empty text that is a formula's result is blank, not a missing result."""
    if cell.data_type == "e":
        return Flaw.ERROR
    if cell.value is None and formula is not None and formula.data_type == "f" and cell.data_type != "str":
        return Flaw.NO_RESULT
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LAST_SERIAL:
        return Serial.of(value, epoch)
    return _ESCAPED.sub(_unescaped, value) if isinstance(value, str) else value


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _checked_parts(handle: BinaryIO) -> _Parts:
    """Return what the parts hold. Raises ``Unreadable`` for parts too large, or larger than declared."""
    with ZipFile(handle) as archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > UNPACKED_LIMIT or any(map(_swells, infos)):
            raise _bomb()
        return {info.filename: _unpack(archive, info) for info in infos}


def _swells(part: ZipInfo) -> bool:
    if part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BadZipFile
    return part.file_size >= RATIO_FROM and part.file_size > RATIO_LIMIT * part.compress_size


def _unpack(archive: ZipFile, info: ZipInfo) -> _Part:
    """Unpack one part in chunks, beyond its declared size, and return what it holds."""
    claimed = info.file_size
    unlimited = copy(info)
    unlimited.file_size = UNPACKED_LIMIT + 1
    size, end, part = 0, b"", _Part()
    with archive.open(unlimited) as packed:
        while piece := packed.read(_CHUNK):
            size += len(piece)
            if size > claimed:
                raise _bomb()
            _search(end + piece, part)
            end = piece[-_OVERLAP:]
    if size < claimed:
        raise BadZipFile
    return part


def _search(content: bytes, part: _Part) -> None:
    part.has_formulas = part.has_formulas or _FORMULA.search(content) is not None
    part.areas.update((match[1].decode(), None) for match in _MERGED.finditer(content))
    for row in _ROW.findall(content):
        number = _ROW_NUMBER.search(row)
        if number and _HIDDEN.search(row):
            part.hidden_rows.add(int(number[1]))


def _bomb() -> Unreadable:
    params = {"megabytes": UNPACKED_LIMIT // 1_000_000, "ratio": RATIO_LIMIT}
    return Unreadable(Problem(None, None, "bad_file.zip_bomb", params))


def _chosen(book: Book, sheet: str | None) -> Sheet:
    """Return the sheet of that name, else the first that is shown, else the first. Raises ``Unreadable``."""
    sheets = book.worksheets
    if not sheets and not book.others:
        raise BadZipFile
    if not sheets:
        raise Unreadable(Problem(None, None, "bad_file.no_worksheet", {"sheets": _names(book.others)}))
    if sheet in book.others:
        params = {"sheet": excerpt(sheet), "sheets": _titles(sheets)}
        raise Unreadable(Problem(None, None, "bad_file.chart_sheet", params))
    shown = [candidate for candidate in sheets if candidate.sheet_state == "visible"] or sheets
    eligible = shown if sheet is None else [candidate for candidate in sheets if candidate.title == sheet]
    if not eligible:
        params = {"sheet": excerpt(sheet), "sheets": _titles(sheets)}
        raise Unreadable(Problem(None, None, "bad_file.missing_sheet", params))
    return eligible[0]


def _note_sheets(book: Book, chosen: Sheet, note: AddNote, *, named: bool) -> None:
    others = [sheet for sheet in book.worksheets if sheet is not chosen]
    hidden = [sheet for sheet in others if sheet.sheet_state != "visible"]
    shown = [sheet for sheet in others if sheet.sheet_state == "visible"]
    if chosen.sheet_state != "visible":
        code = "file_note.hidden_sheet_read" if named else "file_note.only_hidden_sheet_read"
        note(FileNote(code, {"sheet": excerpt(chosen.title)}))
    if hidden:
        note(FileNote("file_note.hidden_sheets", {"count": len(hidden), "sheets": _titles(hidden)}))
    if shown:
        note(FileNote("file_note.other_sheets", {"sheet": excerpt(chosen.title), "sheets": _titles(shown)}))
    if book.others:
        params = {"count": len(book.others), "sheets": _names(book.others)}
        note(FileNote("file_note.chart_sheets", params))


def _titles(sheets: Sequence[Sheet]) -> str:
    return _names([sheet.title for sheet in sheets])


def _names(titles: Sequence[str]) -> str:
    return ", ".join(map(excerpt, titles[:10]))


def _part_of(sheet: Sheet) -> str:
    """Return the name of the archive's part that holds the sheet."""
    return str(cast(Any, sheet)._worksheet_path).lstrip("/")  # noqa: SLF001 openpyxl offers it nowhere else


def _rows(sheet: Sheet) -> Iterator[tuple[SheetCell, ...]]:
    """Yield the rows that openpyxl reads, whatever size the sheet declares, without its warnings."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=LAST_ROW)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = next(rows, None)
        if row is None:
            return
        yield row
