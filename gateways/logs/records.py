"""Read a log of any format as records: XES, OCEL 2.0, CSV with any usual separator, or a sheet of a workbook."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from gateways.cells import Cell
from gateways.charset import encoding_of
from gateways.delimited import ROW_LIMIT, Lines, checked_header, records
from gateways.logs.log_files import NO_ATTRIBUTES, Record, Records, kind_of, refused, unpacked
from gateways.logs.mapping_schema import LogSource
from gateways.logs.ocel import TYPE, object_types, ocel_records
from gateways.logs.xes import xes_records
from gateways.problems import Problem, Unreadable, excerpt
from gateways.workbooks import workbook_lines

OCEL_KINDS = frozenset({".json", ".jsonocel", ".xml", ".xmlocel", ".sqlite", ".sqliteocel", ".db"})
SEPARATORS = (",", ";", "\t", "|")


def records_of(path: Path, source: LogSource, needed: frozenset[str], case: str | None) -> Records:
    """Yield the records of a log in file order, one at a time. Raises ``Unreadable``.

    ``needed`` are the columns that a table must have. ``case`` is ``ocel:type:TYPE`` in an OCEL log; with None, the
    type that looks most like a case.
    """
    try:
        with unpacked(path) as plain:
            yield from _records(plain, path, source, needed, case)
    except (OSError, UnicodeError) as error:
        raise refused("bad_file.unreadable_file", path) from error


def _records(plain: Path, path: Path, source: LogSource, needed: frozenset[str], case: str | None) -> Records:
    match kind_of(path):
        case ".xes":
            return xes_records(plain)
        case ".csv" | ".tsv":
            return csv_records(plain, source, needed)
        case ".xlsx" | ".xlsm":
            return sheet_records(plain, source, needed)
        case kind if kind in OCEL_KINDS:
            return ocel_records(plain, case or TYPE + next(iter(object_types(plain)), "case"))
        case other:
            raise refused("bad_log.unsupported_extension", path, extension=excerpt(other))


class _LogLines(Lines):
    """The lines of an open log. Raises ``Unreadable``, also for a NUL."""

    def __next__(self) -> str:
        line = super().__next__()
        if "\0" in line:
            raise Unreadable(Problem(self.row, None, "bad_file.nul"))
        return line


def csv_records(path: Path, source: LogSource, needed: frozenset[str]) -> Records:
    """Yield the rows below the header. Raises ``Unreadable``, also if a ``needed`` column is missing."""
    with path.open(encoding=encoding_of(path, source.encoding), newline="") as handle:
        header: list[str] | None = None
        for row, record in _split(handle.readline(ROW_LIMIT), _LogLines(handle), source):
            if header is None:
                header = checked_header(record, row, needed) if any(map(str.strip, record)) else None
            elif len(record) > len(header) and any(record[len(header) :]):
                counts = {"cells": len(record), "columns": len(header)}
                yield Problem(row, None, "bad_file.too_many_cells", counts)
            elif record:
                yield Record(row, dict(zip(header, record, strict=False)), NO_ATTRIBUTES)


def _split(first: str, lines: _LogLines, source: LogSource) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's number and cells, split by the source's separator or by the one of the first line."""
    separator = source.delimiter or separator_of(first)
    lines.rewind()
    yield from records(lines, separator)


def separator_of(line: str) -> str:
    """Return the separator that a header holds most often, a comma if it holds none."""
    return max(SEPARATORS, key=line.count)


def sheet_records(path: Path, source: LogSource, needed: frozenset[str]) -> Records:
    """Yield the rows of a sheet below its header. Raises ``Unreadable``."""
    header: list[str] | None = None
    for row, line in workbook_lines(path, source.sheet):
        if header is None:
            names = ["" if cell is None else str(cell) for cell in line]
            header = checked_header(names, row, needed) if any(map(str.strip, names)) else None
        elif any(cell is not None for cell in line):
            cells: dict[str, Cell] = dict(zip_longest(header, line[: len(header)]))
            yield Record(row, cells, NO_ATTRIBUTES)
