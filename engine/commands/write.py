"""Writes plans: on Postgres by one statement for all of them, on SQLite by one for each table; see ``move_sql.py``."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from engine.commands import move_sql
from engine.commands.plan import FiredStep, Plan
from engine.databases import Conflict
from engine.ledger import record
from engine.ledger.lifecycle_versions import record_version
from engine.timers import timer as timing
from engine.timers.timer import RunningTimer
from engine.transaction import Tx
from statemachines.kinds import lifecycle_of

Row = dict[str, Any]


def write(tx: Tx, plans: Sequence[Plan], *, goes_on: bool = False) -> None:
    """Write the plans, all or none of them, and wake the drivers when that is committed.

    ``goes_on`` says that the same cases are planned further: then each plan is emptied, its timers have their keys and
    the next write starts from there. Raises ``Conflict`` where a case has moved since it was read.
    """
    moved = [plan for plan in plans if plan.transitions]
    if not moved:
        return
    for kind, at in {plan.case.kind: plan.transitions[0]["recorded_at"] for plan in moved}.items():
        record_version(tx, lifecycle_of(kind), at)
    started = [timer for plan in moved for timer in plan.timers if timer.id is None]
    if started and (goes_on or any(step.timer.id is None for plan in moved for step in plan.steps)):
        for timer, row in zip(started, tx.rows(move_sql.RESERVE[tx.postgres], count=len(started)), strict=True):
            timer.id = row.id
    stepped = [plan for plan in moved if plan.steps_only]
    others = [plan for plan in moved if not plan.steps_only] if stepped else moved
    if others:
        _execute(tx, _rows(others, started), len(others))
    if stepped:
        _execute(tx, _stepped_rows(stepped), len(stepped))
    tx.wakes = True
    if goes_on:
        for plan in moved:
            plan.restart()


def _rows(plans: Sequence[Plan], started: Sequence[RunningTimer]) -> dict[str, list[Row]]:
    """Return the rows of each table, by the names in ``move_sql``, cases first."""
    new = set(map(id, started))
    changed = [timer for plan in plans for timer in plan.timers if timer.changed and id(timer) not in new]
    transitions = [row for plan in plans for row in plan.transitions]
    return {
        "cases": [record.row_of(plan.case, was=plan.was) for plan in plans],
        "transitions": transitions,
        "events": transitions,
        "statements": [row for plan in plans for row in plan.statements],
        "timers_changed": [timing.row_of(timer) for timer in changed if not timer.renamed],
        "timers_renamed": [timing.row_of(timer) for timer in changed if timer.renamed],
        "timers_started": _started_rows(started),
        "steps": [_step_row(step) for plan in plans for step in plan.steps],
        "keys": [plan.key for plan in plans if plan.key is not None],
    }


def _stepped_rows(plans: Sequence[Plan]) -> dict[str, list[Row]]:
    """Return the rows of plans in which only usual escalation steps fired: few columns change."""
    transitions = [row for plan in plans for row in plan.transitions]
    return {
        "cases_stepped": [_stepped_case(plan) for plan in plans],
        "transitions": transitions,
        "events": transitions,
        "timers_stepped": [_stepped_timer(timer) for plan in plans for timer in plan.timers if timer.changed],
        "steps": [_step_row(step) for plan in plans for step in plan.steps],
    }


def _stepped_case(plan: Plan) -> Row:
    case = plan.case
    return {
        "id": case.id,
        "was": plan.was,
        "version": case.version,
        "head": case.head,
        "level": case.level,
        "changed_at": case.changed_at,
    }


def _stepped_timer(timer: RunningTimer) -> Row:
    return {"id": timer.id, "steps_fired": timer.steps_fired, "fires_at": timer.fires_at, "level": timer.level}


def _started_rows(started: Sequence[RunningTimer]) -> list[Row]:
    """Return new timers as rows; ``nth`` counts those of one clause and case whose occurrence is not known."""
    counts: dict[tuple[int, str], int] = {}
    rows: list[Row] = []
    for timer in started:
        alike = (timer.case_id, timer.clause)
        counts[alike] = counts.get(alike, 0) + 1
        rows.append(timing.row_of(timer) | {"nth": counts[alike], "counted_from": timer.counted_from})
    return rows


def _step_row(step: FiredStep) -> Row:
    timer, transition = step.timer, step.transition
    return {
        "timer_id": timer.id,
        "step": step.place,
        "case_id": transition["case_id"],
        "seq": transition["seq"],
        "clause": timer.clause,
        "cycle": timer.cycle,
        "percent": step.percent,
        "level": step.level,
        "due_at": step.due_at,
        "recorded_at": transition["recorded_at"],
    }


def _execute(tx: Tx, rows: Mapping[str, Sequence[Row]], count: int) -> None:
    """Write the rows of each table; the first names so many cases. Raises ``Conflict`` where one has moved."""
    moved = _on_postgres(tx, rows, count) if tx.postgres else _on_sqlite(tx, rows)
    if moved != count:
        raise Conflict


def _on_sqlite(tx: Tx, rows: Mapping[str, Sequence[Row]]) -> int:
    counts = [tx.run_all(move_sql.SQLITE[name], table_rows) for name, table_rows in rows.items() if table_rows]
    return counts[0]


def _on_postgres(tx: Tx, rows: Mapping[str, Sequence[Row]], count: int) -> int:
    names = tuple(name for name, table_rows in rows.items() if table_rows)
    params: dict[str, Any] = {name: _json(rows[name]) for name in names if name != "events"}
    return tx.write(_statement(names), params | {"count": count}).moved


@lru_cache(maxsize=128)
def _statement(names: tuple[str, ...]) -> str:
    """Return the one statement of the parts that have rows; the first of them updates the cases."""
    first, *others = names
    parts = [f"moved AS ({move_sql.POSTGRES[first]})", *(f"{name} AS ({move_sql.POSTGRES[name]})" for name in others)]
    return f"WITH {', '.join(parts)} SELECT count(*) AS moved FROM moved"


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=_hex).decode()


def _hex(value: object) -> str:
    """Return bytes as Postgres reads them."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} cannot be written")
