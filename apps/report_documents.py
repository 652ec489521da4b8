"""Reports as documents for programs: what the command line prints with --json, and the API answers."""

from dataclasses import asdict
from typing import Any

from reports.complaint_analysis import LOOKED_BACK, ComplaintAnalysis, MonthFigures
from reports.complaint_handling import HandlingFigures
from reports.evaluation_figures import CountedEvaluations, EvaluationFigures
from reports.survey_figures import DimensionScore, SurveyFigures, VersionScore

OF_ROUNDS = ("results", "further", "reopened", "reopened_percent", "answers", "unsatisfied_ends")
"""The figures of ``HandlingFigures`` that count rounds."""


def analysis_document(report: ComplaintAnalysis) -> dict[str, Any]:
    """Return the analysis for programs; a code that is not known yet is empty."""
    return {
        "at": report.at,
        "over": report.over,
        "month": _month(report.month),
        "before": _month(report.before),
        "looked_back": LOOKED_BACK,
        "recurrences": [asdict(recurrence) for recurrence in report.recurrences],
        "measures": {cause: [asdict(measure) for measure in taken] for cause, taken in report.measures.items()},
    }


def _month(month: MonthFigures) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "received": month.received,
        "closed": month.closed,
        "open_at_end": month.open_at_end,
        "received_by": {subject: dict(counts) for subject, counts in month.received_by.items()},
        "cost_by": {subject: dict(fen) for subject, fen in month.cost_by.items()},
        "handling": _handling(month.handling),
    }


def _handling(handling: HandlingFigures) -> dict[str, Any]:
    """Return the figures; those of rounds stand apart, for a customer or a case may have several."""
    # asdict cannot copy a Counter
    figures = {name: getattr(handling, name) for name in HandlingFigures.__slots__ if name not in OF_ROUNDS}
    return {**figures, "rounds": {name: getattr(handling, name) for name in OF_ROUNDS}}


def survey_document(counted: SurveyFigures) -> dict[str, Any]:
    rounds = ("called", "answered", "silent", "response_rate", "judged", "satisfied", "satisfied_share")
    return {
        "kind": counted.kind,
        "rounds": {name: getattr(counted, name) for name in rounds},
        "customers": {
            "judged": counted.customers,
            "satisfied": counted.customers_satisfied,
            "satisfied_share": counted.customers_satisfied_share,
        },
        "scores": [{name: getattr(row, name) for name in VersionScore.__slots__} for row in counted.scores],
        "dimensions": [{name: getattr(row, name) for name in DimensionScore.__slots__} for row in counted.dimensions],
    }


def evaluation_figures_document(found: EvaluationFigures) -> dict[str, Any]:
    """Return the figures of evaluations for programs: with the doubtful ones and without; means in points of 100."""
    names = ("received", "unassessed", "withdrawn", "doubtful")
    both = {name: _counted(getattr(found, name)) for name in ("with_doubtful", "without_doubtful")}
    return {**{name: getattr(found, name) for name in names}, **both}


def _counted(counted: CountedEvaluations) -> dict[str, Any]:
    means = {name: {"answered": n, "mean": None if mean is None else round(float(mean), 1)}
             for name, (n, mean) in counted.means.items()}  # fmt: skip
    return {"count": counted.count, "tones": dict(counted.tones), "scores": means}
