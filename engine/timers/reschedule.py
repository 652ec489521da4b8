"""Gives timers new dates: another limit, more time, another case to run for, or a second life (F4, G1, A6, A5)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.calendars.deadlines import Unit
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import Pack
from engine.rules.unset_limits import name_in_pack
from engine.timers.set_back import HistoryUnknown
from engine.timers.start import AGREED, HOUR, TimerStarter, counted_from
from engine.timers.stretches import History, stretches
from engine.timers.timer import COLUMNS, RunningTimer, spent
from engine.timers.would_run import PastMove, would_run
from statemachines.lifecycle import Clause, Lifecycle, Refused


def reproject(
    starter: TimerStarter, clauses: Mapping[str, Clause], timers: Iterable[RunningTimer], history: History | None
) -> int:
    """Bring open timers under the limits that hold now for the case; what is consumed stays consumed.

    Returns how many changed. A deadline that was agreed stays as it was agreed, and so does a timer for which the pack
    now sets no limit. Raises ``HistoryUnknown``.
    """
    changed = 0
    for timer in timers:
        clause = clauses.get(timer.clause)
        if clause is not None and timer.policy != AGREED:
            limit = starter.limit(clause)
            changed += limit is not None and _redate(starter, clause, timer, limit, history)
    return changed


def begin_set(
    starter: TimerStarter, before: Pack, table: Lifecycle, timers: Iterable[RunningTimer], moves: Sequence[PastMove]
) -> list[RunningTimer]:
    """Return timers of the clauses whose limit an edition sets that was not set ``before``, as far as they would run.

    They begin at the edition's instant with the whole limit: no step is dated before it. ``moves`` are all transitions
    of the case.
    """
    clauses = set_now(starter, before, table, timers)
    started = [starter.start(clause) for clause in clauses if would_run(table, starter.pack, clause, moves)]
    return [timer for timer in started if timer is not None]


def set_now(starter: TimerStarter, before: Pack, table: Lifecycle, timers: Iterable[RunningTimer]) -> list[Clause]:
    """Return the clauses of the case's state without a timer whose limit was not set ``before`` and is set now."""
    case, running = starter.case, {timer.clause for timer in timers}
    here = (clause for clause in table.clauses if case.state in clause.lives_in and clause.name not in running)
    unset = (clause for clause in here if before.is_unset(name_in_pack(before, table, clause), case.traits))
    return [clause for clause in unset if starter.limit(clause) is not None]


def _redate(starter: TimerStarter, clause: Clause, timer: RunningTimer, limit: Limit, history: History | None) -> bool:
    assert limit.amount is not None
    assert limit.unit is not None
    was = _terms(timer)
    place = starter.calendar(limit.calendar)
    consumed = timer.used_or_late(starter.at)
    if (timer.unit == Unit.BUSINESS_HOURS) != (limit.unit is Unit.BUSINESS_HOURS):
        ran = _stretches(history, starter.at, clause, timer)
        if ran is None:
            return False
        consumed = sum(spent(limit.unit, place, since, until) for since, until in ran)
    timer.consumed = consumed
    if timer.running_since is not None:  # after a clock was set back no time may count twice
        timer.running_since = max(timer.running_since, starter.at)
    timer.allowance = budget_of(limit, place, timer.opened_at) + timer.extended
    timer.policy, timer.calendar, timer.place = starter.pack.edition, limit.calendar, place
    timer.amount, timer.unit = limit.amount, limit.unit
    timer.rearm(clause, starter.pack, not_before=starter.at)
    return was != _terms(timer)


def _terms(timer: RunningTimer) -> tuple[Any, ...]:
    return timer.policy, timer.calendar, timer.amount, timer.unit, timer.allowance, timer.fires_at


def _stretches(history: History | None, at: int, clause: Clause, timer: RunningTimer) -> list[tuple[int, int]] | None:
    """Return when the timer ran so far, by the case's history: units are never converted into each other (law 5).

    None for a timer that began in a case merged into this one: this history does not tell, so it keeps its unit.
    """
    if history is None:
        raise HistoryUnknown
    if all(occurred_at != timer.opened_at for _, occurred_at in history):
        return None
    return stretches(history, clause, timer.opened_at, at)


