"""What other rules would have done, as JSON for programs: the same at the command line and in the API."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from models.columns import from_micros
from reports.whatif.comparison import ComparedClock, Terms
from reports.whatif.figures import WhatIf


def whatif_document(results: Sequence[WhatIf], at: datetime) -> dict[str, Any]:
    """Return the document of one set of rules, or of several under ``packs``, in their order."""
    documents = [_document(result) for result in results]
    return {"at": at, **documents[0]} if len(documents) == 1 else {"at": at, "packs": documents}


def _document(result: WhatIf) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {}
    for (kind, clause), figures in sorted(result.clauses.items()):
        kinds.setdefault(kind, {})[clause] = asdict(figures)
    cells = sorted({*result.steps, *result.steps_then})
    return {
        "pack": result.name,
        "cases": result.cases,
        "clocks": result.clocks,
        "changed_clocks": result.changed,
        "changed_cases": result.changed_cases,
        "clauses": {clause: asdict(figures) for clause, figures in result.by_clause().items()},
        "kinds": kinds,
        "levels": [{"level": level, "steps_then": then, "steps": now} for level, then, now in result.by_level()],
        "weeks": [
            {**cell._asdict(), "steps_then": result.steps_then[cell], "steps": result.steps[cell]} for cell in cells
        ],
        "behave_differently": dict(sorted(result.doubts.items())),
        "left_out": dict(sorted(result.left_out.items())),
        "not_reckoned": result.not_reckoned,
        "first": [_clock(clock) for clock in result.first],
    }


def _clock(clock: ComparedClock) -> dict[str, Any]:
    return {
        "number": clock.number,
        "kind": clock.kind,
        "clause": clock.clause,
        "cycle": clock.cycle,
        "occurrence": clock.occurrence,
        "opened_at": from_micros(clock.opened_at),
        "then": clock.then,
        "now": clock.now,
        "limit_then": _terms(clock.terms_then),
        "limit": _terms(clock.terms),
        "why": clock.why,
        "doubts": list(clock.doubts),
    }


def _terms(terms: Terms | None) -> dict[str, Any] | None:
    return None if terms is None else {"amount": terms.amount, "unit": terms.unit, "calendar": terms.calendar}
