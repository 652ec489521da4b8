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
from gateways.cells import Cell, text_in
from gateways.charset import encoding_note, read_text
from gateways.delimited import delimited_rows
from gateways.headers import TableLayout, table_rows
from gateways.problems import AddNote, BadCell, FileNote, Unreadable, excerpt, ignore
from gateways.workbooks import workbook_lines
from statemachines.refused import Refused

TEXT, LABEL, TITLE, SOURCE = "text", "label", "title", "source"
GOLD, SILVER = "gold", "silver"
MAX_UNPACKED = 100_000_000
"""The maximal size of a file, unpacked, in bytes."""
KEPT_FILE = "examples.csv.gz"

TableRow = tuple[int, list[str]]


def examples_in(path: Path, encoding: str | None = None, note: AddNote = ignore) -> list[Example]:
    """Return the examples of a CSV file, gzipped or not: columns ``text``, ``label``, optionally ``title``, ``source``.

    ``source`` is gold (a person's label, also the default) or silver (a machine's). A row without label or text is
    skipped and noted, as are the remarks on the file. Raises ``Refused('no_file' | 'unreadable_table' |
    'wanting_columns' | 'bad_source')``.
    """
    rows = read_table(path, frozenset({TEXT, LABEL}), encoding, note)
    _, columns = next(rows, (0, []))
    wanting = [name for name in (TEXT, LABEL) if name not in columns]
    if wanting:
        raise Refused("wanting_columns", file=excerpt(path.name), columns=wanting)
    records = ((number, dict(zip(columns, cells, strict=False))) for number, cells in rows)
    examples: list[Example] = []
    for number, record in records:
        if record.get(LABEL) and (record.get(TEXT) or record.get(TITLE)):
            examples.append(_example(path, number, record))
        else:
            missing = TEXT if record.get(LABEL) else LABEL
            note(FileNote("file_note.no_example", row=number, column=missing))
    return examples


def _example(path: Path, number: int, record: dict[str, str]) -> Example:
    source = record.get(SOURCE, "").lower() or GOLD
    if source not in {GOLD, SILVER}:
        raise Refused("bad_source", file=excerpt(path.name), row=number, value=excerpt(source))
    return Example(record.get(TITLE, ""), record.get(TEXT, ""), record[LABEL], gold=source == GOLD)


def read_table(
    path: Path, needed: frozenset[str], encoding: str | None = None, note: AddNote = ignore
) -> Iterator[TableRow]:
    """Yield the header and the rows of a CSV file or of a workbook's first sheet, trimmed, each with its number from 1.

    Without a named ``encoding`` it is found by evidence. ``note`` takes the remarks on the file.
    Raises ``Refused('no_file' | 'unreadable_table' | 'unsure_encoding')``.
    """
    if not path.is_file():
        raise Refused("no_file", file=excerpt(path.name))
    try:
        for row, cells in table_rows(_lines(path, needed, encoding, note), TableLayout(needed), note):
            yield row, [text_in(cell) or "" for cell in cells]
    except Unreadable as error:
        missing = {problem.column for problem in error.problems if problem.code == "bad_file.missing_column"}
        if missing:
            columns = [name for name in (TEXT, LABEL) if name in missing]
            raise Refused("wanting_columns", file=excerpt(path.name), columns=columns) from error
        for problem in error.problems:
            if problem.code == "bad_file.unsure_encoding":
                raise Refused(
                    "unsure_encoding", file=excerpt(path.name), candidates=problem.params["candidates"]
                ) from error
        raise Refused("unreadable_table", file=excerpt(path.name)) from error
    except (OSError, EOFError, zlib.error, BadCell) as error:
        raise Refused("unreadable_table", file=excerpt(path.name)) from error


def _lines(
    path: Path, needed: frozenset[str], encoding: str | None, note: AddNote
) -> Iterator[tuple[int, Sequence[Cell]]]:
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return workbook_lines(path, None, note)
    text, found = read_text(_unpacked(path), encoding)
    note(encoding_note(found))
    return delimited_rows(io.StringIO(text, newline=""), None, needed, note)


def _unpacked(path: Path) -> bytes:
    """Return the file's content, unpacked if it is gzipped."""
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as handle:
        content = handle.read(MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise Refused("unreadable_table", file=excerpt(path.name))
    return content


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
