"""Turns a report on paper into a file: a workbook or a PDF."""

from collections.abc import Iterable
from typing import Final

from gateways.writing.figure_book import FigureSheet
from locales.translation import translate
from models.paper import Paper, PaperSection
from statemachines.refused import Refused

FORMATS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
"""The formats by the end of a file's name, with their media types."""


def refuse_other_formats(name: str) -> None:
    """Raise ``Refused('paper_format')`` for what is no format of a report."""
    if name not in FORMATS:
        raise Refused("paper_format", file=name[:40])


def pdf_of(paper: Paper, locale: str) -> bytes:
    """Return the report as PDF."""
    from gateways.writing.paper_pdf import paper_pdf  # takes a second to import

    return paper_pdf(paper, locale)


def notes_sheet(paper: Paper, locale: str) -> FigureSheet:
    """Return the sheet that holds what is said above all sections."""
    return FigureSheet(translate(locale, "paper.notes"), [paper.title], [(text,) for text in paper.texts])


def section_sheets(sections: Iterable[PaperSection]) -> list[FigureSheet]:
    """Return a sheet for each section that has a table."""
    return [FigureSheet(each.name, each.table.heads, each.table.rows) for each in sections if each.table is not None]
