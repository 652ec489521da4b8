"""The evaluation report as a document for programs: what the command line prints with --json, and the API answers."""

from typing import Any

from apps.indicator_documents import cause_document, listed_document
from reports.evaluation_report import EvaluationReport


def evaluation_document(report: EvaluationReport) -> dict[str, Any]:
    """Return the report of a period; a cause that nobody has found yet is empty."""
    figures = [
        listed_document(line.indicator, line.figure, report.as_of)
        | {"before": listed_document(line.indicator, line.trend[0], report.as_of)["value"]}
        for line in report.lines
    ]
    plans = [
        {"number": plan.number, "pack": plan.pack, "department": plan.department, "indicator": plan.indicator,
         "state": plan.state}
        for plan in report.plans
    ]  # fmt: skip
    causes = [cause_document(cause) for cause in report.causes]
    names = {"period": report.period.name, "as_of": report.as_of}
    return {**names, "missed": report.missed, "indicators": figures, "causes": causes, "plans": plans}
