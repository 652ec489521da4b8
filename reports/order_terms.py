"""Reckons what an order costs and when it ends, from its plan and the changes that were agreed since (C5)."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.store import Store
from statemachines.kinds import lifecycle_of
from statemachines.service_order import SERVICE_ORDER

MOVES = "SELECT move, form FROM transition WHERE case_id = :case_id AND seq <= :seq ORDER BY seq"


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """The cost of an order in fen, and when its work ends."""

    cost: int
    ends_at: datetime


def terms_after(store: Store, case_id: int, seq: int) -> OrderTerms | None:
    """Return the terms after the move ``seq`` of an order; None before there is a plan.

    The cost is never below zero.
    """
    with store.looking() as tx:
        rows = tx.rows(MOVES, case_id=case_id, seq=seq)
    table, terms = lifecycle_of(SERVICE_ORDER.kind), None
    for row in rows:
        move = table.resolver.move(row.move)
        if move == "plan":
            terms = _planned(table.resolved_form(row.move, json.loads(row.form)))
        elif move == "change" and terms is not None:
            terms = _changed(terms, table.resolved_form(row.move, json.loads(row.form)))
    return terms


def _planned(form: dict[str, Any]) -> OrderTerms:
    return OrderTerms(form["cost"], datetime.fromisoformat(form["ends_at"]))


def _changed(terms: OrderTerms, form: dict[str, Any]) -> OrderTerms:
    ends_at = terms.ends_at + timedelta(days=form["days_delta"])
    return OrderTerms(max(terms.cost + form["cost_delta"], 0), ends_at)
