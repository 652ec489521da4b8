"""Read a sheet of an XLSX workbook. Its unpacked size is checked first, and formulas are read beside their values."""

import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from copy import copy
from itertools import repeat
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from xml.etree.ElementTree import ParseError
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from defusedxml import DefusedXmlException

os.environ["OPENPYXL_LXML"] = "False"  # where lxml happens to be installed openpyxl would prefer it to defusedxml
from openpyxl import load_workbook

from gateways.cells import Cell, Flaw
from gateways.problems import Problem, Unreadable, excerpt

UNPACKED_LIMIT = 100_000_000
"""The most that all parts of a workbook may hold unpacked, in bytes."""
RATIO_LIMIT = 100
"""The most that one part may grow when it is unpacked."""
RATIO_FROM = 256_000
"""Up to this size, in bytes, a part may grow by any ratio: a long cell of equal letters is no bomb."""
LAST_ROW = 1_048_576

_CHUNK = 1 << 16
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_ESCAPED = re.compile("_x00([01][0-9A-Fa-f]|5F)_")
"""The escape of a control character, mostly of a carriage return, or of the underscore that begins such an escape."""
_DAMAGE = (
    *(BadZipFile, ParseError, zlib.error, struct.error, EOFError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError),
)
"""The exceptions of zipfile, expat and openpyxl on a damaged or forged workbook."""


class _Cell(Protocol):
    @property
    def value(self) -> Cell: ...
    @property
    def data_type(self) -> str | None: ...


class _Sheet(Protocol):
    title: str

    def reset_dimensions(self) -> None: ...
    def iter_rows(self, *, max_row: int) -> Iterator[tuple[_Cell, ...]]: ...


def workbook_lines(path: Path, sheet: str | None) -> Iterator[tuple[int, list[Cell]]]:
    """Yield each row of the named sheet, or of the first, with its number from 1. Raises ``Unreadable``."""
    try:
        with path.open("rb") as handle:
            yield from _lines(handle, sheet)
    except DefusedXmlException as error:
        raise Unreadable(Problem(None, None, "bad_file.unsafe_xml")) from error
    except (OSError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        unsafe = isinstance(error.__cause__, DefusedXmlException)
        code = "bad_file.unsafe_xml" if unsafe else "bad_file.not_a_workbook"
        raise Unreadable(Problem(None, None, code)) from error


def _lines(handle: BinaryIO, sheet: str | None) -> Iterator[tuple[int, list[Cell]]]:
    has_formulas = _check_size(handle)
    values = _rows(handle, sheet, data_only=True)
    formulas = _rows(handle, sheet, data_only=False) if has_formulas else repeat(())
    for row, (line, beside) in enumerate(zip(values, formulas, strict=has_formulas), 1):
        yield row, [_value(cell, beside[at] if beside else None) for at, cell in enumerate(line)]


def _value(cell: _Cell, formula: _Cell | None) -> Cell:
    """Return the cell's value; an empty text that is a formula's result is blank, not a missing result."""
    if cell.data_type == "e":
        return Flaw.ERROR
    if cell.value is None and formula is not None and formula.data_type == "f" and cell.data_type != "str":
        return Flaw.NO_RESULT
    value = cell.value
    return _ESCAPED.sub(_unescaped, value) if isinstance(value, str) else value


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _check_size(handle: BinaryIO) -> bool:
    """Return whether a part holds a formula. Raises ``Unreadable`` for parts too large, or larger than declared."""
    with ZipFile(handle) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > UNPACKED_LIMIT or any(map(_swells, parts)):
            raise _bomb()
        return sum(_unpack(archive, part) for part in parts) > 0


def _swells(part: ZipInfo) -> bool:
    if part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BadZipFile
    return part.file_size >= RATIO_FROM and part.file_size > RATIO_LIMIT * part.compress_size


def _unpack(archive: ZipFile, part: ZipInfo) -> bool:
    """Unpack one part in chunks, beyond its declared size, and return whether it holds a formula."""
    claimed = part.file_size
    unlimited = copy(part)
    unlimited.file_size = UNPACKED_LIMIT + 1
    size, end, has_formula = 0, b"", False
    with archive.open(unlimited) as packed:
        while piece := packed.read(_CHUNK):
            size += len(piece)
            if size > claimed:
                raise _bomb()
            has_formula = has_formula or _FORMULA.search(end + piece) is not None
            end = piece[-80:]
    if size < claimed:
        raise BadZipFile
    return has_formula


def _bomb() -> Unreadable:
    params = {"megabytes": UNPACKED_LIMIT // 1_000_000, "ratio": RATIO_LIMIT}
    return Unreadable(Problem(None, None, "bad_file.zip_bomb", params))


def _rows(handle: BinaryIO, sheet: str | None, *, data_only: bool) -> Iterator[tuple[_Cell, ...]]:
    """Yield the rows that openpyxl reads, whatever size the sheet declares, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(handle, read_only=True, data_only=data_only, keep_links=False)
    sheets = cast("list[_Sheet]", book.worksheets)
    chosen = next((candidate for candidate in sheets if sheet in {None, candidate.title}), None)
    if chosen is None and sheet is None:
        raise BadZipFile
    if chosen is None:
        params = {"sheet": excerpt(sheet), "sheets": ", ".join(excerpt(other.title) for other in sheets[:10])}
        raise Unreadable(Problem(None, None, "bad_file.missing_sheet", params))
    chosen.reset_dimensions()
    rows = chosen.iter_rows(max_row=LAST_ROW)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = next(rows, None)
        if row is None:
            return
        yield row
