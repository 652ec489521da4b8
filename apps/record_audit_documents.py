"""The audit of records and the supervision of the evaluation as documents for programs: --json and the API."""

from dataclasses import asdict
from typing import Any

from apps.principal_supervision import SeenAudit
from reports.evaluation_supervision import EvaluationSupervision
from reports.record_audit_text import group_of


def record_audit_document(seen: SeenAudit) -> dict[str, Any]:
    """Return the audit: how many records of each kind are whole, and what others lack, with their cases and finding."""
    audit = seen.audit
    kinds = [
        {"kind": each.kind, "closed": each.closed, "whole": each.whole, "checklists": list(each.checklists)}
        for each in audit.kinds
    ]
    lacks: list[dict[str, Any]] = []
    for each in audit.lacks:
        finding = seen.findings.get(group_of(each))
        lacks.append({
            "pack": each.pack, "kind": each.kind, "department": each.department, "item": each.item,
            "checklist": each.checklist, "count": each.count, "numbers": list(each.numbers),
            "finding": finding.number if finding else None,
        })  # fmt: skip
    people = [{"kind": kind, "item": item} for kind, item in audit.by_people]
    names = {"period": audit.period.name, "as_of": audit.as_of}
    return {**names, "kinds": kinds, "lacks": lacks, "by_people": people}


def supervision_document(seen: EvaluationSupervision) -> dict[str, Any]:
    """Return who did which part of the evaluation, and each doubt with its cases and persons."""
    names = {"period": seen.period.name, "as_of": seen.as_of}
    return {
        **names, "parts": [asdict(part) for part in seen.parts], "doubts": [asdict(doubt) for doubt in seen.doubts],
        "selective": [asdict(each) for each in seen.selective],
    }  # fmt: skip
