"""The named queries of indicators (E2): which facts each counts, in which unit, and by what the facts can be filtered.

``reports/indicators`` holds the SQL of each kind of fact, under these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle


class Facts(StrEnum):
    """The kinds of facts that the record of a store holds; each is one relation in SQL."""

    OPENINGS = "openings"
    ENDINGS = "endings"
    PROMISES = "promises"
    RESULTS = "results"
    ANSWERS = "answers"
    TRANSFERS = "transfers"
    DETERMINATIONS = "determinations"
    COMPENSATIONS = "compensations"
    ORDERS = "orders"


class Measured(StrEnum):
    """What the values of a query are: a count, points of 100 in hundredths, fen, or a duration in microseconds."""

    COUNT = "count"
    POINTS = "points"
    FEN = "fen"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Query:
    """A named query. ``part_of`` names the query of whose facts it counts some: only with that one it makes a share."""

    facts: Facts
    measured: Measured = Measured.COUNT
    part_of: str = ""


SCORES = ("timeliness", "intact_goods", "attitude")
"""The scores of a callback that have queries of their own."""

QUERIES: Mapping[str, Query] = {
    "cases_opened": Query(Facts.OPENINGS),
    "cases_closed": Query(Facts.ENDINGS),
    "records_complete": Query(Facts.ENDINGS, part_of="cases_closed"),
    "closing_time": Query(Facts.ENDINGS, Measured.DURATION),
    "promises_judged": Query(Facts.PROMISES),
    "promises_met": Query(Facts.PROMISES, part_of="promises_judged"),
    "results_given": Query(Facts.RESULTS),
    "rounds_reopened": Query(Facts.RESULTS),
    "result_time": Query(Facts.RESULTS, Measured.DURATION),
    "rounds_called": Query(Facts.ANSWERS),
    "rounds_answered": Query(Facts.ANSWERS, part_of="rounds_called"),
    "rounds_judged": Query(Facts.ANSWERS),
    "rounds_satisfied": Query(Facts.ANSWERS, part_of="rounds_judged"),
    "rounds_scored": Query(Facts.ANSWERS),
    "score": Query(Facts.ANSWERS, Measured.POINTS, part_of="rounds_scored"),
    **{f"{score}_rated": Query(Facts.ANSWERS) for score in SCORES},
    **{f"{score}_score": Query(Facts.ANSWERS, Measured.POINTS, part_of=f"{score}_rated") for score in SCORES},
    "transfers": Query(Facts.TRANSFERS),
    "responsibilities_determined": Query(Facts.DETERMINATIONS),
    "recurrences": Query(Facts.DETERMINATIONS, part_of="responsibilities_determined"),
    "compensation": Query(Facts.COMPENSATIONS, Measured.FEN),
    "orders_completed": Query(Facts.ORDERS),
    "orders_promised": Query(Facts.ORDERS),
    "orders_on_time": Query(Facts.ORDERS, part_of="orders_promised"),
    "orders_repeated": Query(Facts.ORDERS, part_of="orders_completed"),
    "orders_scored": Query(Facts.ORDERS),
    "order_score": Query(Facts.ORDERS, Measured.POINTS, part_of="orders_scored"),
}

OF_CASES = ("kind", "stage", "pack", "channel", "customer_type", "severity", "category", "department", "cause")
"""The filters of every fact that a case holds."""
FILTERS: Mapping[Facts, frozenset[str]] = {
    **{facts: frozenset(OF_CASES) for facts in Facts},
    Facts.PROMISES: frozenset((*OF_CASES, "clause", "person")),
    Facts.RESULTS: frozenset((*OF_CASES, "person")),
    Facts.ANSWERS: frozenset((*OF_CASES, "person")),
    Facts.ORDERS: frozenset(("pack", "channel", "customer_type", "department", "lateness")),
}
"""By what facts can be filtered and grouped. A person is whoever made the move that the fact judges."""
EVERY_FILTER = tuple(dict.fromkeys((*OF_CASES, "clause", "person", "lateness")))

STAGES: Mapping[str, tuple[str, ...]] = {
    "before_service": ("inquiry",),
    "during_service": ("service_order", "interruption"),
    "after_service": ("complaint", "evaluation"),
}
"""The kinds of case of each stage of the service (E2)."""

GIVEN_BY: Mapping[Facts, str] = {
    Facts.RESULTS: "resolve",
    Facts.DETERMINATIONS: "determine_responsibility",
    Facts.COMPENSATIONS: "compensate",
}
"""The move without which a kind of case has no such fact."""


def promised_clauses(table: Lifecycle) -> tuple[str, ...]:
    """Return the clauses of a lifecycle that promise a customer something, and do not only move the case on."""
    return tuple(clause.name for clause in table.clauses if not clause.internal and clause.then is None)


def called_back_kinds() -> frozenset[str]:
    """Return the kinds whose customers are asked after service, within the window of a callback."""
    return frozenset(kind for kind, table in lifecycles().items() if "revisit" in table.clause)


def kinds_with(facts: Facts) -> frozenset[str]:
    """Return the kinds of case that can have such a fact."""
    tables = lifecycles()
    if facts is Facts.PROMISES:
        return frozenset(kind for kind, table in tables.items() if promised_clauses(table))
    if facts is Facts.ANSWERS:  # periodic surveys have a report of their own
        return called_back_kinds()
    move = GIVEN_BY.get(facts)
    return frozenset(kind for kind, table in tables.items() if move is None or move in table.rows)
