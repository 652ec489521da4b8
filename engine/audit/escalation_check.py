"""Checks deadlines against the record: each rung has its move, none is early, left out or out of order."""

from collections.abc import Iterator
from typing import Any

import orjson

from engine.commands.case_context import BY_TIMER
from engine.ledger.record import CaseRow, plain
from models.columns import from_micros
from statemachines.retirement import Resolver

RUNGS = """
SELECT case_id, clause, cycle, step, percent, level, seq, due_at, recorded_at, timer_id FROM escalation_step
 WHERE case_id IN ({ids}) ORDER BY timer_id, step
"""
CLOCKS = """
SELECT case_id, id, clause, cycle, steps_fired, steps_before, closed_at, outcome FROM timer WHERE case_id IN ({ids})
"""


def ladder_faults(
    head: CaseRow, history: list[dict[str, Any]], rungs: list[Any], clocks: list[Any], resolver: Resolver
) -> Iterator[tuple[int, str]]:
    """What does not agree, with the number of the transition it is about (0 for a clock)."""
    moves = {row["seq"]: row for row in history} if rungs else {}
    for rung in rungs:
        if rung.recorded_at < rung.due_at:
            yield rung.seq, "step_early"
        if not _told(rung, moves.get(rung.seq)):
            yield rung.seq, "step_unrecorded"
    yield from _ladders(head, rungs, clocks, resolver)


def _told(rung: Any, move: dict[str, Any] | None) -> bool:
    """Whether a clock's move tells of this very rung; a move that a clause itself makes tells only when."""
    if move is None or move["via"] != BY_TIMER:
        return False
    if (move["occurred_at"], move["recorded_at"]) != (rung.due_at, rung.recorded_at):
        return False
    if move["form"] == "{}":
        return True
    told = {"clause": rung.clause, "cycle": rung.cycle, "percent": rung.percent, "level": rung.level}
    try:
        return orjson.loads(move["form"]) == told | {"due_at": plain(from_micros(rung.due_at))}
    except ValueError:
        return False


def _ladders(head: CaseRow, rungs: list[Any], clocks: list[Any], resolver: Resolver) -> Iterator[tuple[int, str]]:
    """Rungs one after the other, none left out; a closed case runs no clock."""
    fired: dict[int, list[Any]] = {}
    for rung in rungs:
        fired.setdefault(rung.timer_id, []).append(rung)
    for clock in clocks:
        mine = fired.pop(clock.id, [])
        if [rung.step for rung in mine] != list(range(clock.steps_before, clock.steps_fired)):
            yield 0, f"rungs_{clock.clause}"
        if [rung.due_at for rung in mine] != sorted(rung.due_at for rung in mine):
            yield 0, f"step_order_{clock.clause}"
        clauses = {resolver.clause_or_own(rung.clause) for rung in mine}
        if not clauses <= {resolver.clause_or_own(clock.clause)} or any(rung.cycle != clock.cycle for rung in mine):
            yield 0, f"step_clause_{clock.clause}"
        if head.closed and clock.closed_at is None:
            yield 0, f"timer_runs_{clock.clause}"
    yield from ((rung.seq, "step_stray") for mine in fired.values() for rung in mine)
