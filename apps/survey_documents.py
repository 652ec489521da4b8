"""Surveys as documents for programs: the same at the command line and in the API."""

from dataclasses import asdict
from typing import Any

from apps.principal_surveys import SeenSurvey
from reports.survey_stratum import StratumFigures


def survey_report_document(seen: SeenSurvey) -> dict[str, Any]:
    """Return the report of a survey: shares in percent, scores in points of 100, null where there is none."""
    report = seen.report
    return {
        "survey": asdict(report.survey),
        "strata": [_stratum(each) for each in report.strata],
        "total": _stratum(report.total),
        "weighted_share": _number(report.weighted_share),
        "representative": {**asdict(report.alike), "verdict": report.alike.verdict},
        "questionnaires": list(report.questionnaires),
        "again": asdict(seen.again),
    }


def _stratum(figures: StratumFigures) -> dict[str, Any]:
    counts = asdict(figures)
    interval = counts.pop("interval")
    low, high = (None, None) if interval is None else interval
    return {
        **counts,
        "score": _number(figures.score),
        "score_undoubted": _number(figures.score_undoubted),
        "undoubted_share": figures.undoubted_share,
        "response_rate": figures.response_rate,
        "satisfied_share": figures.satisfied_share,
        "low": _number(low),
        "high": _number(high),
        "small": figures.small,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
