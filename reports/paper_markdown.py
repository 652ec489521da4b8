"""Writes a report as Markdown for an artifact of Prefect; a trend is a picture in the text itself."""

from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from xml.sax.saxutils import escape

from models.paper import Cell, Paper, PaperSection, PaperTrend
from reports.indicators.indicator_text import short
from reports.markdown import table

WIDTH, HEIGHT = 320, 60
"""The size of a picture, in pixels."""


def paper_markdown(paper: Paper) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(paper)) + "\n"


def _lines(paper: Paper) -> Iterator[str]:
    yield f"# {paper.title}"
    for text in paper.texts:
        yield from ("", text)
    for section in paper.sections:
        if section.printed:
            yield from _section(section)


def _section(section: PaperSection) -> Iterator[str]:
    yield from ("", f"## {section.heading}", "")
    for text in section.texts:
        yield from (text, "")
    if section.table is not None and section.table.rows:
        yield from table(section.table.heads, ([_shown(cell) for cell in row] for row in section.table.rows))
    for trend in section.trends:
        last = next((value for value in reversed(trend.values) if value is not None), None)
        value = "" if last is None else short(last, trend.digits)
        yield f"- {trend.label} {trend.periods[0]} – {trend.periods[-1]}: {value}"
        yield from ("", f"  ![{trend.label}](data:image/svg+xml;base64,{b64encode(picture(trend).encode()).decode()})")


def picture(trend: PaperTrend) -> str:
    """Return the values of a trend as a line in SVG, a gap where one is missing, the target dashed."""
    known = [value for value in (*trend.values, trend.target) if value is not None]
    low, high = (min(known), max(known)) if known else (Decimal(0), Decimal(0))
    step = WIDTH / max(len(trend.values) - 1, 1)

    def y(value: Decimal) -> float:
        return HEIGHT - 4 - (HEIGHT - 8) * (float((value - low) / (high - low)) if high > low else 0.5)

    path, gap = "", True
    for at, value in enumerate(trend.values):
        if value is not None:
            path += f"{'M' if gap else 'L'}{at * step:.1f} {y(value):.1f} "
        gap = value is None
    target = "" if trend.target is None else (
        f'<path d="M0 {y(trend.target):.1f} H{WIDTH}" stroke="firebrick" stroke-dasharray="4 3" fill="none"/>'
    )  # fmt: skip
    line = f'<path d="{path.strip()}" stroke="navy" stroke-width="2" fill="none"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
    return f"{head}><title>{escape(trend.label)}</title>{target}{line}</svg>"


def _shown(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return short(cell)
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell
