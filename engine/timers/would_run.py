"""Derives from a case's history whether a timer of a clause would be open now, had the pack always set its limit.

Where a limit was not set no timer started, so no row tells. An edition that sets the limit starts the timer then, and
views name the clause meanwhile (ADR 33, ADR 39). The rules are those of ``engine/timers/apply.py``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from engine.rules.policy import Pack
from engine.timers.apply import triggering
from engine.transaction import Tx
from statemachines.customer_messages import Medium
from statemachines.lifecycle import Clause, Lifecycle

REPLAY = "replay"
"""The ``via`` of a move from the log of another system."""
MOVES = "SELECT seq, move, source, dest, cycle, via, form FROM transition WHERE case_id = :id ORDER BY seq"


class PastMove(NamedTuple):
    """A recorded transition; ``form`` holds digests in place of personal values."""

    seq: int
    move: str
    source: str
    dest: str
    cycle: int
    via: str
    form: Mapping[str, Any]


def past_moves(tx: Tx, case_id: int) -> list[PastMove]:
    """Return the transitions of a case, in order."""
    return [PastMove(**{**row._asdict(), "form": orjson.loads(row.form)}) for row in tx.rows(MOVES, id=case_id)]


def would_run(table: Lifecycle, pack: Pack, clause: Clause, moves: Iterable[PastMove]) -> bool:
    """Return whether a timer of the clause would be open, running or paused, after these transitions of a case.

    Promises and nodes have a timer for each occurrence, whose date a form agrees on: of them nothing is derived.
    """
    if clause.occurrence_field:
        return False
    running = stopped_by_end = False
    met_by, cycle = 0, 1
    department: str | None = None
    for recorded in moves:
        step = _under_current_names(table, recorded)
        was_department, department = department, step.form.get("department", department)
        reopens, cycle = step.cycle > cycle, step.cycle
        row = next((row for row in table.rows.get(step.move, ()) if step.source in row.sources), None)
        if row is not None and row.reopens_promises and clause.answers and step.form.get("message") == met_by:
            running, met_by = step.dest in clause.lives_in, 0
        elif running and _meets(table, clause, step):
            running, met_by = clause.repeats and step.dest in clause.lives_in, step.seq
        elif running and (step.dest not in clause.lives_in or (reopens and not clause.started_by)):
            running, stopped_by_end = False, table.state[step.dest].final
        handed_over = bool(clause.partition_by) and department != was_department
        if _starts(table, pack, clause, step, reopens=reopens, handed_over=handed_over, department=department):
            running = True
        if row is not None and row.restores_timers and clause.answers and stopped_by_end:
            running = step.dest in clause.lives_in
    return running


def _under_current_names(table: Lifecycle, step: PastMove) -> PastMove:
    resolver = table.resolver
    return step._replace(
        move=resolver.move(step.move),
        source=resolver.state(step.source) if step.source else step.source,
        dest=resolver.state(step.dest),
        form=table.resolved_form(step.move, step.form),
    )


def _meets(table: Lifecycle, clause: Clause, step: PastMove) -> bool:
    return step.move in clause.met_by and (not clause.answers or reached_customer(table, step))


def reached_customer(table: Lifecycle, step: PastMove) -> bool:
    """Return whether a recorded move told the customer something; a move that does not speak stands for itself (A5)."""
    speech = table.rows[step.move][0].speaks
    if speech is None:
        return True
    medium = step.form.get("medium")
    if step.via == REPLAY and medium in {None, Medium.LOG}:  # another system did the work (A5)
        return True
    said = any(name in step.form for name in speech.fields)
    return said and medium != Medium.NONE


def _starts(
    table: Lifecycle,
    pack: Pack,
    clause: Clause,
    step: PastMove,
    *,
    reopens: bool,
    handed_over: bool,
    department: str | None,
) -> bool:
    if step.dest not in clause.lives_in or (clause.once and step.cycle > 1):
        return False
    begun = {begins.name: starts for begins, starts in table.beginning(step.move, step.source, step.dest, reopens)}
    if clause.name not in begun or (clause.triggers and step.move not in triggering(pack, clause)):
        return False
    if clause.partition_by and not clause.started_by:
        return (begun[clause.name] or handed_over) and department is not None
    return begun[clause.name]
