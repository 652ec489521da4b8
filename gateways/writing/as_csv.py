"""A log as CSV (RFC 4180, UTF-8): one row for each move, no cell that a spreadsheet takes for a formula."""

import csv
import io
from typing import BinaryIO

from gateways.writing.escaping import is_formula, spelled
from gateways.writing.rows import header, rows
from models.event_log import Log, Value


def write(out: BinaryIO, log: Log) -> None:
    """Write the log, row by row. A text that looks like a formula is written with ``'`` before it."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    try:
        written = csv.writer(text)
        written.writerow(header(log))
        written.writerows([_cell(value) for value in row] for row in rows(log))
    finally:
        text.detach()


def _cell(value: Value | None) -> str:
    if value is None:
        return ""
    text = spelled(value)
    return f"'{text}" if isinstance(value, str) and is_formula(text) else text
