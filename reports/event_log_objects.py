"""The log of a store, and the objects of an object-centric one: cases, timers, parties, shipments, actors, teams."""

from collections.abc import Iterator
from typing import Any

import orjson

from engine.transaction import Tx
from models.columns import EPOCH, from_micros
from models.event_log import CASE, Log, TraceObject, Value
from reports.event_log import EventLogReader, case_keys, department_id, move_keys, timer_id
from reports.event_log_queries import (
    DEPARTMENTS,
    IN_LOG,
    MADE,
    PARENTS,
    PARTIES,
    SHIPMENTS,
    TIMERS,
    CaseBatch,
    CaseFilter,
    case_batches,
    distinct_keys,
)
from reports.pseudonymisation import Pseudonymisation
from reports.throughput_times import SECOND
from statemachines.form_model import OPEN_CASE, marked
from statemachines.kinds import lifecycles

PARTY, SHIPMENT, ACTOR, DEPARTMENT, TIMER = "party", "shipment", "actor", "department", "timer"
"""The types of objects; the type of a case is its kind."""
MERGED = "merged_into"


def log_of(
    tx: Tx, pseudonymisation: Pseudonymisation, case_filter: CaseFilter, *, linked: bool
) -> tuple[Log, EventLogReader]:
    """Return the log of one snapshot of the store, read lazily, and its reader, which counts what was read."""
    reader = EventLogReader(tx, pseudonymisation, case_filter, linked)
    attributes = case_keys(pseudonymisation), move_keys(pseudonymisation, case_filter)
    return Log(*attributes, reader.histories(), objects(reader) if linked else ()), reader


def objects(reader: EventLogReader) -> Iterator[TraceObject]:
    """Yield every object that a move of the log or another object may refer to, each once."""
    for batch in case_batches(reader.tx, reader.case_filter):
        yield from _of_batch(reader, batch)
    tx, case_filter, pseudonyms = reader.tx, reader.case_filter, reader.pseudonymisation
    yield from (
        TraceObject(pseudonyms.party(key), PARTY, EPOCH, {}) for key in distinct_keys(tx, PARTIES, case_filter, 0)
    )
    yield from (
        TraceObject(pseudonyms.shipment(key), SHIPMENT, EPOCH, {})
        for key in distinct_keys(tx, SHIPMENTS, case_filter, "")
    )
    for row in reader.actors.values():
        team = ((department_id(row.department), "member_of"),) if row.department else ()
        yield TraceObject(pseudonyms.actor(row.handle), ACTOR, EPOCH, {"roles": row.roles}, team)
    for row in tx.rows(DEPARTMENTS, **case_filter.params):
        yield TraceObject(department_id(row.department), DEPARTMENT, EPOCH, {"code": row.department})


def _of_batch(reader: EventLogReader, batch: CaseBatch) -> Iterator[TraceObject]:
    timers, parents = batch.by_case(TIMERS), batch.by_case(PARENTS, **batch.case_filter.params)
    merged = _merged(batch)
    for case in batch.cases:
        calendar = reader.calendar(case, timers.get(case.id, ()))
        values = {
            name: value for name, value in reader.of_case(case, calendar.name).items() if name not in KEPT_ELSEWHERE
        }
        came_of = [(row.number, row.relation) for row in parents.get(case.id, ())]
        continued_by = [(number, MERGED) for number in merged.get(case.id, ())]
        team = [(department_id(case.department), "with_department")] if case.department else []
        relations = (*reader.parties_of(case), *team, *came_of, *continued_by)
        yield TraceObject(case.number, case.kind, from_micros(case.changed_at), values, relations)
        yield from (_timer(case.number, row) for row in timers.get(case.id, ()))


def _merged(batch: CaseBatch) -> dict[int, list[str]]:
    """Return the numbers of the cases that continue each case, if they are in this log."""
    numbers: dict[int, list[str]] = {}
    for move, name in releasing_moves():
        for row in (row for rows in batch.by_case(MADE, move=move).values() for row in rows):
            number = orjson.loads(row.form)[name]
            if batch.tx.row(IN_LOG, number=number, **batch.case_filter.params) is not None:
                numbers.setdefault(row.case_id, []).append(number)
    return numbers


def releasing_moves() -> tuple[tuple[str, str], ...]:
    """Return the moves that merge a case into another one (A6), each with the field that names the other case.

    Retired names of such moves are among them.
    """
    rows = ((table, row) for table in lifecycles().values() for row in table.moves if row.releases_timers)
    releasing = (
        (recorded, name)
        for table, row in rows
        for recorded in table.resolver.names("move", row.name)
        for name in marked(row.form, OPEN_CASE)
    )
    return tuple(sorted(set(releasing)))


KEPT_ELSEWHERE = frozenset({CASE, "kind", "party", "shipment"})
"""The attributes that the object's id, type and relations hold already."""


def _timer(number: str, row: Any) -> TraceObject:
    values: dict[str, Value | None] = {
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
    present = {name: value for name, value in values.items() if value is not None}
    at = row.opened_at if row.closed_at is None else row.closed_at
    return TraceObject(timer_id(number, row), TIMER, from_micros(at), present, ((number, "promise_of"),))
