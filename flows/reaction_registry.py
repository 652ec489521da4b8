"""The decorators by which a reaction says which moments it answers; found by importing ``flows.reactions``."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.commands.open_case import OPEN
from engine.commands.plan import BY_TIMER
from engine.outbox.deliveries import CaseEvent
from flows.reaction_context import ReactionContext
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

React = Callable[[ReactionContext], Awaitable[None]]


Answers = Callable[[CaseEvent], bool]

REACTIONS = Path(__file__).with_name("reactions")
"""The package whose modules register reactions; they are found by name, so that none is listed here."""
EVERY = None
"""Stands for the lifecycles of every kind."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """Flow code that answers a moment. Its name is part of the key of its effects: never rename it lightly."""

    name: str
    answers: Answers
    react: React


_REACTIONS: dict[str, Reaction] = {}


def on_open(table: Lifecycle | None) -> Callable[[React], React]:
    """When a case was opened."""
    return _registered(table, lambda happened: happened.move == OPEN)


def entering(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """When a case came into one of the states."""
    return _registered(table, lambda happened: happened.dest in states and happened.dest != happened.source)


def leaving(table: Lifecycle | None, *states: str) -> Callable[[React], React]:
    """When a case left one of the states."""
    return _registered(table, lambda happened: happened.source in states and happened.dest != happened.source)


def on_move(table: Lifecycle | None, *moves: str) -> Callable[[React], React]:
    """When one of the moves was made."""
    return _registered(table, lambda happened: happened.move in moves)


def on_escalation_step(table: Lifecycle | None) -> Callable[[React], React]:
    """When a rung of a clock's ladder fired."""
    return _registered(table, _rung)


def _rung(happened: CaseEvent) -> bool:
    table = lifecycle_of(happened.kind)
    return happened.via == BY_TIMER and happened.move in (table.remind, table.breach)


def _registered(table: Lifecycle | None, answers: Answers) -> Callable[[React], React]:
    """Keep a reaction under its name; one function may answer several decorators."""

    def meant(happened: CaseEvent) -> bool:
        return (table is None or happened.kind == table.kind) and answers(happened)

    def register(react: React) -> React:
        name = react.__name__
        known = _REACTIONS.get(name)
        if known is not None and known.react.__module__ != react.__module__:
            raise ValueError(f"two reactions are named {name}: {known.react.__module__} and {react.__module__}")
        before = known.answers if known is not None else None
        both = meant if before is None else lambda happened: before(happened) or meant(happened)
        _REACTIONS[name] = Reaction(name, both, react)
        return react

    return register


@cache
def reactions() -> dict[str, Reaction]:
    """Every reaction by name."""
    for found in pkgutil.iter_modules([str(REACTIONS)]):
        importlib.import_module(f"flows.reactions.{found.name}")
    return _REACTIONS


def wanted(happened: CaseEvent) -> Iterable[str]:
    """The names of the reactions that a moment calls for."""
    return [r.name for r in reactions().values() if r.answers(happened)]
