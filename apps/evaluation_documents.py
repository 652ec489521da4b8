"""The evaluation report as a document for programs: what the command line prints with --json, and the API answers."""

from typing import Any

from apps.indicator_documents import listed_document
from reports.evaluation_report import CauseShare, EvaluationReport


def evaluation_document(report: EvaluationReport) -> dict[str, Any]:
    """Return the report of a period; a cause that nobody has found yet is empty."""
    figures = [
        listed_document(each.indicator, each.here, report.as_of)
        | {"before": listed_document(each.indicator, each.before, report.as_of)["value"]}
        for each in report.figures
    ]
    plans = [
        {"number": plan.number, "pack": plan.pack, "department": plan.department, "indicator": plan.indicator,
         "state": plan.state}
        for plan in report.plans
    ]  # fmt: skip
    causes = [{name: getattr(each, name) for name in CauseShare.__slots__} for each in report.causes]
    names = {"period": report.period.name, "as_of": report.as_of}
    return {**names, "missed": report.missed, "indicators": figures, "causes": causes, "plans": plans}
