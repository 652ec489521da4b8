"""Renders the supervision of the evaluation of a period as Markdown; codes, handles and case numbers."""

from collections.abc import Iterator

from locales.translation import label, translate, when
from reports.evaluation_supervision import Doubt, EvaluationSupervision
from reports.indicators.selection import Asked
from reports.markdown import table
from statemachines.evaluation_cycle import EVALUATION_CYCLE

SHOWN = 20
"""How many case numbers a line names."""


def render(seen: EvaluationSupervision, locale: str) -> str:
    """Render the whole supervision."""
    return "\n".join(_lines(seen, locale)) + "\n"


def doubt_text(doubt: Doubt, locale: str) -> str:
    """Return what the doubt is, in how many cases, and the first of them."""
    numbers = ", ".join(doubt.numbers[:SHOWN]) or "–"
    return _text(locale, "doubt", what=_text(locale, f"what.{doubt.code}"), count=len(doubt.numbers), numbers=numbers)


def selective_text(each: Asked, locale: str) -> str:
    """Return whose customers were asked more often after what went well."""
    counts = {"well": each.well, "well_asked": each.well_asked, "badly": each.badly, "badly_asked": each.badly_asked}
    return _text(locale, "selective", person=each.person, **counts)


def _lines(seen: EvaluationSupervision, locale: str) -> Iterator[str]:
    yield f"# {_text(locale, 'title', period=seen.period.name)}"
    yield from ("", _text(locale, "as_of", at=when(seen.as_of)), "", f"## {_text(locale, 'doubts')}", "")
    for doubt in seen.doubts:
        persons = _text(locale, "persons", persons=", ".join(doubt.persons)) if doubt.persons else ""
        yield f"- {doubt_text(doubt, locale)}{persons}"
    for each in seen.selective:
        yield f"- {selective_text(each, locale)}"
    yield from ("", f"## {_text(locale, 'parts')}", "")
    rows = [
        (part.cycle, label(locale, EVALUATION_CYCLE.kind, "move", part.move), part.person, when(part.at))
        for part in seen.parts
    ]
    heads = [_text(locale, f"column.{name}") for name in ("cycle", "part", "person", "at")]
    yield from table(heads, rows) if rows else [_text(locale, "no_cycle")]


def _text(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"evaluation_supervision.{key}", **params)
