"""The objects of an object-centric log: cases, clocks, parties, shipments, actors, departments; how they belong."""

from collections.abc import Iterator
from typing import Any

import orjson

from models.columns import EPOCH, from_micros
from models.event_log import CASE, TraceObject, Value
from reports.durations import SECOND
from reports.event_log import Telling, department_id, timer_id
from reports.event_log_pages import CLOCKS, DEPARTMENTS, KNOWN, MADE, PARENTS, PARTIES, SHIPMENTS, Page, keys, pages
from statemachines.form_model import OPEN_CASE, marked
from statemachines.kinds import lifecycles

PARTY, SHIPMENT, ACTOR, DEPARTMENT, CLOCK = "party", "shipment", "actor", "department", "timer"
"""The sorts of objects; a case's sort is its kind."""
MERGED = "merged_into"


def objects(telling: Telling) -> Iterator[TraceObject]:
    """Every object that a move of the log, or another object, may name; each once."""
    for page in pages(telling.tx, telling.wanted):
        yield from _of_page(telling, page)
    tx, wanted, known = telling.tx, telling.wanted, telling.pseudonymisation
    yield from (TraceObject(known.party(key), PARTY, EPOCH, {}) for key in keys(tx, PARTIES, wanted, 0))
    yield from (TraceObject(known.shipment(key), SHIPMENT, EPOCH, {}) for key in keys(tx, SHIPMENTS, wanted, ""))
    for row in telling.actors.values():
        team = ((department_id(row.department), "member_of"),) if row.department else ()
        yield TraceObject(known.actor(row.handle), ACTOR, EPOCH, {"roles": row.roles}, team)
    for row in tx.rows(DEPARTMENTS, **wanted.asked):
        yield TraceObject(department_id(row.department), DEPARTMENT, EPOCH, {"code": row.department})


def _of_page(telling: Telling, page: Page) -> Iterator[TraceObject]:
    clocks, parents = page.by_case(CLOCKS), page.by_case(PARENTS, **page.wanted.asked)
    merged = _merged(page)
    for case in page.cases:
        place = telling.calendar(case, clocks.get(case.id, ()))
        told = {name: value for name, value in telling.of_case(case, place.name).items() if name not in NAMED_ELSEWHERE}
        came_of = [(row.number, row.relation) for row in parents.get(case.id, ())]
        went_to = [(number, MERGED) for number in merged.get(case.id, ())]
        team = [(department_id(case.department), "with_department")] if case.department else []
        belongs = (*telling.company(case), *team, *came_of, *went_to)
        yield TraceObject(case.number, case.kind, from_micros(case.changed_at), told, belongs)
        yield from (_clock(case.number, row) for row in clocks.get(case.id, ()))


def _merged(page: Page) -> dict[int, list[str]]:
    """The cases in whose stead another one goes on: its number, if this log has it."""
    found: dict[int, list[str]] = {}
    for move, name in handing_on():
        for row in (row for rows in page.by_case(MADE, move=move).values() for row in rows):
            number = orjson.loads(row.form)[name]
            if page.tx.row(KNOWN, number=number, **page.wanted.asked) is not None:
                found.setdefault(row.case_id, []).append(number)
    return found


def handing_on() -> tuple[tuple[str, str], ...]:
    """The moves by which another case goes on in one's stead (A6), each with the field that names it.

    Retired names of such moves are among them.
    """
    rows = ((table, row) for table in lifecycles().values() for row in table.moves if row.releases_timers)
    found = (
        (recorded, name)
        for table, row in rows
        for recorded in table.resolver.names("move", row.name)
        for name in marked(row.form, OPEN_CASE)
    )
    return tuple(sorted(set(found)))


NAMED_ELSEWHERE = frozenset({CASE, "kind", "party", "shipment"})
"""What of a case the object's id, its sort and its relations tell already."""


def _clock(number: str, row: Any) -> TraceObject:
    told: dict[str, Value | None] = {
        "clause": row.clause,
        "cycle": row.cycle,
        "turn": row.occurrence,
        "policy": row.policy,
        "calendar": row.calendar,
        "amount": row.amount,
        "unit": row.unit,
        "budget_seconds": row.allowance / SECOND,
        "consumed_seconds": row.consumed / SECOND,
        "extended_seconds": row.extended / SECOND,
        "opened_at": from_micros(row.opened_at),
        "closed_at": None if row.closed_at is None else from_micros(row.closed_at),
        "outcome": row.outcome,
        "level": row.level,
    }
    known = {name: value for name, value in told.items() if value is not None}
    at = row.opened_at if row.closed_at is None else row.closed_at
    return TraceObject(timer_id(number, row), CLOCK, from_micros(at), known, ((number, "promise_of"),))
