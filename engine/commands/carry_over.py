"""Plans to carry a case over to the names that its lifecycle has today: state, timers and variables, by one move.

A state that was renamed neither begins nor ends a timer. A state that was merged into another one begins the clauses
that live in the new state and did not live in the old one; the recorded version of the lifecycle says which those
are. A timer keeps its row, so what it consumed and which steps it fired stay with it, and no step fires twice.
"""

from collections.abc import Iterable
from typing import Any

from engine.commands.case_context import BY_TIMER, CaseContext, RecordedNames, starter_of
from engine.ledger.case_variables import resolved_variables
from engine.ledger.record import CaseRow, TransitionDraft, append
from engine.timers.start import TimerStarter
from engine.timers.timer import RunningTimer, open_only
from statemachines.lifecycle import Clause, Lifecycle, Refused
from statemachines.lifecycle_record import RecordedLifecycle
from statemachines.retirement import CARRIED_OVER, CarriedOver


def is_current(table: Lifecycle, case: CaseRow, clauses: Iterable[str]) -> bool:
    """Return whether a case and its open timers, given by their clauses, bear only names that the table has."""
    if case.state not in table.state or any(name not in table.clause for name in clauses):
        return False
    if not table.retired:
        return True
    return (
        case.previous_state not in table.resolver.states and resolved_variables(table, case.variables) == case.variables
    )


def carry_over(context: CaseContext, names: RecordedNames) -> dict[str, Any]:
    """Give a case and its timers their current names; return the row of the move that records it.

    ``names`` say what the retired names meant. Raises ``Refused('lost_state' | 'lost_clause')`` where a name has no
    successor.
    """
    case, table, now = context.case, context.table, context.now
    was, state = case.state, table.resolver.state(case.state)
    if state not in table.state:
        raise Refused("lost_state", number=case.number, state=was)
    timers = open_only(context.timers)
    for timer in timers:
        _refuse_lost(table, case, timer)
    form, system = CarriedOver(version=names.version), context.around.system.id
    draft = TransitionDraft(CARRIED_OVER, state, form, system, BY_TIMER, now, context.recorded_at, inferred=True)
    transition = append(case, table, draft, [])  # the form holds nothing personal
    if context.history is not None:
        context.history.append((state, now))
    starter = starter_of(context, now)
    open_clauses: set[str] = set()
    for timer in timers:
        for carried in _carry_timer(starter, table, timer, names):
            open_clauses.add(carried.clause)
            if carried is not timer:
                context.timers.append(carried)
    if state != was:
        lived_before = _lived_in(table, names.lifecycle, was)
        context.timers += _begin(starter, table, open_clauses | lived_before)
    return transition


def _refuse_lost(table: Lifecycle, case: CaseRow, timer: RunningTimer) -> None:
    name = table.resolver.clause(timer.clause)
    if name is not None and name not in table.clause:
        raise Refused("lost_clause", number=case.number, clause=timer.clause)


def _carry_timer(
    starter: TimerStarter, table: Lifecycle, timer: RunningTimer, names: RecordedNames
) -> Iterable[RunningTimer]:
    """Carry one open timer over; return the timer that is open for its clause afterwards, if there is one."""
    name, state = table.resolver.clause(timer.clause), starter.case.state
    clause = table.clause[name] if name is not None else None
    if clause is None or state not in clause.lives_in:
        timer.close(starter.at, "stopped")
        return ()
    if _of_another_nature(timer, clause, names.lifecycle):
        timer.close(starter.at, "stopped")
        started = starter.start(clause) if state in clause.during else None
        return () if started is None else (started,)
    if clause.name != timer.clause:
        _rename(starter, timer, clause.name, names)
    if state in clause.pauses and timer.running_since is not None:
        timer.pause(starter.at)
    elif state in clause.during and timer.running_since is None:
        timer.running_since = starter.at
        timer.rearm(clause, starter.pack)
    return (timer,)


def _rename(starter: TimerStarter, timer: RunningTimer, clause: str, names: RecordedNames) -> None:
    """Give a timer the new name of its clause.

    The occurrence stays, for forms name it; only where the new clause has a timer of that number, the next one is used.
    """
    numbers = names.numbers.setdefault((clause, timer.cycle), set())
    if timer.occurrence in numbers:
        timer.occurrence = max(numbers) + 1
    numbers.add(timer.occurrence)
    if starter.occurrences is not None:
        by_cycle = starter.occurrences.setdefault(clause, {})
        by_cycle[timer.cycle] = max(numbers)
    timer.clause, timer.renamed, timer.changed = clause, True, True


def _of_another_nature(timer: RunningTimer, clause: Clause, old: RecordedLifecycle | None) -> bool:
    """Return whether a promise became a timer that moves the case on, or the reverse: its steps mean nothing there."""
    recorded = old.clauses.get(timer.clause) if old is not None else None
    return recorded is not None and clause.name != timer.clause and bool(recorded.then) != bool(clause.then)


def _lived_in(table: Lifecycle, old: RecordedLifecycle | None, state: str) -> set[str]:
    """Return the clauses, under their names of today, whose timers lived in a state that was retired."""
    recorded = old.clauses.items() if old is not None else ()
    current = (table.resolver.clause(name) for name, clause in recorded if state in clause.lives_in)
    return {name for name in current if name is not None}


def _begin(starter: TimerStarter, table: Lifecycle, present: set[str]) -> list[RunningTimer]:
    """Start the clauses of the new state that the case did not have in the old one."""
    case = starter.case
    started: list[RunningTimer] = []
    for clause in table.clauses:
        if clause.started_by or case.state not in clause.during or clause.name in present:
            continue
        if clause.once and case.cycle > 1:
            continue
        if clause.partition_by and getattr(case, clause.partition_by) is None:
            continue
        if (timer := starter.start(clause)) is not None:
            started.append(timer)
    return started
