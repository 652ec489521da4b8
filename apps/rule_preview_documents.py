"""What rules would do to open cases, as JSON for programs: the same at the command line and in the API."""

from typing import Any

from apps.principal_rule_preview import ProposedText
from reports.rule_preview import MovedDeadline, RulePreview


def preview_document(proposed: ProposedText, preview: RulePreview) -> dict[str, Any]:
    """Return the document: counts by kind and clause, and the largest moves of deadlines; instants in UTC."""
    kinds: dict[str, dict[str, dict[str, int]]] = {}
    for kind, clause, counts in preview.by_clause:
        kinds.setdefault(kind, {})[clause] = counts
    return {
        "sort": str(proposed.sort),
        "name": proposed.name,
        "effective_from": preview.begins,
        "open_cases": preview.cases,
        "computed_cases": preview.reckoned,
        "failed_cases": preview.failed,
        "changed_cases": preview.touched,
        "kinds": kinds,
        "largest": [_moved(move) for move in preview.largest],
    }


def _moved(move: MovedDeadline) -> dict[str, Any]:
    return {
        "number": move.number,
        "kind": move.kind,
        "clause": move.clause,
        "before": move.before,
        "after": move.after,
        "change": move.sort,
    }
