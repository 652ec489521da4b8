"""Write a report as PDF: landscape A4, texts and tables in the Chinese fonts that every reader of PDF knows (ADR 77).

reportlab takes a second to import, so this file is imported where a PDF is asked for and not before.
"""

import io
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Line, PolyLine, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from gateways.writing.value_text import valid_in_xml
from models.paper import Cell, Paper, PaperSection, PaperTable, PaperTrend

FONTS = {"zh_TW": "MSung-Light"}
"""The font of a language; Simplified Chinese and English have that of ``FONT``."""
FONT = "STSong-Light"
MARGIN, PADDING = 12 * mm, 3
WIDTH = landscape(A4)[0] - 2 * MARGIN
SMALL, NORMAL = 7, 9
WIDEST = 220.0
"""The widest that a column of a table may ask for, in points; longer texts break into lines."""
CHART = (250.0, 60.0)


def paper_pdf(paper: Paper, locale: str) -> bytes:
    """Return the PDF. The same report gives the same bytes: no hour of printing, no random id."""
    font = FONTS.get(locale, FONT)
    metrics: Any = pdfmetrics  # reportlab ships no types for it
    metrics.registerFont(UnicodeCIDFont(font))
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=landscape(A4), leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=_plain(paper.title), author="closeloop", invariant=1,
    )  # fmt: skip
    document.build(list(_Pages(font).flowables(paper)), canvasmaker=_numbered(font, _plain(paper.title)))
    return out.getvalue()


class _Pages:
    """Lays a report out in one font."""

    def __init__(self, font: str) -> None:
        self.font = font
        self.title = ParagraphStyle("title", fontName=font, fontSize=16, leading=22, spaceAfter=4, wordWrap="CJK")
        self.heading = ParagraphStyle("heading", fontName=font, fontSize=12, leading=18, spaceBefore=8, wordWrap="CJK")
        self.text = ParagraphStyle("text", fontName=font, fontSize=NORMAL, leading=13, wordWrap="CJK")
        self.cell = ParagraphStyle("cell", fontName=font, fontSize=SMALL, leading=9, wordWrap="CJK")

    def flowables(self, paper: Paper) -> Iterator[Flowable]:
        yield self.paragraph(paper.title, self.title)
        yield from (self.paragraph(text, self.text) for text in paper.texts)
        for section in paper.sections:
            if section.printed:
                yield from self.section(section)

    def section(self, section: PaperSection) -> Iterator[Flowable]:
        texts = [self.paragraph(text, self.text) for text in section.texts]
        trends = [self.trend(trend) for trend in section.trends]
        yield KeepTogether([self.paragraph(section.heading, self.heading), *texts, *trends[:1]])
        if section.table is not None and section.table.rows:
            yield Spacer(0, 3)
            yield self.table(section.table)
        yield from trends[1:]

    def paragraph(self, text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(_plain(text)), style)

    def table(self, table: PaperTable) -> LongTable:
        texts = [[_plain(head) for head in table.heads], *([_shown(cell) for cell in row] for row in table.rows)]
        widths = self.widths(texts)
        rows = [[self.fitted(text, width) for text, width in zip(row, widths, strict=True)] for row in texts]
        numbers = [column for column in range(len(widths)) if _of_numbers(table.rows, column)]
        style = [
            ("FONT", (0, 0), (-1, -1), self.font, SMALL, 9),
            ("GRID", (0, 0), (-1, -1), 0.25, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
            *(("ALIGN", (column, 1), (column, -1), "RIGHT") for column in numbers),
        ]
        return LongTable(rows, colWidths=widths, repeatRows=1, hAlign="LEFT", style=TableStyle(style))

    def widths(self, texts: Sequence[Sequence[str]]) -> list[float]:
        """Return a width for each column: what its longest text needs; on a full page only the narrow ones get it."""
        wanted = [
            min(max(pdfmetrics.stringWidth(text, self.font, SMALL) for text in column) + 2 * PADDING + 1, WIDEST)
            for column in zip(*texts, strict=True)
        ]
        return _sharing(wanted, WIDTH)

    def fitted(self, text: str, width: float) -> str | Paragraph:
        """Return a text that fits as it is, which is drawn fast, and else a paragraph that breaks into lines."""
        if pdfmetrics.stringWidth(text, self.font, SMALL) + 2 * PADDING <= width and "\n" not in text:
            return text
        return self.paragraph(text, self.cell)

    def trend(self, trend: PaperTrend) -> KeepTogether:
        """Return a figure's values as a line, with the first and last period, the extremes and the target."""
        return KeepTogether([Spacer(0, 4), self.paragraph(trend.label, self.text), self.drawing(trend)])

    def drawing(self, trend: PaperTrend) -> Drawing:
        width, height = CHART
        drawing = Drawing(width + 80, height + 14)
        known = [value for value in (*trend.values, trend.target) if value is not None]
        if not known:
            return drawing
        low, high = min(known), max(known)
        scale = height / float(high - low) if high > low else 0.0
        step = width / max(len(trend.values) - 1, 1)
        for run in _runs(trend.values):
            points = [number for at, value in run for number in (at * step, 12 + float(value - low) * scale)]
            drawing.add(PolyLine(points * 2 if len(run) == 1 else points, strokeColor=colors.navy, strokeWidth=1.2))
        if trend.target is not None:
            y = 12 + float(trend.target - low) * scale
            drawing.add(Line(0, y, width, y, strokeColor=colors.firebrick, strokeDashArray=[3, 2], strokeWidth=0.7))
            drawing.add(self.string(width + 4, y - 2, _number(trend.target, trend.digits), colors.firebrick))
        drawing.add(self.string(0, 0, trend.periods[0]))
        drawing.add(self.string(width - 28, 0, trend.periods[-1]))
        drawing.add(self.string(width + 44, height + 8, _number(high, trend.digits)))
        drawing.add(self.string(width + 44, 10, _number(low, trend.digits)))
        return drawing

    def string(self, x: float, y: float, text: str, colour: Any = colors.black) -> String:
        return String(x, y, text, fontName=self.font, fontSize=SMALL, fillColor=colour)


def _sharing(wanted: Sequence[float], room: float) -> list[float]:
    """Return widths that fit the room: whoever wants at most an equal share of what is left has it, in rounds."""
    widths = list(wanted)
    left: list[int] = list(range(len(widths)))
    while left and sum(widths[at] for at in left) > room:
        share = room / len(left)
        content = [at for at in left if widths[at] <= share]
        if not content:
            return [share if at in left else width for at, width in enumerate(widths)]
        room -= sum(widths[at] for at in content)
        left = [at for at in left if at not in content]
    return widths


def _numbered(font: str, title: str) -> type[Canvas]:
    """Return a canvas that writes the title and its number at the foot of each page."""

    class Numbered(Canvas):
        def showPage(self) -> None:  # noqa: N802 (the name is reportlab's)
            self.setFont(font, SMALL)
            self.drawString(MARGIN, 6 * mm, title)
            self.drawRightString(landscape(A4)[0] - MARGIN, 6 * mm, str(self.getPageNumber()))
            super().showPage()

    return Numbered


def _runs(values: Sequence[Decimal | None]) -> Iterator[list[tuple[int, Decimal]]]:
    """Yield the values without a gap between them, each with its place."""
    run: list[tuple[int, Decimal]] = []
    for at, value in enumerate(values):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _of_numbers(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    return any(isinstance(row[column], int | Decimal) for row in rows)


def _shown(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return _number(cell)
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else _plain(cell)


def _number(number: Decimal, digits: int = 1) -> str:
    return f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def _plain(text: str) -> str:
    return valid_in_xml(text)
