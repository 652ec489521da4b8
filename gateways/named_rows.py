"""Read a small table (CSV or XLSX) as rows of cells by the names of its columns."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateways.cells import Cell
from gateways.charset import encoding_of
from gateways.delimited import delimited_rows
from gateways.headers import TableLayout, table_rows
from gateways.problems import AddNote, Problem, Unreadable, excerpt
from gateways.regular_files import TABLE_LIMIT, check_regular
from gateways.sheets import sheet_rows

WORKBOOKS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".tsv", ".txt")

NamedCells = Mapping[str, Cell]


def named_rows(
    path: Path, layout: TableLayout, encoding: str | None, note: AddNote
) -> Iterator[tuple[int, NamedCells]]:
    """Yield the number and the cells of each row below the header. Raises ``Unreadable``."""
    try:
        yield from _rows(path, layout, encoding, note)
    except (OSError, UnicodeError) as error:
        raise Unreadable(Problem(None, None, "bad_file.unreadable_file", {"file": excerpt(path.name)})) from error


def _rows(path: Path, layout: TableLayout, encoding: str | None, note: AddNote) -> Iterator[tuple[int, NamedCells]]:
    name, suffix = excerpt(path.name), path.suffix.lower()
    try:
        check_regular(path, TABLE_LIMIT)
    except FileNotFoundError:
        raise Unreadable(Problem(None, None, "bad_file.missing_file", {"file": name})) from None
    if suffix in WORKBOOKS:
        yield from _named(sheet_rows(path, None, layout, note))
    elif suffix in TEXTS:
        with path.open(encoding=encoding_of(path, encoding).codec, newline="") as handle:
            yield from _named(table_rows(delimited_rows(handle, None, layout.needed, note), layout, note))
    else:
        raise Unreadable(Problem(None, None, "bad_file.no_table", {"file": name, "extension": excerpt(path.suffix)}))


def _named(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, NamedCells]]:
    _, header = next(rows, (0, ()))
    for row, cells in rows:
        yield row, dict(zip(map(str, header), cells, strict=False))
