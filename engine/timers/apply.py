"""Applies a move to the timers of its case: they pause and resume, end and start (law 5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.ledger.record import CaseRow, TransitionDraft
from engine.rules.policy import POSITION_AGE, Pack
from engine.timers.start import HOUR, TimerStarter, agreed_due
from engine.timers.timer import RunningTimer
from models.columns import to_micros
from statemachines.lifecycle import Clause, Lifecycle


class Before(NamedTuple):
    """A case before the move: its state, and the columns that partition clauses."""

    state: str
    department: str | None
    owner: str | None

    def value(self, column: str) -> Any:
        """Return the column of a clause's ``partition_by``."""
        return getattr(self, column)


class OccurrenceUnknown(Exception):
    """A move names the occurrence of a timer that is not written yet, and only the database counts it."""


def apply(
    starter: TimerStarter,
    table: Lifecycle,
    clauses: Mapping[str, Clause],
    timers: Sequence[RunningTimer],
    was: Before,
    draft: TransitionDraft,
) -> list[RunningTimer]:
    """Apply the move of ``draft``, which the case already shows, to its open timers; return those that it starts."""
    case = starter.case
    restarted: list[Clause] = []
    going_on: set[str] = set()
    for timer in timers:
        clause = clauses.get(timer.clause)
        outcome = _outcome(starter, clause, timer, was, draft)
        if outcome is not None:
            timer.close(draft.occurred_at, outcome)
            if clause is not None and clause.repeats and outcome in {"met", "breached"}:
                restarted.append(clause)
            continue
        going_on.add(timer.clause)
        if clause is not None and case.state != was.state:
            _pause_or_resume(starter, timer, clause, draft.occurred_at)
    started: list[RunningTimer] = []
    for clause in dict.fromkeys([*restarted, *_starting(table, case, was, draft)]):
        # If the table changed, a case may come into a state in which a timer of the clause is open already.
        if (clause.started_by or clause.name not in going_on) and case.state in clause.lives_in:
            due = agreed_due(clause, draft.form)
            timer = starter.start(clause, None if due is None else to_micros(due))
            if timer is not None:
                started.append(timer)
    return started


def _outcome(
    starter: TimerStarter, clause: Clause | None, timer: RunningTimer, was: Before, draft: TransitionDraft
) -> str | None:
    """Return with what outcome the move ends the timer; None if it goes on."""
    case = starter.case
    if clause is None:
        return "stopped"
    if (
        draft.move in clause.met_by
        and _is_meant(clause, timer, draft)
        and not _stale(starter.pack, clause, timer, draft)
    ):
        met = timer.met_at(draft.occurred_at) and not timer.broken(clause, starter.pack)
        return "met" if met else "breached"
    if draft.row is not None and draft.row.releases_timers:
        return "handed_on"
    if case.state not in clause.lives_in or (draft.reopens and not clause.started_by):
        return "done" if draft.move == clause.then else "stopped"
    if _handed_over(clause, case, was) or (clause.restarts and draft.move in clause.started_by):
        return "handed_over"
    return None


def _stale(pack: Pack, clause: Clause, timer: RunningTimer, draft: TransitionDraft) -> bool:
    """Return whether the move reports older data than the pack allows; without a bound, older data than the timer."""
    if not clause.as_of_field:
        return False
    as_of, hours = to_micros(getattr(draft.form, clause.as_of_field)), pack.bound(POSITION_AGE)
    return as_of < timer.opened_at if hours is None else draft.occurred_at - as_of > hours * HOUR


def _is_meant(clause: Clause, timer: RunningTimer, draft: TransitionDraft) -> bool:
    """Return whether the move meets this occurrence of the clause."""
    if not clause.occurrence_field:
        return True
    if timer.occurrence == 0:
        raise OccurrenceUnknown
    return getattr(draft.form, clause.occurrence_field) == timer.occurrence


def _handed_over(clause: Clause, case: CaseRow, was: Before) -> bool:
    return bool(clause.partition_by) and getattr(case, clause.partition_by) != was.value(clause.partition_by)


def _pause_or_resume(starter: TimerStarter, timer: RunningTimer, clause: Clause, at: int) -> None:
    state = starter.case.state
    if state in clause.pauses and timer.running_since is not None:
        timer.pause(at)
    elif state in clause.during and timer.running_since is None:
        timer.running_since = at
        timer.rearm(clause, starter.pack)


def _starting(table: Lifecycle, case: CaseRow, was: Before, draft: TransitionDraft) -> Iterator[Clause]:
    for clause, starts in table.beginning(draft.move, was.state, case.state, draft.reopens):
        if clause.once and case.cycle > 1:
            continue
        if clause.started_by or not clause.partition_by:
            if starts:
                yield clause
        elif (starts or _handed_over(clause, case, was)) and getattr(case, clause.partition_by) is not None:
            yield clause
