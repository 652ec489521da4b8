"""Reads why a case stands at its escalation level: each step that fired, each move that raised it, and who is asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.commands.case_context import BY_TIMER
from engine.escalation.recipients import awaited_person
from engine.rules.in_force import Rules, rules_in
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros
from reports.current_names import clause_of, state_of
from reports.figures import timers
from reports.staff import AskedStaff, Staff
from statemachines.kinds import lifecycle_of
from statemachines.roles import Role

# The step at 100 % is the promise's own deadline; until it has fired, the deadline follows from the timer's row.
STEPS = """
SELECT s.seq, s.percent, s.level, s.due_at, s.cycle, k.clause, k.occurrence, k.closed_at, k.outcome, k.running_since,
       k.allowance, k.consumed, k.unit, k.calendar,
       (SELECT f.due_at FROM escalation_step f WHERE f.timer_id = s.timer_id AND f.percent = 100) AS deadline
  FROM escalation_step s JOIN timer k ON k.id = s.timer_id WHERE s.case_id = :case_id ORDER BY s.seq DESC, s.step DESC
"""
RAISED = """
SELECT t.seq, t.move, t.cycle, t.level, t.occurred_at, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
  LEFT JOIN transition p ON p.case_id = t.case_id AND p.seq = t.seq - 1
 WHERE t.case_id = :case_id AND t.level > coalesce(p.level, 0) AND t.via <> :timer ORDER BY t.seq DESC
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """A step of a promise that fired, or a move that raised the level (then without a promise).

    ``deadline`` is when the promise was due, None while its timer is paused before it; ``at`` is when the step or the
    move happened. ``asked`` is whom the case asks at the level in the end; a reminder asks whom the
    case waits for. ``done`` says that what was promised was done since, in time or late.
    """

    seq: int
    at: datetime
    cycle: int
    level: int
    clause: str | None
    percent: int | None
    deadline: datetime | None
    move: str | None
    by: str | None
    asked: AskedStaff
    done: bool


def reasons(tx: Tx, case: Any, staff: Staff) -> list[Reason]:
    """Return why the case stands at its level, the newest first."""
    rules = rules_in(tx)
    found = [_fired(row, case, staff, rules) for row in tx.rows(STEPS, case_id=case.id) if not _only_moves(row, case)]
    found += [_raised(row, case, staff) for row in tx.rows(RAISED, case_id=case.id, timer=BY_TIMER)]
    return sorted(found, key=lambda reason: -reason.seq)


def waits_for(case: Any, staff: Staff) -> tuple[Role | None, tuple[str, ...]]:
    """Return the role that the case's state waits for, and who of it: the person whom the state names, or the owner."""
    state = lifecycle_of(case.kind).state.get(state_of(case.kind, case.state))
    if state is None or state.owner is None:
        return None, ()
    return state.owner, staff.holders(state.owner, case.department, person_of(case))


def person_of(case: Any) -> str | None:
    """Return the person whom the state of a case awaits."""
    return awaited_person(case.kind, case.state, case.owner, case.variables)


def _only_moves(row: Any, case: Any) -> bool:
    """Return whether the clause promises nothing: its timer only makes a move."""
    return row.clause in timers(case.kind)


def _fired(row: Any, case: Any, staff: Staff, rules: Rules) -> Reason:
    return Reason(
        seq=row.seq,
        at=from_micros(row.due_at),
        cycle=row.cycle,
        level=row.level,
        clause=clause_of(case.kind, row.clause),
        percent=row.percent,
        deadline=_deadline(row, rules),
        move=None,
        by=None,
        asked=staff.asked(case.kind, case.state, row.level, case.department, person_of(case)),
        done=row.outcome in ("met", "breached"),
    )


def _raised(row: Any, case: Any, staff: Staff) -> Reason:
    return Reason(
        seq=row.seq,
        at=from_micros(row.occurred_at),
        cycle=row.cycle,
        level=row.level,
        clause=None,
        percent=None,
        deadline=None,
        move=lifecycle_of(case.kind).resolver.move(row.move),
        by=row.handle,
        asked=staff.asked(case.kind, case.state, row.level, case.department, person_of(case)),
        done=False,
    )


def _deadline(row: Any, rules: Rules) -> datetime | None:
    if row.deadline is not None:
        return from_micros(row.deadline)
    if row.running_since is None:
        return None
    left = row.allowance - row.consumed
    return from_micros(falls_due(row.unit, rules.calendar(row.calendar), row.running_since, left))
