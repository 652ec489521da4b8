"""The sections of a period's report about evaluations: customers' own, and those of third parties (E8, E1)."""

from collections.abc import Sequence

from locales.translation import label, translate
from models.paper import PaperSection, PaperTable
from reports.evaluation_figures import EvaluationFigures
from reports.evaluation_figures_text import COLUMNS, evaluation_text, figure_rows, figures_said
from reports.indicators.names import IndicatorNames
from reports.third_party_list import ThirdPartyEvaluation
from reports.third_party_text import row_texts

SCORES = ("assessor", "announcement", "department", "criterion", "theirs", "ours", "difference", "verdict")
"""The columns of the section about third parties."""


def evaluation_sections(
    locale: str,
    evaluations: EvaluationFigures,
    third_party: Sequence[ThirdPartyEvaluation],
    names: IndicatorNames,
) -> tuple[PaperSection, PaperSection]:
    """Return both sections, each with what is missing said in words."""
    heads = [evaluation_text(locale, f"column.{name}") for name in COLUMNS]
    figures = PaperTable(heads, figure_rows(locale, evaluations))
    said = [figures_said(locale, evaluations)]
    own = PaperSection(_text(locale, "tab.evaluations"), _text(locale, "heading.evaluations"), said, figures)
    rows = [row for each in third_party for row in _score_rows(locale, each, names)]
    columns = [translate(locale, f"third_party.column.{name}") for name in SCORES]
    texts = [_followed_up(locale, each) for each in third_party if each.follow_up]
    none = [] if rows else [translate(locale, "report.none")]
    table = PaperTable(columns, rows)
    heading = _text(locale, "heading.third_party")
    return own, PaperSection(_text(locale, "tab.third_party"), heading, [*texts, *none], table)


def _score_rows(locale: str, found: ThirdPartyEvaluation, names: IndicatorNames) -> list[tuple[str, ...]]:
    announced = label(locale, "third_party_evaluation", "announcement", found.announcement or "")
    return [(found.assessor, announced, *row_texts(locale, row, names)) for row in found.rows]


def _followed_up(locale: str, found: ThirdPartyEvaluation) -> str:
    """Return where the findings and plans of an evaluation stand; the report names no case."""
    states = (
        f"{label(locale, '', 'kind', each.kind)} · {label(locale, each.kind, 'state', each.state)}"
        for each in found.follow_up
    )
    return f"{found.assessor}: {', '.join(states)}"


def _text(locale: str, key: str) -> str:
    return translate(locale, f"period_report.{key}")
