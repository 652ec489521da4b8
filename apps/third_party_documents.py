"""Evaluations by third parties as documents for programs, and as tables for people (E1)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from locales.translation import label, translate
from reports.indicators.names import IndicatorNames
from reports.third_party import Verdict
from reports.third_party_list import ThirdPartyEvaluation
from reports.third_party_text import row_texts
from statemachines.third_party_evaluation import THIRD_PARTY_EVALUATION

COLUMNS = ("department", "criterion", "theirs", "ours", "difference", "verdict")
"""The columns of a comparison."""


def evaluation_document(found: ThirdPartyEvaluation) -> Mapping[str, Any]:
    """Return an evaluation for programs; scores and figures in hundredths of a point of 100."""
    rows = [asdict(row) | {"difference": row.difference, "verdict": row.verdict.value} for row in found.rows]
    return asdict(found) | {"rows": rows, "follow_up": [asdict(each) for each in found.follow_up]}


def heading(locale: str, found: ThirdPartyEvaluation) -> str:
    """Return what the table of an evaluation is called."""
    announced = label(locale, THIRD_PARTY_EVALUATION.kind, "announcement", found.announcement or "planned")
    state = label(locale, THIRD_PARTY_EVALUATION.kind, "state", found.state)
    text = third_party_text(locale, "heading", number=found.number, assessor=found.assessor, period=found.period)
    return f"{text} · {announced} · {state}"


def comparison_rows(locale: str, found: ThirdPartyEvaluation, names: IndicatorNames) -> list[tuple[str, ...]]:
    """Return the rows of the table of an evaluation: those beyond the limit first."""
    ordered = sorted(found.rows, key=lambda row: row.verdict is not Verdict.GAP)
    return [row_texts(locale, row, names) for row in ordered]


def follow_up_texts(locale: str, found: ThirdPartyEvaluation) -> list[str]:
    """Return findings and plans, each with its kind and state."""
    return [
        f"{each.number} · {label(locale, '', 'kind', each.kind)} · {label(locale, each.kind, 'state', each.state)}"
        for each in found.follow_up
    ]


def third_party_text(locale: str, key: str, **params: object) -> str:
    """Return a text of the evaluations by third parties."""
    return translate(locale, f"third_party.{key}", **params)
