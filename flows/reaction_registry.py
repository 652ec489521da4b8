"""Decorators that register a reaction for the events it answers; importing ``flows.reactions`` registers them."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from engine.outbox.deliveries import CaseEvent
from flows.reaction_context import ReactionContext
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

React = Callable[[ReactionContext], Awaitable[None]]
Answers = Callable[[CaseEvent], bool]

REACTIONS = Path(__file__).with_name("reactions")
"""The package whose modules register reactions; they are found by name, so that none is listed here."""
EVERY = None
"""In place of a lifecycle: the cases of every kind."""


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


def entering(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """Register a reaction to a move into one of the states."""
    return _registered(table, lambda event: event.dest in states and event.dest != event.source)


def leaving(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """Register a reaction to a move out of one of the states."""
    return _registered(table, lambda event: event.source in states and event.dest != event.source)


def on_move(table: Lifecycle | None, *moves: str) -> Callable[[React], React]:
    """Register a reaction to one of the moves."""
    return _registered(table, lambda event: event.move in moves)


def on_escalation_step(table: Lifecycle | None) -> Callable[[React], React]:
    """Register a reaction to an escalation step that fired."""
    return _registered(table, _is_escalation_step)


def _is_escalation_step(event: CaseEvent) -> bool:
    table = lifecycle_of(event.kind)
    return event.via == BY_TIMER and event.move in (table.remind, table.breach)


def _registered(table: Lifecycle | None, answers: Answers) -> Callable[[React], React]:
    """Register a reaction by its name; one function may have several decorators, and answers what any of them names."""

    def matches(event: CaseEvent) -> bool:
        return (table is None or event.kind == table.kind) and answers(event)

    def register(react: React) -> React:
        name = react.__name__
        known = _REACTIONS.get(name)
        if known is not None and known.react.__module__ != react.__module__:
            raise ValueError(f"two reactions are named {name}: {known.react.__module__} and {react.__module__}")
        before = known.answers if known is not None else None
        either = matches if before is None else lambda event: before(event) or matches(event)
        _REACTIONS[name] = Reaction(name, either, react)
        return react

    return register


@cache
def reactions() -> dict[str, Reaction]:
    """Return every reaction by name."""
    for module in pkgutil.iter_modules([str(REACTIONS)]):
        importlib.import_module(f"flows.reactions.{module.name}")
    return _REACTIONS


def wanted(event: CaseEvent) -> Iterable[str]:
    """Return the names of the reactions that answer an event."""
    return [reaction.name for reaction in reactions().values() if reaction.answers(event)]
