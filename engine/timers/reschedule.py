"""Gives clocks that are open new dates: another limit, more time, or another case to run for (F4, G1, A6)."""

from collections.abc import Iterable
from typing import Any

from engine.calendars.deadlines import Unit
from engine.rules.limits import Limit, budget_of
from engine.timers.start import AGREED, HOUR, UNSAID, TimerStarter
from engine.timers.timer import RunningTimer, save, spent
from statemachines.form_model import Form
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Clause, Lifecycle, Refused

STATES = "SELECT dest, occurred_at FROM transition WHERE case_id = :case_id ORDER BY seq"
HANDED_ON = """
SELECT k.clause, k.occurrence, k.policy, k.calendar, k.amount, k.unit, k.allowance, k.consumed, k.extended, k.opened_at,
       k.closed_at, k.steps_fired, k.level FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE c.number = :number AND k.outcome = 'handed_on' ORDER BY k.id
"""
ADOPT = """
INSERT INTO timer (case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, extended,
                   opened_at,                    running_since, fires_at, steps_fired, steps_before, level)
VALUES (:case_id, :clause, :cycle,
        (SELECT coalesce(max(occurrence), 0) + 1 FROM timer
          WHERE case_id = :case_id AND clause = :its_clause AND cycle >= :counted_from),
        :policy, :calendar, :amount, :unit, :allowance, :consumed, :extended, :opened_at, :since, NULL, :rungs, :rungs,
        :level)
"""


def reproject(arms: TimerStarter, table: Lifecycle, clocks: Iterable[RunningTimer], lenient: bool = False) -> int:
    """Bring open clocks under the limits that hold now for the case; what is consumed stays consumed.

    Returns how many changed. A deadline that was agreed stays as it was agreed. ``lenient`` leaves a clock
    alone for which the pack now says nothing; else it is refused (law 6).
    """
    changed = 0
    clauses = {clause.name: clause for clause in table.clauses}
    for clock in clocks:
        clause = clauses.get(clock.clause)
        if clause is not None and clock.policy != AGREED:
            limit = _limit(arms, clause, lenient)
            changed += limit is not None and _redate(arms, clause, clock, limit)
    return changed


def _limit(arms: TimerStarter, clause: Clause, lenient: bool) -> Limit | None:
    try:
        return arms.limit(clause)
    except Refused as refused:
        if lenient and refused.code in UNSAID:
            return None
        raise


def _redate(arms: TimerStarter, clause: Clause, clock: RunningTimer, limit: Limit) -> bool:
    assert limit.amount is not None
    assert limit.unit is not None
    was = (clock.policy, clock.calendar, clock.amount, clock.unit, clock.allowance, clock.fires_at)
    place = arms.rules.calendar(limit.calendar)
    consumed = clock.used(arms.at)
    if (clock.unit == Unit.BUSINESS_HOURS) != (limit.unit is Unit.BUSINESS_HOURS):
        ran = _stretches(arms, clause, clock)
        if ran is None:
            return False
        consumed = sum(spent(limit.unit, place, since, until) for since, until in ran)
    clock.consumed = consumed
    if clock.running_since is not None:  # a clock that was set back must not let time count twice
        clock.running_since = max(clock.running_since, arms.at)
    clock.allowance = budget_of(limit, place, clock.opened_at) + clock.extended
    clock.policy, clock.calendar, clock.place = arms.pack.edition, limit.calendar, place
    clock.amount, clock.unit = limit.amount, limit.unit
    clock.rearm(clause, arms.pack, not_before=arms.at)
    save(arms.tx, clock)
    return was != (clock.policy, clock.calendar, clock.amount, clock.unit, clock.allowance, clock.fires_at)


def _stretches(arms: TimerStarter, clause: Clause, clock: RunningTimer) -> list[tuple[int, int]] | None:
    """When the clock ran so far, told by the case's own history: units are never converted into each other (law 5).

    None for a clock that began in a case merged into this one: this history does not tell, so it keeps its unit.
    """
    history = arms.tx.rows(STATES, case_id=arms.head.id)
    resolver = lifecycle_of(arms.head.kind).resolver
    if all(row.occurred_at != clock.opened_at for row in history):
        return None
    found: list[tuple[int, int]] = []
    since: int | None = None
    for row in history:
        at = max(row.occurred_at, clock.opened_at)
        runs = resolver.state(row.dest) in clause.during
        if runs and since is None:
            since = at
        elif not runs and since is not None:
            found, since = [*found, (since, at)], None
    return found if since is None else [*found, (since, arms.at)]


def extend(arms: TimerStarter, table: Lifecycle, clocks: Iterable[RunningTimer], form: Any) -> None:
    """Grant the clause that the form names more time, on each of its open clocks.

    Raises ``Refused('no_such_timer')`` where none is open.
    """
    clause = next((one for one in table.clauses if one.name == form.clause), None)
    granted = form.hours * HOUR
    meant = [clock for clock in clocks if clause is not None and clock.clause == clause.name]
    if clause is None or not meant:
        raise Refused("no_such_timer", clause=form.clause, kind=table.kind, number=arms.head.number)
    for clock in meant:
        clock.allowance, clock.extended = clock.allowance + granted, clock.extended + granted
        clock.rearm(clause, arms.pack, not_before=arms.at)
        save(arms.tx, clock)


def inherited(arms: TimerStarter, form: Form) -> list[Any]:
    """The clocks that the case named in the form handed on."""
    return arms.tx.rows(HANDED_ON, number=getattr(form, "case", ""))


def adopt(arms: TimerStarter, table: Lifecycle, handed: Iterable[Any]) -> None:
    """Let clocks of another case run on for this one: both promises are kept (A6)."""
    clauses = {clause.name: clause for clause in table.clauses}
    for row in handed:
        clause = clauses.get(table.resolver.clause(row.clause) or "")
        if clause is None or arms.head.state not in clause.lives_in:
            continue
        runs = arms.head.state in clause.during
        arms.tx.run(
            ADOPT,
            case_id=arms.head.id,
            clause=clause.name,
            its_clause=clause.name,
            cycle=arms.head.cycle,
            counted_from=arms.counted_from(clause),
            policy=row.policy,
            calendar=row.calendar,
            amount=row.amount,
            unit=row.unit,
            allowance=row.allowance,
            consumed=row.consumed,
            extended=row.extended,
            opened_at=row.opened_at,
            since=row.closed_at if runs else None,
            rungs=row.steps_fired,
            level=row.level,
        )


def set_going(arms: TimerStarter, table: Lifecycle, clocks: Iterable[RunningTimer]) -> None:
    """Derive when each clock that was adopted fires next."""
    clauses = {clause.name: clause for clause in table.clauses}
    for clock in clocks:
        clause = clauses.get(clock.clause)
        if clause is not None and clock.running_since is not None and clock.fires_at is None:
            clock.rearm(clause, arms.pack)
            save(arms.tx, clock)
