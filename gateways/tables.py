"""Read a contact file (CSV, JSON lines or XLSX) as one stream of numbered rows."""

import json
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from gateways.cells import Cell, Flaw, is_blank
from gateways.charset import encoding_note, encoding_of
from gateways.contact_mapping import ContactMapping
from gateways.delimited import Lines, delimited_rows
from gateways.headers import TableLayout, table_rows
from gateways.problems import AddNote, Problem, Unreadable, excerpt
from gateways.regular_files import TABLE_LIMIT, check_regular
from gateways.sheets import sheet_rows

Cells = dict[str, Cell]
Rows = Iterator[tuple[int, Cells | Problem]]
"""Each row's number with its cells by column, or with the problem of a row that cannot be read."""


def rows_of(path: Path, mapping: ContactMapping, note: AddNote) -> Rows:
    """Yield the rows below the header, one at a time, and note what was guessed, filled in or left out.

    Raises ``Unreadable`` where the file cannot be read on.
    """
    name = excerpt(path.name)
    try:
        reader = _reader(path, name)
        if path.stat().st_size:
            yield from reader(path, mapping, note)
    except (OSError, UnicodeError) as error:
        raise Unreadable(Problem(None, None, "bad_file.unreadable_file", {"file": name})) from error


def _reader(path: Path, name: str) -> Callable[[Path, ContactMapping, AddNote], Rows]:
    """Return the reader for the file's extension. Raises ``Unreadable`` if there is no file or no reader."""
    readers = {
        ".csv": _csv_rows,
        ".tsv": _csv_rows,
        ".txt": _csv_rows,
        ".jsonl": _json_rows,
        ".ndjson": _json_rows,
        ".xlsx": _workbook_rows,
        ".xlsm": _workbook_rows,
    }
    try:
        check_regular(path, TABLE_LIMIT)
    except FileNotFoundError:
        raise Unreadable(Problem(None, None, "bad_file.missing_file", {"file": name})) from None
    reader = readers.get(path.suffix.lower())
    if reader is None:
        params = {"file": name, "extension": excerpt(path.suffix)}
        raise Unreadable(Problem(None, None, "bad_file.unsupported_extension", params))
    return reader


def _csv_rows(path: Path, mapping: ContactMapping, note: AddNote) -> Rows:
    source = mapping.source
    with path.open(encoding=_codec(path, source.encoding, note), newline="") as handle:
        split = delimited_rows(handle, source.delimiter, mapping.columns, note)
        rows = table_rows(split, _layout(mapping), note)
        _, header = next(rows, (0, ()))
        for row, record in rows:
            if not all(map(is_blank, record[len(header) :])):
                counts = {"cells": len(record), "columns": len(header)}
                yield row, Problem(row, None, "bad_file.too_many_cells", counts)
            else:
                yield row, dict(zip_longest(map(str, header), record[: len(header)]))


def _codec(path: Path, declared: str | None, note: AddNote) -> str:
    """Return the codec of a text file, and note its encoding and how sure that is. Raises ``Unreadable``."""
    encoding = encoding_of(path, declared)
    note(encoding_note(encoding))
    return encoding.codec


def _layout(mapping: ContactMapping) -> TableLayout:
    contact = mapping.contact
    filled = frozenset({contact.row_id, contact.at, contact.text})
    return TableLayout(mapping.columns, filled, mapping.source.header_row)


def _workbook_rows(path: Path, mapping: ContactMapping, note: AddNote) -> Rows:
    source = mapping.source
    rows = sheet_rows(path, source.sheet, _layout(mapping), note)
    _, header = next(rows, (0, ()))
    for row, line in rows:
        yield row, dict(zip_longest(map(str, header), line[: len(header)]))


def _json_rows(path: Path, mapping: ContactMapping, note: AddNote) -> Rows:
    with path.open(encoding=_codec(path, mapping.source.encoding, note)) as handle:
        lines = Lines(handle)
        for line in lines:
            if line.strip():
                yield lines.row, _object(line, lines.row)
            lines.next_row()


class _RepeatedKeyError(ValueError):
    """A JSON object names a key twice."""


def _object(line: str, row: int) -> Cells | Problem:
    if "\0" in line:
        return Problem(row, None, "bad_file.nul")
    try:
        value: object = json.loads(line, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except _RepeatedKeyError as error:
        key = excerpt(error.args[0])
        return Problem(row, key, "bad_file.duplicated_column", {"column": key})
    except (ValueError, RecursionError):
        return Problem(row, None, "bad_file.broken_json")
    if not isinstance(value, dict):
        return Problem(row, None, "bad_file.not_an_object")
    cells = cast(dict[str, Any], value)
    return {key: Flaw.NESTED if isinstance(cell, dict | list) else cell for key, cell in cells.items()}


def _refuse_constant(name: str) -> None:
    """Raise ``ValueError`` for NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique: dict[str, Any] = {}
    for key, value in pairs:
        if key in unique:
            raise _RepeatedKeyError(key)
        unique[key] = value
    return unique
