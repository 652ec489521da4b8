"""Lets the clocks of a case follow its moves: they rest and run, end and begin (law 5)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.ledger.record import CaseRow, TransitionDraft
from engine.timers.start import TimerStarter
from engine.timers.timer import RunningTimer, close, save
from models.columns import to_micros
from statemachines.lifecycle import Clause, Lifecycle


class Before(NamedTuple):
    """What a case was before the move: its state, and the columns that clauses look at."""

    state: str
    department: str | None
    owner: str | None

    def value(self, column: str) -> Any:
        """The column of a clause's ``per``."""
        return getattr(self, column)


def before(head: CaseRow) -> Before:
    """Keep what the move is about to change."""
    return Before(head.state, head.department, head.owner)


def follow(
    arms: TimerStarter, table: Lifecycle, clocks: list[RunningTimer], was: Before, entry: TransitionDraft
) -> None:
    """Let the clocks follow a move that ``entry`` describes and the head already shows."""
    clauses = {clause.name: clause for clause in table.clauses}
    again: list[Clause] = []
    goes_on: set[str] = set()
    for clock in clocks:
        clause = clauses.get(clock.clause)
        ending = _ending(clause, clock, arms.head, was, entry)
        if ending is not None:
            close(arms.tx, clock, entry.occurred_at, ending)
            if clause is not None and clause.repeats and ending in {"kept", "late"}:
                again.append(clause)
            continue
        goes_on.add(clock.clause)
        if clause is not None and arms.head.state != was.state:
            _rest_or_run(arms, clock, clause, entry.occurred_at)
    for clause in dict.fromkeys([*again, *_beginning(table, arms.head, was, entry)]):
        # A case that is carried over out of a lost state comes into states in which its clocks are already.
        if clause.started_by or clause.name not in goes_on:
            _begin(arms, clause, entry)


def _begin(arms: TimerStarter, clause: Clause, entry: TransitionDraft) -> None:
    if arms.head.state not in clause.lives_in:
        return
    due = getattr(entry.form, clause.due_field, None) if clause.due_field else None
    arms.start(clause, None if due is None else to_micros(due))


def _ending(
    clause: Clause | None, clock: RunningTimer, head: CaseRow, was: Before, entry: TransitionDraft
) -> str | None:
    if clause is None:
        return "stopped"
    if entry.move in clause.met_by and (
        not clause.occurrence_field or getattr(entry.form, clause.occurrence_field) == clock.occurrence
    ):
        return "kept" if clock.kept_at(entry.occurred_at) else "late"
    if entry.row is not None and entry.row.releases_timers:
        return "handed_on"
    if head.state not in clause.lives_in or (entry.reopens and not clause.started_by):
        return "done" if entry.move == clause.then else "stopped"
    if _handed_over(clause, head, was) or (clause.restarts and entry.move in clause.started_by):
        return "handed_over"
    return None


def _handed_over(clause: Clause, head: CaseRow, was: Before) -> bool:
    return bool(clause.partition_by) and getattr(head, clause.partition_by) != was.value(clause.partition_by)


def _rest_or_run(arms: TimerStarter, clock: RunningTimer, clause: Clause, at: int) -> None:
    state = arms.head.state
    if state in clause.pauses and clock.running_since is not None:
        clock.rest(at)
        save(arms.tx, clock)
    elif state in clause.during and clock.running_since is None:
        clock.running_since = at
        clock.rearm(clause, arms.pack)
        save(arms.tx, clock)


def _beginning(table: Lifecycle, head: CaseRow, was: Before, entry: TransitionDraft) -> Iterator[Clause]:
    for clause, begins in table.beginning(entry.move, was.state, head.state, entry.reopens):
        if clause.once and head.cycle > 1:
            continue
        if clause.started_by or not clause.partition_by:
            if begins:
                yield clause
        elif (begins or _handed_over(clause, head, was)) and getattr(head, clause.partition_by) is not None:
            yield clause
