"""Carries a case over to the names that its lifecycle has today: state, timers and variables, by one recorded move.

A state that was renamed neither begins nor ends a timer. A state that was merged into another one begins the clauses
that live in the new state and did not live in the old one; the recorded version of the lifecycle tells which those
are. A timer keeps its row, so what it consumed and which steps it fired stay with it, and no step fires twice.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.actors import SYSTEM, acting
from engine.ledger.lifecycle_versions import recorded_versions
from engine.ledger.record import CaseRow, TransitionDraft, append, resolved_variables
from engine.timers.start import TimerStarter
from engine.timers.timer import RunningTimer, close, save
from statemachines.lifecycle import Clause, Lifecycle, Refused
from statemachines.lifecycle_record import RecordedLifecycle
from statemachines.retirement import CARRIED_OVER, CarriedOver

if TYPE_CHECKING:
    from engine.commands.case_context import CaseContext

VIA = "timer"
"""The ``via`` of the move: nobody's act."""

LAST_VERSION = "SELECT lifecycle FROM transition WHERE case_id = :id AND seq = :version"
# The occurrence stays, for forms name it; only where the new clause has a timer of that number, the next one is taken.
RENAME = """
UPDATE timer SET clause = CAST(:clause AS TEXT), occurrence = CASE
  WHEN NOT EXISTS (SELECT 1 FROM timer o WHERE o.case_id = timer.case_id AND o.clause = CAST(:clause AS TEXT)
                      AND o.cycle = timer.cycle AND o.occurrence = timer.occurrence AND o.id <> timer.id)
  THEN occurrence
  ELSE (SELECT max(o.occurrence) + 1 FROM timer o WHERE o.case_id = timer.case_id AND o.clause = CAST(:clause AS TEXT)
           AND o.cycle = timer.cycle) END
 WHERE id = :id
"""


def is_current(table: Lifecycle, head: CaseRow, clocks: Iterable[RunningTimer]) -> bool:
    """Whether a case and its open timers bear only names that the table has."""
    resolver = table.resolver
    return (
        head.state in table.state
        and head.previous_state not in resolver.states
        and all(clock.clause in table.clause for clock in clocks)
        and resolved_variables(table, head.variables) == head.variables
    )


def carry_over(context: "CaseContext") -> None:
    """Write a case's current names, with its timers. Raises ``Refused('lost_state' | 'lost_clause')``."""
    head, table = context.head, context.table
    was, state = head.state, table.resolver.state(head.state)
    if state not in table.state:
        raise Refused("lost_state", number=head.number, state=was)
    clocks = list(context.clocks)
    for clock in clocks:
        _refuse_lost(table, head, clock)
    before = context.tx.row(LAST_VERSION, id=head.id, version=head.version)
    version = before.lifecycle if before is not None else ""
    old = recorded_versions(context.tx).get((head.kind, version))
    system = acting(context.tx, SYSTEM).id
    at = context.now
    form = CarriedOver(version=version)
    entry = TransitionDraft(CARRIED_OVER, state, form, system, VIA, at, at, inferred=True)
    append(context.tx, head, table, entry)
    arms = context.arms(entry)
    open_clauses = {name for clock in clocks if (name := _carry_timer(arms, table, clock, old))}
    if state != was:
        _begin(arms, table, open_clauses, _lived_in(table, old, was))


def _refuse_lost(table: Lifecycle, head: CaseRow, clock: RunningTimer) -> None:
    name = table.resolver.clause(clock.clause)
    if name is not None and name not in table.clause:
        raise Refused("lost_clause", number=head.number, clause=clock.clause)


def _carry_timer(arms: TimerStarter, table: Lifecycle, clock: RunningTimer, old: RecordedLifecycle | None) -> str:
    """Carry one open timer over; the name of its clause, or nothing where the timer was closed."""
    name = table.resolver.clause(clock.clause)
    clause = table.clause[name] if name is not None else None
    if clause is None or arms.head.state not in clause.lives_in or _of_another_nature(clock, clause, old):
        close(arms.tx, clock, arms.at, "stopped")
        if clause is not None and arms.head.state in clause.during and _of_another_nature(clock, clause, old):
            arms.start(clause)
            return clause.name
        return ""
    if clause.name != clock.clause:
        arms.tx.run(RENAME, id=clock.id, clause=clause.name)
        clock.clause = clause.name
    if arms.head.state in clause.pauses and clock.running_since is not None:
        clock.rest(arms.at)
        save(arms.tx, clock)
    elif arms.head.state in clause.during and clock.running_since is None:
        clock.running_since = arms.at
        clock.rearm(clause, arms.pack)
        save(arms.tx, clock)
    return clause.name


def _of_another_nature(clock: RunningTimer, clause: Clause, old: RecordedLifecycle | None) -> bool:
    """Whether a promise became a timer that moves the case on, or the other way round: its steps mean nothing there."""
    recorded = old.clauses.get(clock.clause) if old is not None else None
    return recorded is not None and clause.name != clock.clause and bool(recorded.then) != bool(clause.then)


def _lived_in(table: Lifecycle, old: RecordedLifecycle | None, state: str) -> set[str]:
    """The clauses, under their names of today, whose timers lived in a state that was retired."""
    recorded = old.clauses.items() if old is not None else ()
    found = (table.resolver.clause(name) for name, clause in recorded if state in clause.lives_in)
    return {name for name in found if name is not None}


def _begin(arms: TimerStarter, table: Lifecycle, open_clauses: set[str], lived: set[str]) -> None:
    """Begin the clauses of the new state that the old one did not have."""
    for clause in table.clauses:
        if clause.started_by or arms.head.state not in clause.during or clause.name in open_clauses | lived:
            continue
        if clause.once and arms.head.cycle > 1:
            continue
        if clause.partition_by and getattr(arms.head, clause.partition_by) is None:
            continue
        arms.start(clause)
