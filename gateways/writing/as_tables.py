"""Write an event log as a table with one row per event: CSV, JSON lines or an XLSX workbook.

Note [Text stays text]: in CSV a text that looks like a formula gets a leading apostrophe (``gateways.formula_cells``).
XLSX has string cells; the quote prefix keeps the text a text when somebody edits the cell.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson

from gateways.formula_cells import as_cell, looks_like_formula
from gateways.writing.value_text import text_of, valid_in_xml
from models.event_log import OF_CASE, Log, Value

SHEET_ROWS = 1_048_576
"""The most rows of a sheet, its header included; further rows go to a further sheet."""
CELL_CHARACTERS = 32_767
"""The longest text of an XLSX cell, in UTF-16 units; a longer one is cut and ends in three dots."""

Row = list[Value | None]


def header(log: Log) -> list[str]:
    """Return the column names: the attributes of the case, prefixed ``case:``, then those of the event."""
    return [*(OF_CASE + key for key in log.case_keys), *log.event_keys]


def rows(log: Log) -> Iterator[Row]:
    """Yield the values under ``header`` of each event; None for an attribute that is absent."""
    for history in log.histories:
        case_values = [history.values.get(key) for key in log.case_keys]
        for event in history.events:
            yield case_values + [event.values.get(key) for key in log.event_keys]


def write_csv(out: BinaryIO, log: Log) -> None:
    """Write the log as CSV (RFC 4180, UTF-8). See Note [Text stays text]."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(header(log))
        writer.writerows([_csv_cell(value) for value in row] for row in rows(log))
    finally:
        text.detach()


def _csv_cell(value: Value | None) -> str:
    if value is None:
        return ""
    text = text_of(value)
    return as_cell(text) if isinstance(value, str) else text


def write_jsonl(out: BinaryIO, log: Log) -> None:
    """Write one JSON object per event, keyed by column name. Omit absent values; keep numbers and booleans."""
    for history in log.histories:
        case_values = {OF_CASE + key: _json_value(value) for key, value in history.values.items()}
        for event in history.events:
            record = case_values | {key: _json_value(value) for key, value in event.values.items()}
            out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _json_value(value: Value) -> str | int | float | bool:
    return value if isinstance(value, (str, int, float)) else text_of(value)


def write_xlsx(out: BinaryIO, log: Log, sheet_rows: int = SHEET_ROWS) -> None:
    """Write an XLSX workbook, row by row, ``sheet_rows`` rows to a sheet; each sheet repeats the header.

    Memory does not grow with the log: XlsxWriter keeps rows in temporary files, which go with the call.
    """
    with tempfile.TemporaryDirectory(prefix="closeloop-xlsx-") as folder:
        import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] it ships none; only where a workbook is written

        book: Any = xlsxwriter.Workbook(out, {"constant_memory": True, "tmpdir": folder})
        book.use_zip64()
        try:
            _write_sheets(book, log, sheet_rows)
            book.close()
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()  # still open only where a row could not be written


def _write_sheets(book: Any, log: Log, sheet_rows: int) -> None:
    sheet = _Sheet(book)
    names, remaining = header(log), rows(log)
    sheet.write(names, islice(remaining, sheet_rows - 1))
    while (first := next(remaining, None)) is not None:
        sheet.write(names, chain((first,), islice(remaining, sheet_rows - 2)))


class _Sheet:
    """Writes sheets of one workbook: ``events``, ``events2`` and so on."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._count = 0
        self._quoted = book.add_format({"num_format": "@", "quote_prefix": True})

    def write(self, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Add a sheet and write the header and the rows to it."""
        self._count += 1
        sheet = self._book.add_worksheet(f"events{self._count if self._count > 1 else ''}")
        for row, values in enumerate(chain((list(names),), rows)):
            for column, value in enumerate(values):
                if isinstance(value, bool):
                    sheet.write_boolean(row, column, value)
                elif isinstance(value, (int, float)):
                    sheet.write_number(row, column, value)
                elif value is not None:
                    self._write_text(sheet, row, column, valid_in_xml(text_of(value)))

    def _write_text(self, sheet: Any, row: int, column: int, text: str) -> None:
        """Write a string cell. XlsxWriter copies ``<r>…</r>`` unescaped into the sheet, unless it made it itself."""
        if len(text) > CELL_CHARACTERS // 2:
            text = _cut(text)
        if text.startswith("<r>") and text.endswith("</r>"):
            sheet.write_rich_string(row, column, text[:1], self._quoted, text[1:])
        else:
            sheet.write_string(row, column, text, self._quoted if looks_like_formula(text) else None)


def _cut(text: str) -> str:
    """Return the text as it is if it fits a cell, else its beginning and three dots."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_CHARACTERS:
        return text
    return units[: 2 * (CELL_CHARACTERS - 3)].decode("utf-16-le", "ignore") + "..."