def extend(
    starter: TimerStarter, kind: str, clauses: Mapping[str, Clause], timers: Sequence[RunningTimer], form: Any
) -> None:
    """Grant the clause that the form names more time, on each of its open timers.

    Raises ``Refused('no_such_timer')``, with the clauses that could be named, where none is open.
    """
    clause = clauses.get(form.clause)
    granted = form.hours * HOUR
    running = [timer for timer in timers if clause is not None and timer.clause == clause.name]
    if clause is None or not running:
        named = {timer.clause for timer in timers if timer.clause in clauses and clauses[timer.clause].then is None}
        raise Refused("no_such_timer", clause=form.clause, kind=kind, number=starter.case.number, running=sorted(named))
    for timer in running:
        timer.allowance, timer.extended = timer.allowance + granted, timer.extended + granted
        timer.rearm(clause, starter.pack, not_before=starter.at)


def inherit(starter: TimerStarter, table: Lifecycle, handed_on: Sequence[Any]) -> list[RunningTimer]:
    """Return timers that run on for this case what another case handed on: both promises are kept (A6).

    ``handed_on`` are the other case's rows, by column.
    """
    case = starter.case
    inherited: list[RunningTimer] = []
    for row in handed_on:
        clause = table.clause.get(table.resolver.clause(row.clause) or "")
        if clause is None or case.state not in clause.lives_in:
            continue
        timer = _inherited(starter, clause, row)
        if timer.running_since is not None and timer.running_since < starter.at:  # no step is dated before the case
            timer.consumed, timer.running_since = timer.used_or_late(starter.at), starter.at
        timer.rearm(clause, starter.pack)
        inherited.append(timer)
    return inherited


def _inherited(starter: TimerStarter, clause: Clause, row: Any) -> RunningTimer:
    """Return a new timer of this case with the limit, the time used and the steps of the other case's row."""
    case = starter.case
    return RunningTimer(
        id=None,
        case_id=case.id,
        clause=clause.name,
        cycle=case.cycle,
        occurrence=starter.next_occurrence(clause),
        policy=row.policy,
        calendar=row.calendar,
        amount=row.amount,
        unit=row.unit,
        allowance=row.allowance,
        consumed=row.consumed,
        extended=row.extended,
        opened_at=row.opened_at,
        running_since=row.closed_at if case.state in clause.during else None,
        fires_at=None,
        steps_fired=row.steps_fired,
        steps_before=row.steps_fired,
        level=row.level,
        closed_at=None,
        outcome=None,
        closed_by=None,
        part=row.part,
        place=starter.calendar(row.calendar),
        counted_from=counted_from(clause, case.cycle),
    )


def reopen(
    starter: TimerStarter, table: Lifecycle, closed: Sequence[Any], open_timers: Sequence[RunningTimer]
) -> list[RunningTimer]:
    """Return timers that run again: the message that met them did not arrive, or the end that stopped them is undone.

    ``closed`` are their rows, by column. What they had consumed by then stays consumed, and the rest of the allowance
    runs from now; only a date that was agreed stays that date where the end is undone. A clause that has an open timer
    already, or does not live in this state, stays closed.
    """
    case = starter.case
    running = {timer.clause for timer in open_timers}
    reopened: list[RunningTimer] = []
    for row in closed:
        clause = table.clause.get(table.resolver.clause(row.clause) or "")
        if clause is None or not clause.answers or case.state not in clause.lives_in:
            continue
        if clause.name in running and not (clause.started_by or clause.repeats):
            continue
        values = {name: getattr(row, name) for name in COLUMNS}
        timer = RunningTimer(
            **values, place=starter.calendar(row.calendar), counted_from=counted_from(clause, row.cycle)
        )
        if row.policy == AGREED and row.outcome not in {"met", "breached"}:
            timer.consumed += starter.at - row.closed_at
        timer.closed_at = timer.outcome = timer.closed_by = None
        timer.renamed, timer.clause = timer.clause != clause.name, clause.name
        begin = max(starter.at, starter.not_before)
        timer.running_since = begin if case.state in clause.during else None
        timer.rearm(clause, starter.pack, not_before=begin)
        reopened.append(timer)
    return reopened
