"""Read a log of any format as records: XES, OCEL 2.0, CSV with any usual separator, or a sheet of a workbook."""

from itertools import zip_longest
from pathlib import Path

from gateways.cells import Cell
from gateways.charset import encoding_note, encoding_of
from gateways.delimited import delimited_rows
from gateways.formula_cells import from_cell
from gateways.headers import TableLayout, table_rows
from gateways.logs.log_files import NO_ATTRIBUTES, Record, Records, kind_of, refused, unpacked
from gateways.logs.mapping_schema import LogSource
from gateways.logs.ocel import TYPE, object_types, ocel_records
from gateways.logs.xes import xes_records
from gateways.problems import AddNote, Problem, excerpt, ignore
from gateways.sheets import sheet_rows

OCEL_KINDS = frozenset({".json", ".jsonocel", ".xml", ".xmlocel", ".sqlite", ".sqliteocel", ".db"})


def records_of(
    path: Path,
    source: LogSource,
    needed: frozenset[str],
    case: str | None,
    note: AddNote = ignore,
    filled: frozenset[str] = frozenset(),
) -> Records:
    """Yield the records of a log in file order, one at a time. Raises ``Unreadable``.

    ``needed`` are the columns that a table must have, ``filled`` those that every row fills. ``case`` is
    ``ocel:type:TYPE`` in an OCEL log; with None, the type that looks most like a case.
    """
    try:
        with unpacked(path) as plain:
            layout = TableLayout(needed, filled, source.header_row)
            yield from _records(plain, path, source, layout, case, note)
    except (OSError, UnicodeError) as error:
        raise refused("bad_file.unreadable_file", path) from error


def _records(
    plain: Path, path: Path, source: LogSource, layout: TableLayout, case: str | None, note: AddNote
) -> Records:
    match kind_of(path):
        case ".xes":
            return xes_records(plain)
        case ".csv" | ".tsv":
            return csv_records(plain, source, layout, note)
        case ".xlsx" | ".xlsm":
            return sheet_records(plain, source, layout, note)
        case kind if kind in OCEL_KINDS:
            return ocel_records(plain, case or TYPE + next(iter(object_types(plain)), "case"))
        case other:
            raise refused("bad_log.unsupported_extension", path, extension=excerpt(other))


def csv_records(path: Path, source: LogSource, layout: TableLayout, note: AddNote = ignore) -> Records:
    """Yield the rows below the header. Raises ``Unreadable``, also for a missing column."""
    encoding = encoding_of(path, source.encoding)
    note(encoding_note(encoding))
    with path.open(encoding=encoding.codec, newline="") as handle:
        split = delimited_rows(handle, source.delimiter, layout.needed, note)
        rows = table_rows(split, layout, note)
        _, names = next(rows, (0, ()))
        header = list(map(str, names))
        for row, record in rows:
            if len(record) > len(header) and any(record[len(header) :]):
                counts = {"cells": len(record), "columns": len(header)}
                yield Problem(row, None, "bad_file.too_many_cells", counts)
            else:
                yield Record(row, dict(zip(header, map(_plain, record), strict=False)), NO_ATTRIBUTES)


def _plain(cell: Cell) -> Cell:
    return from_cell(cell) if isinstance(cell, str) else cell


def sheet_records(path: Path, source: LogSource, layout: TableLayout, note: AddNote = ignore) -> Records:
    """Yield the rows of a sheet below its header. Raises ``Unreadable``."""
    rows = sheet_rows(path, source.sheet, layout, note)
    _, names = next(rows, (0, ()))
    header = list(map(str, names))
    for row, line in rows:
        cells: dict[str, Cell] = dict(zip_longest(header, line[: len(header)]))
        yield Record(row, cells, NO_ATTRIBUTES)
