"""Check escalation steps and timers against the record: each step has its transition and each transition its step.

None is early, missing or out of order, and a timer ended with the move, and as the move and its steps say.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from engine.commands.case_context import BY_TIMER
from engine.ledger.case_variables import plain
from engine.ledger.record import CaseRow
from models.columns import from_micros
from statemachines.retirement import Resolver

STEPS = """
SELECT case_id, clause, cycle, step, percent, level, seq, due_at, recorded_at, timer_id FROM escalation_step
 WHERE case_id IN ({ids}) ORDER BY timer_id, step
"""
TIMERS = """
SELECT case_id, id, clause, cycle, steps_fired, steps_before, closed_at, outcome, closed_by, running_since, fires_at,
       consumed, allowance, extended, policy, calendar, amount, unit, opened_at, level, part
  FROM timer WHERE case_id IN ({ids})
"""
STEP_MOVES = frozenset({"remind", "breach"})
"""The moves that timers alone make."""
OUTCOMES = frozenset({"met", "breached", "stopped", "done", "handed_over", "handed_on"})


def ladder_faults(
    case: CaseRow, history: list[dict[str, Any]], steps: list[Any], timers: list[Any], resolver: Resolver
) -> Iterator[tuple[int, str]]:
    """Yield the faults of a case: the seq of the transition concerned (0 for a timer), and a code."""
    transitions = {row["seq"]: row for row in history}
    stepped = {step.seq for step in steps}
    for row in history:
        if row["move"] in STEP_MOVES and row["via"] != BY_TIMER:
            yield row["seq"], "step_forged"
        elif row["move"] in STEP_MOVES and row["seq"] not in stepped:
            yield row["seq"], "step_missing"
    for step in steps:
        if step.recorded_at < step.due_at:
            yield step.seq, "step_early"
        if not _is_recorded(step, transitions.get(step.seq)):
            yield step.seq, "step_unrecorded"
    yield from _timer_faults(case, steps, timers, resolver)
    yield from ((0, f"{what}_{timer.clause}") for timer in timers for what in _end_faults(timer, steps, transitions))


def _end_faults(timer: Any, steps: list[Any], transitions: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Yield what does not fit the end of a timer: its instant, the move that ended it, and the outcome."""
    if timer.closed_at is None:
        if timer.outcome is not None or timer.closed_by is not None:
            yield "timer_end"
        return
    if timer.outcome not in OUTCOMES or timer.running_since is not None or timer.fires_at is not None:
        yield "timer_end"
    closing = transitions.get(timer.closed_by)
    if timer.closed_by is not None and (closing is None or closing["occurred_at"] != timer.closed_at):
        yield "timer_end"
    used_up = timer.consumed > timer.allowance
    if timer.outcome == "met" and used_up:
        yield "timer_outcome"
    broken = any(step.timer_id == timer.id and step.percent >= 100 for step in steps)
    if timer.outcome == "breached" and not (used_up or broken or timer.steps_before):
        yield "timer_outcome"


def _is_recorded(step: Any, transition: dict[str, Any] | None) -> bool:
    """Return whether a timer's transition records this step; the move of a timer clause records its instant only."""
    if transition is None or transition["via"] != BY_TIMER:
        return False
    if (transition["occurred_at"], transition["recorded_at"]) != (step.due_at, step.recorded_at):
        return False
    if transition["form"] == "{}":
        return True
    form = {"clause": step.clause, "cycle": step.cycle, "percent": step.percent, "level": step.level}
    try:
        return orjson.loads(transition["form"]) == form | {"due_at": plain(from_micros(step.due_at))}
    except ValueError:
        return False


def _timer_faults(case: CaseRow, steps: list[Any], timers: list[Any], resolver: Resolver) -> Iterator[tuple[int, str]]:
    """Yield the faults of timers: steps missing or out of order, another clause, open in a closed case."""
    fired: dict[int, list[Any]] = {}
    for step in steps:
        fired.setdefault(step.timer_id, []).append(step)
    for timer in timers:
        own = fired.pop(timer.id, [])
        # Compared one by one: a forged count must not fill the memory.
        numbers = enumerate((step.step for step in own), start=timer.steps_before)
        if len(own) != timer.steps_fired - timer.steps_before or any(n != number for n, number in numbers):
            yield 0, f"steps_{timer.clause}"
        if [step.due_at for step in own] != sorted(step.due_at for step in own):
            yield 0, f"step_order_{timer.clause}"
        clauses = {resolver.clause_or_own(step.clause) for step in own}
        if not clauses <= {resolver.clause_or_own(timer.clause)} or any(step.cycle != timer.cycle for step in own):
            yield 0, f"step_clause_{timer.clause}"
        if case.closed and timer.closed_at is None:
            yield 0, f"timer_runs_{timer.clause}"
    yield from ((step.seq, "step_stray") for own in fired.values() for step in own)
