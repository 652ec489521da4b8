"""Decorators that register a reaction for the events it answers; importing ``flows.reactions`` registers them."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from engine.outbox.case_event import CaseEvent
from flows.reaction_context import ReactionContext
from statemachines.customer_messages import Medium
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle

React = Callable[[ReactionContext], Awaitable[None]]
Answers = Callable[[CaseEvent], bool]

REACTIONS = Path(__file__).with_name("reactions")
"""The package whose modules register reactions; they are found by name, so that none is listed here."""
EVERY = None
"""In place of a lifecycle: the cases of every kind."""


class UnknownName(ValueError):
    """A decorator names a state or a move that its lifecycle does not have."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A function that answers events. Its name is part of the key of its effects, so a rename can repeat them."""

    name: str
    answers: Answers
    react: React


_REACTIONS: dict[str, Reaction] = {}


def on_open(table: Lifecycle | None) -> Callable[[React], React]:
    """Register a reaction to the opening of a case."""
    return _registered(table, lambda event: event.move == OPEN)


def on_unset_limits(table: Lifecycle | None) -> Callable[[React], React]:
    """Register a reaction to the opening of a case for which the policy pack does not set every awaited limit."""
    return _registered(table, lambda event: event.move == OPEN and '"unset_limits":' in event.form)


def entering(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """Register a reaction to a move into one of the states. Raises ``UnknownName``."""
    return _registered(table, lambda event: event.dest in states and event.dest != event.source, "state", states)


def leaving(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """Register a reaction to a move out of one of the states. Raises ``UnknownName``."""
    return _registered(table, lambda event: event.source in states and event.dest != event.source, "state", states)


def on_move(table: Lifecycle | None, *moves: str) -> Callable[[React], React]:
    """Register a reaction to one of the moves. Raises ``UnknownName``."""
    return _registered(table, lambda event: event.move in moves, "move", moves)


def on_reopening(table: Lifecycle | None) -> Callable[[React], React]:
    """Register a reaction to a move that begins a new cycle."""
    return _registered(table, _reopens)


def _reopens(event: CaseEvent) -> bool:
    rows = lifecycle_of(event.kind).rows.get(event.move, ())
    return any(row.reopens and row.leads(event.source, event.dest) for row in rows)


def on_message(table: Lifecycle | None) -> Callable[[React], React]:
    """Register a reaction to a move that speaks to the customer and leaves it to us to send his words."""
    return _registered(table, _is_to_be_sent)


def _is_to_be_sent(event: CaseEvent) -> bool:
    rows = lifecycle_of(event.kind).rows.get(event.move, ())
    return any(row.speaks for row in rows) and json.loads(event.form).get("medium") == Medium.SEND


def on_escalation_step(table: Lifecycle | None, *clauses: str) -> Callable[[React], React]:
    """Register a reaction to an escalation step that fired: of these clauses, or of any."""
    if not clauses:
        return _registered(table, _is_escalation_step)
    return _registered(table, lambda event: _is_escalation_step(event) and json.loads(event.form)["clause"] in clauses)


def on_event(table: Lifecycle | None, answers: Answers) -> Callable[[React], React]:
    """Register a reaction to the events that a function recognises, where neither a state nor a move names them."""
    return _registered(table, answers)


def _is_escalation_step(event: CaseEvent) -> bool:
    table = lifecycle_of(event.kind)
    return event.via == BY_TIMER and event.move in (table.remind, table.breach)


def _registered(
    table: Lifecycle | None, answers: Answers, sort: str = "", names: tuple[str, ...] = ()
) -> Callable[[React], React]:
    """Register a reaction by its name; one function may have several decorators, and answers what any of them names.

    ``names`` are the states or moves (``sort``) that the decorator was given.
    """

    def answers_kind(event: CaseEvent) -> bool:
        return (table is None or event.kind == table.kind) and answers(event)

    def register(react: React) -> React:
        name = react.__name__
        if sort:
            _check_names(f"{inspect.getfile(react)}: the reaction {name}", table, sort, names)
        other = _REACTIONS.get(name)
        if other is not None and other.react.__module__ != react.__module__:
            raise ValueError(f"two reactions are named {name}: {other.react.__module__} and {react.__module__}")
        before = other.answers if other is not None else None
        either = answers_kind if before is None else lambda event: before(event) or answers_kind(event)
        _REACTIONS[name] = Reaction(name, either, react)
        return react

    return register


def _check_names(reaction: str, table: Lifecycle | None, sort: str, names: tuple[str, ...]) -> None:
    """Raise ``UnknownName`` for the first name that no lifecycle meant by the decorator has."""
    kind = table.kind if table is not None else "any kind"
    tables = [table] if table is not None else lifecycles().values()
    known = sorted({name for each in tables for name in (each.state if sort == "state" else each.rows)})
    if not names:
        raise UnknownName(f"{reaction} names no {sort} of {kind}; known: {', '.join(known)}")
    for name in (name for name in names if name not in known):
        meant = "".join(f" (is {near} meant?)" for near in get_close_matches(name, known, 1))
        raise UnknownName(f"{reaction} answers {name}, no {sort} of {kind}{meant}; known: {', '.join(known)}")


@cache
def reactions() -> dict[str, Reaction]:
    """Import every module of ``flows.reactions`` and return every reaction by name."""
    for module in pkgutil.iter_modules([str(REACTIONS)]):
        importlib.import_module(f"flows.reactions.{module.name}")
    return _REACTIONS


def wanted(event: CaseEvent) -> Iterable[str]:
    """Return the names of the reactions that answer an event."""
    return [reaction.name for reaction in reactions().values() if reaction.answers(event)]
