"""What a move does to promises that have ended or run elsewhere: it gives back, meets or takes over (A5, A6).

Note [What was promised stays promised]: neither a mistaken end nor another kind makes a promise to the customer
forgotten. What was open goes on, with the time that it had used; what was met stays met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.commands.case_context import CaseContext
from engine.commands.form_facts import Message, Promises, TheEnd
from engine.timers.timer import open_only
from statemachines.customer_messages import SPOKEN
from statemachines.form_model import Form, value_of
from statemachines.lifecycle import Clause, Lifecycle, Move, Refused

CONVERTED = "converted"
"""The relation of a complaint to the inquiry that was turned into it."""


@dataclass(frozen=True, slots=True)
class PromiseEffects:
    """The timers that run again, by column; the clauses that start none; the keys of the open timers that are met."""

    reopened: Sequence[Any] = ()
    settled: frozenset[str] = frozenset()
    meets: frozenset[int | None] = frozenset()


NO_EFFECTS = PromiseEffects()


def needs_record(row: Move) -> bool:
    """Return whether the effects of a move depend on transitions and timers that have ended."""
    return row.reopens_promises or row.meets_promises or row.restores_timers


def effects_of(context: CaseContext, row: Move, form: Form, promises: Promises) -> PromiseEffects:
    """Return what a decided move does to promises. Raises ``Refused('no_such_message')``."""
    if not needs_record(row):
        return NO_EFFECTS
    reopened: list[Any] = []
    if row.reopens_promises:
        reopened += _given_back(context, _message(context, form, promises))
    restored = NO_EFFECTS if promises.end is None or not row.restores_timers else _undone(context, row, promises.end)
    met = _met_after_all(context, _message(context, form, promises)) if row.meets_promises else frozenset[int | None]()
    return PromiseEffects([*reopened, *restored.reopened], restored.settled, met)


def _message(context: CaseContext, form: Form, promises: Promises) -> Message:
    """Return the message that the form names. Raises ``Refused('no_such_message')`` where it tells nobody anything."""
    message, table = promises.message, context.table
    rows = () if message is None else table.rows.get(table.resolver.move(message.sent.move), ())
    if message is None or not any(row.speaks for row in rows):
        raise Refused("no_such_message", number=context.case.number, seq=value_of(form, "message") or 0)
    return message


def _given_back(context: CaseContext, message: Message) -> Sequence[Any]:
    """Return the timers that an undelivered message had met.

    It may have met them when it was said to have arrived after all. Those that a conversation since then meets as well
    stay closed: the customer was told after all.
    """
    table, seq = context.table, message.sent.seq
    later = [(row.seq, table.resolver.move(row.move), orjson.loads(row.form)) for row in message.later]
    spoken = {move for _, move, form in later if form.get("medium") in SPOKEN}
    arrived = {at for at, move, form in later if move in table.arrivals and form.get("message") == seq}
    timers = [timer for timer in message.met if timer.closed_by in {seq, *arrived}]
    clauses = [(_clause(table, timer.clause), timer) for timer in timers]
    return [timer for clause, timer in clauses if clause is not None and spoken.isdisjoint(clause.met_by)]


def _met_after_all(context: CaseContext, message: Message) -> frozenset[int | None]:
    """Return the keys of the open timers that a message meets which arrived after all."""
    table, sent = context.table, message.sent
    move, form = table.resolver.move(sent.move), table.resolved_form(sent.move, orjson.loads(sent.form))
    met: set[int | None] = set()
    for timer in open_only(context.timers):
        clause = table.clause[timer.clause]
        named = not clause.occurrence_field or form.get(clause.occurrence_field) == timer.occurrence
        if clause.answers and move in clause.met_by and named and timer.opened_at <= sent.occurred_at:
            met.add(timer.id)
    return frozenset(met)


def _undone(context: CaseContext, row: Move, end: TheEnd) -> PromiseEffects:
    """Return the promises that the end stopped which the move undoes.

    What was met in the case into which this one was merged by mistake stays met.
    """
    met = {(timer.clause, timer.opened_at) for timer in end.met_there}
    timers: list[Any] = []
    settled: set[str] = set()
    for timer in end.stopped:
        clause = _clause(context.table, timer.clause)
        lives = clause is not None and clause.answers and row.dest in clause.lives_in
        if clause is not None and lives and (timer.clause, timer.opened_at) not in met:
            timers.append(timer)
            settled.add(clause.name)
    return PromiseEffects(timers, frozenset(settled))


def settled_by_inquiry(table: Lifecycle, handed_on: Sequence[Any], met: Sequence[Any]) -> frozenset[str]:
    """Return the clauses that start no timer in a complaint, for the inquiry that was turned into it had them.

    What it ``handed_on`` goes on. A promise made once, as the first reply, is not made again if the inquiry ``met`` it.
    """
    running = {timer.clause for timer in handed_on}
    once = {clause.name for clause in table.clauses if clause.once}
    return frozenset(running | (once & {timer.clause for timer in met}))


def not_running(context: CaseContext, move: str, form: Form) -> Mapping[tuple[str, int], set[int]]:
    """Return the promises that the form names and that do not run, by clause and occurrence, with those that run."""
    named: dict[tuple[str, int], set[int]] = {}
    for clause in context.table.met_by_occurrence.get(move, ()):
        occurrence = value_of(form, clause.occurrence_field)
        if occurrence is not None:
            running = {timer.occurrence for timer in open_only(context.timers) if timer.clause == clause.name}
            if occurrence not in running:
                named[clause.name, occurrence] = running
    return named


def _clause(table: Lifecycle, name: str) -> Clause | None:
    return table.clause.get(table.resolver.clause(name) or "")
