"""Reading a log that is a table: CSV with the separator that its header shows, or a sheet of a workbook."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from gateways.cells import Cell
from gateways.charset import encoding_of
from gateways.lines import ROW_LIMIT, checked_header, records
from gateways.logs.lines import LogLines
from gateways.logs.records import NOTHING, Record, Records
from gateways.logs.shape import LogSource
from gateways.problems import Problem
from gateways.workbooks import workbook_lines

SEPARATORS = (",", ";", "\t", "|")


def csv_records(path: Path, source: LogSource, needed: frozenset[str]) -> Records:
    """The rows below the header. Raises ``Unreadable``, also where a ``needed`` column is not in the header."""
    with path.open(encoding=encoding_of(path, source.encoding), newline="") as handle:
        header: list[str] | None = None
        for row, record in _split(handle.readline(ROW_LIMIT), LogLines(handle), source):
            if header is None:
                header = checked_header(record, row, needed) if any(map(str.strip, record)) else None
            elif len(record) > len(header) and any(record[len(header) :]):
                counts = {"cells": len(record), "columns": len(header)}
                yield Problem(row, None, "bad_file.too_many_cells", counts)
            elif record:
                yield Record(row, dict(zip(header, record, strict=False)), NOTHING)


def _split(first: str, lines: LogLines, source: LogSource) -> Iterator[tuple[int, list[str]]]:
    """Each row's number and its cells, by the separator given or by the one that the first line shows."""
    separator = source.delimiter or separator_of(first)
    lines.begin_again()
    yield from records(lines, separator)


def separator_of(line: str) -> str:
    """The separator that a header shows most often, a comma where it shows none."""
    return max(SEPARATORS, key=line.count)


def sheet_records(path: Path, source: LogSource, needed: frozenset[str]) -> Records:
    """The rows of a workbook's sheet below its header. Raises ``Unreadable``."""
    header: list[str] | None = None
    for row, line in workbook_lines(path, source.sheet):
        if header is None:
            names = ["" if cell is None else str(cell) for cell in line]
            header = checked_header(names, row, needed) if any(map(str.strip, names)) else None
        elif any(cell is not None for cell in line):
            cells: dict[str, Cell] = dict(zip_longest(header, line[: len(header)]))
            yield Record(row, cells, NOTHING)
