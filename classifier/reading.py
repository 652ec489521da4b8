"""Reads tables for the classifier: examples that somebody labelled, and the tree of categories."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from classifier.examples import Example
from gateways.problems import Unreadable, excerpt
from gateways.workbooks import workbook_lines
from statemachines.refused import Refused

TEXT, LABEL, TITLE, SOURCE = "text", "label", "title", "source"
GOLD, SILVER = "gold", "silver"
UNPACKED_LIMIT = 500_000_000
"""The most that a file may weigh unpacked, in bytes."""

Line = tuple[int, list[str]]


def examples_in(path: Path) -> list[Example]:
    """The examples of a CSV file, packed or not: columns ``text`` and ``label``, ``title`` and ``source`` if there.

    ``source`` is gold (a person's label, also where none is told) or silver (a machine's). A row without label or
    text is passed over. Raises ``Refused('no_file' | 'unreadable_table' | 'wanting_columns' | 'bad_source')``.
    """
    lines = lines_of(path)
    _, names = next(lines, (0, []))
    wanting = [name for name in (TEXT, LABEL) if name not in names]
    if wanting:
        raise Refused("wanting_columns", file=excerpt(path.name), columns=wanting)
    rows = ((row, dict(zip(names, cells, strict=False))) for row, cells in lines)
    return [_example(path, row, told) for row, told in rows if told.get(LABEL) and (told.get(TEXT) or told.get(TITLE))]


def _example(path: Path, row: int, told: dict[str, str]) -> Example:
    source = told.get(SOURCE, "").lower() or GOLD
    if source not in {GOLD, SILVER}:
        raise Refused("bad_source", file=excerpt(path.name), row=row, value=excerpt(source))
    return Example(told.get(TITLE, ""), told.get(TEXT, ""), told[LABEL], gold=source == GOLD)


def lines_of(path: Path) -> Iterator[Line]:
    """The rows of a CSV file or of a workbook's first sheet, trimmed, each with its number from 1."""
    if not path.is_file():
        raise Refused("no_file", file=excerpt(path.name))
    try:
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            found = workbook_lines(path, None)
            yield from ((row, ["" if cell is None else str(cell).strip() for cell in cells]) for row, cells in found)
            return
        reader = csv.reader(io.StringIO(_text_of(path), newline=""), strict=True)
        yield from ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error, Unreadable) as error:
        raise Refused("unreadable_table", file=excerpt(path.name)) from error


def _text_of(path: Path) -> str:
    """The file's text, unpacked if need be; UTF-8, or else GB18030."""
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as handle:
        content = handle.read(UNPACKED_LIMIT + 1)
    if len(content) > UNPACKED_LIMIT:
        raise Refused("unreadable_table", file=excerpt(path.name))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
