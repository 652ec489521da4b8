"""Reads tables of labelled examples, and keeps them in the store's home for the next training.

The kept file holds customers' words: it is readable by its owner alone and never leaves the home.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from classifier.examples import Example
from classifier.versioned_files import folder_of
from gateways.problems import Unreadable, excerpt
from gateways.workbooks import workbook_lines
from statemachines.refused import Refused

TEXT, LABEL, TITLE, SOURCE = "text", "label", "title", "source"
GOLD, SILVER = "gold", "silver"
MAX_UNPACKED = 500_000_000
"""The maximal size of a file, unpacked, in bytes."""
KEPT_FILE = "examples.csv.gz"

TableRow = tuple[int, list[str]]


def examples_in(path: Path) -> list[Example]:
    """Return the examples of a CSV file, gzipped or not: columns ``text``, ``label``, optionally ``title``, ``source``.

    ``source`` is gold (a person's label, also the default) or silver (a machine's). A row without label or text is
    skipped. Raises ``Refused('no_file' | 'unreadable_table' | 'wanting_columns' | 'bad_source')``.
    """
    rows = table_rows(path)
    _, columns = next(rows, (0, []))
    wanting = [name for name in (TEXT, LABEL) if name not in columns]
    if wanting:
        raise Refused("wanting_columns", file=excerpt(path.name), columns=wanting)
    records = ((number, dict(zip(columns, cells, strict=False))) for number, cells in rows)
    return [
        _example(path, number, record)
        for number, record in records
        if record.get(LABEL) and (record.get(TEXT) or record.get(TITLE))
    ]


def _example(path: Path, number: int, record: dict[str, str]) -> Example:
    source = record.get(SOURCE, "").lower() or GOLD
    if source not in {GOLD, SILVER}:
        raise Refused("bad_source", file=excerpt(path.name), row=number, value=excerpt(source))
    return Example(record.get(TITLE, ""), record.get(TEXT, ""), record[LABEL], gold=source == GOLD)


def table_rows(path: Path) -> Iterator[TableRow]:
    """Yield the rows of a CSV file or of a workbook's first sheet, trimmed, each with its number from 1.

    Raises ``Refused('no_file' | 'unreadable_table')``.
    """
    if not path.is_file():
        raise Refused("no_file", file=excerpt(path.name))
    try:
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            rows = workbook_lines(path, None)
            yield from ((row, ["" if cell is None else str(cell).strip() for cell in cells]) for row, cells in rows)
            return
        reader = csv.reader(io.StringIO(_text_of(path), newline=""), strict=True)
        yield from ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error, Unreadable) as error:
        raise Refused("unreadable_table", file=excerpt(path.name)) from error


def _text_of(path: Path) -> str:
    """Return the file's text, unpacked if it is gzipped; UTF-8, or else GB18030."""
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as handle:
        content = handle.read(MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise Refused("unreadable_table", file=excerpt(path.name))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def kept_examples(home: Path) -> list[Example]:
    """Return the examples kept by the last training from files; none if there was none."""
    path = folder_of(home) / KEPT_FILE
    return examples_in(path) if path.exists() else []


def keep_examples(home: Path, examples: Sequence[Example]) -> None:
    """Keep these examples in place of the former ones; the file is replaced at once and as a whole."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow((TITLE, TEXT, LABEL, SOURCE))
    writer.writerows(
        (example.subject, example.text, example.label, GOLD if example.gold else SILVER) for example in examples
    )
    folder = folder_of(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".draft-{KEPT_FILE}-{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(gzip.compress(buffer.getvalue().encode(), mtime=0))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / KEPT_FILE)
