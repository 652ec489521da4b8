"""Write figures as an XLSX workbook: one sheet for each table, numbers as numbers, texts as texts."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateways.formula_cells import looks_like_formula
from gateways.writing.value_text import valid_in_xml

COLUMN_WIDTH = 28
"""In characters."""


@dataclass(frozen=True, slots=True)
class FigureSheet:
    """A sheet: its name, the heads of its columns, and its rows. None leaves a cell empty."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | int | float | Decimal | None]]


def figure_book(sheets: Sequence[FigureSheet]) -> bytes:
    """Return the workbook of these sheets. A text that looks like a formula stays a text."""
    out = io.BytesIO()
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] it ships none; only where a workbook is written

    book: Any = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head, quoted = book.add_format({"bold": True}), book.add_format({"num_format": "@", "quote_prefix": True})
    for each in sheets:
        sheet = book.add_worksheet(each.name)
        sheet.set_column(0, max(len(each.heads) - 1, 0), COLUMN_WIDTH)
        sheet.freeze_panes(1, 0)
        for column, text in enumerate(each.heads):
            sheet.write_string(0, column, valid_in_xml(text), head)
        for number, row in enumerate(each.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    form = quoted if looks_like_formula(value) else None
                    sheet.write_string(number, column, valid_in_xml(value), form)
                elif value is not None:
                    sheet.write_number(number, column, value)
    book.close()
    return out.getvalue()
