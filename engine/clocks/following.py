"""Lets the clocks of a case follow its moves: they rest and run, end and begin (law 5)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.clocks.arming import Arms
from engine.clocks.running import Running, close, save
from engine.ledger.record import Entry, Head
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


def before(head: Head) -> Before:
    """Keep what the move is about to change."""
    return Before(head.state, head.department, head.owner)


def follow(arms: Arms, table: Lifecycle, clocks: list[Running], was: Before, entry: Entry) -> None:
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
        if clause.opened_by or clause.name not in goes_on:
            _begin(arms, clause, entry)


def _begin(arms: Arms, clause: Clause, entry: Entry) -> None:
    if arms.head.state not in clause.lives_in:
        return
    due = getattr(entry.form, clause.due, None) if clause.due else None
    arms.start(clause, None if due is None else to_micros(due))


def _ending(clause: Clause | None, clock: Running, head: Head, was: Before, entry: Entry) -> str | None:
    if clause is None:
        return "stopped"
    if entry.move in clause.kept_by and (not clause.which or getattr(entry.form, clause.which) == clock.turn):
        return "kept" if clock.kept_at(entry.occurred_at) else "late"
    if entry.row is not None and entry.row.hands_on:
        return "handed_on"
    if head.state not in clause.lives_in or (entry.reopens and not clause.opened_by):
        return "done" if entry.move == clause.then else "stopped"
    if _handed_over(clause, head, was) or (clause.renews and entry.move in clause.opened_by):
        return "handed_over"
    return None


def _handed_over(clause: Clause, head: Head, was: Before) -> bool:
    return bool(clause.per) and getattr(head, clause.per) != was.value(clause.per)


def _rest_or_run(arms: Arms, clock: Running, clause: Clause, at: int) -> None:
    state = arms.head.state
    if state in clause.pauses and clock.running_since is not None:
        clock.rest(at)
        save(arms.tx, clock)
    elif state in clause.during and clock.running_since is None:
        clock.running_since = at
        clock.rearm(clause, arms.pack)
        save(arms.tx, clock)


def _beginning(table: Lifecycle, head: Head, was: Before, entry: Entry) -> Iterator[Clause]:
    for clause, begins in table.beginning(entry.move, was.state, head.state, entry.reopens):
        if clause.once and head.cycle > 1:
            continue
        if clause.opened_by or not clause.per:
            if begins:
                yield clause
        elif (begins or _handed_over(clause, head, was)) and getattr(head, clause.per) is not None:
            yield clause
