"""Applies a move to the timers of its case: they pause and resume, end and start (law 5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.ledger.record import CaseRow, TransitionDraft
from engine.rules.pack_sections import POSITION_AGE
from engine.rules.policy import Pack
from engine.timers.set_back import recount
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


class SpentPartsUnknown(Exception):
    """A department may get a case back, and what its timer had used was not read."""


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
    going_on: dict[str, RunningTimer] = {}
    for timer in timers:
        clause = clauses.get(timer.clause)
        outcome = _outcome(starter, clause, timer, was, draft)
        if outcome is not None:
            timer.close(draft.occurred_at, outcome, case.version)
            if timer.part is not None and starter.spent_parts is not None:
                starter.spent_parts[timer.clause, timer.cycle, timer.part] = timer
            if clause is not None and clause.repeats and outcome in {"met", "breached"}:
                restarted.append(clause)
            continue
        going_on[timer.clause] = timer
        if clause is not None and case.state != was.state:
            _pause_or_resume(starter, timer, clause, draft)
    beginning = {clause.name: clause for clause in (*restarted, *_starting(starter, table, was, draft))}
    started = [timer for clause in beginning.values() if (timer := _started(starter, clause, going_on, was, draft))]
    open_clauses = {*going_on, *(timer.clause for timer in started)}
    started += (
        timer for clause in table.waiting if (timer := _waiting_timer(starter, clause, going_on, open_clauses, draft))
    )
    return started


def _started(
    starter: TimerStarter,
    clause: Clause,
    going_on: Mapping[str, RunningTimer],
    was: Before,
    draft: TransitionDraft,
) -> RunningTimer | None:
    """Start a timer of the clause with the move; return None where it waits, is open already, or has no limit."""
    case = starter.case
    if clause.waits_for or case.state not in clause.lives_in:
        return None
    # If the table changed, a case may come into a state in which a timer of the clause is open already.
    if clause.name in going_on and not clause.started_by:
        return None
    due = agreed_due(clause, draft.form)
    timer = starter.start(clause, None if due is None else to_micros(due))
    if timer is not None and _handed_over(clause, case, was) and was.value(clause.partition_by) is not None:
        _go_on(starter, clause, timer)
    return timer


def _waiting_timer(
    starter: TimerStarter,
    clause: Clause,
    going_on: Mapping[str, RunningTimer],
    open_clauses: set[str],
    draft: TransitionDraft,
) -> RunningTimer | None:
    """Stop the clause's timer while what it waits for is open; return a new one as soon as nothing is."""
    held, timer = not open_clauses.isdisjoint(clause.waits_for), going_on.get(clause.name)
    if held and timer is not None:
        timer.close(draft.occurred_at, "stopped")
    if held or timer is not None or starter.case.state not in clause.lives_in:
        return None
    return starter.start(clause)


def _go_on(starter: TimerStarter, clause: Clause, timer: RunningTimer) -> None:
    """Let the timer of a department that gets the case back go on from the one with which it gave the case away."""
    if starter.spent_parts is None:
        raise SpentPartsUnknown
    assert timer.part is not None
    earlier = starter.spent_parts.get((clause.name, timer.cycle, timer.part))
    if earlier is not None:
        timer.go_on_from(earlier, clause, starter.pack)


def _outcome(
    starter: TimerStarter, clause: Clause | None, timer: RunningTimer, was: Before, draft: TransitionDraft
) -> str | None:
    """Return with what outcome the move ends the timer; None if it goes on."""
    case = starter.case
    if clause is None:
        return "stopped"
    if _meets(clause, timer, draft) and not _stale(starter.pack, clause, timer, draft):
        met = timer.met_at(draft.occurred_at) and not timer.broken(clause, starter.pack)
        return "met" if met else "breached"
    if draft.row is not None and clause.name in draft.row.stops:
        return "stopped"
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


def _meets(clause: Clause, timer: RunningTimer, draft: TransitionDraft) -> bool:
    """Return whether the move meets the timer; a promise of words only if they reach the customer (A5)."""
    if timer.id is not None and timer.id in draft.meets:
        return True
    if draft.move not in clause.met_by or (clause.answers and not draft.reaches_customer):
        return False
    return not clause.occurrence_field or _is_named(clause, timer, draft)


def _is_named(clause: Clause, timer: RunningTimer, draft: TransitionDraft) -> bool:
    if timer.occurrence == 0:
        raise OccurrenceUnknown
    return getattr(draft.form, clause.occurrence_field) == timer.occurrence


def _handed_over(clause: Clause, case: CaseRow, was: Before) -> bool:
    return bool(clause.partition_by) and getattr(case, clause.partition_by) != was.value(clause.partition_by)


def _pause_or_resume(starter: TimerStarter, timer: RunningTimer, clause: Clause, draft: TransitionDraft) -> None:
    state = starter.case.state
    if state in clause.pauses and timer.running_since is not None:
        timer.pause(draft.occurred_at)
    elif state in clause.during and timer.running_since is None:
        if draft.behind_the_record:
            recount(timer, clause, starter.history, draft.occurred_at)
        else:
            timer.running_since = draft.occurred_at
        timer.rearm(clause, starter.pack)


def _starting(starter: TimerStarter, table: Lifecycle, was: Before, draft: TransitionDraft) -> Iterator[Clause]:
    case = starter.case
    for clause, starts in table.beginning(draft.move, was.state, case.state, draft.reopens):
        if (clause.once and case.cycle > 1) or (clause.triggers and draft.move not in triggering(starter.pack, clause)):
            continue
        if clause.started_by or not clause.partition_by:
            if starts:
                yield clause
        elif (starts or _handed_over(clause, case, was)) and getattr(case, clause.partition_by) is not None:
            yield clause


def triggering(pack: Pack, clause: Clause) -> tuple[str, ...]:
    """Return the moves that may start the timer: that of the pack's trigger, and the last one."""
    moves = dict(clause.triggers)
    last = clause.triggers[-1][1]
    return moves.get(pack.callbacks.trigger or "", last), last
