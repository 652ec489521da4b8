"""Reads from the record what a replayed move does to promises: a message that did not arrive, an end that is undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.commands.carried_promises import promises_of_the_end
from engine.commands.case_context import CaseContext
from engine.commands.message_checks import arrived_timers, closed_timers
from engine.transaction import Tx
from statemachines.form_model import Form
from statemachines.lifecycle import Move


@dataclass(frozen=True, slots=True)
class PromiseEffects:
    """The rows of the timers that run again, the clauses that start none, and the ids of the timers that are met."""

    reopened: Sequence[Any] = ()
    settled: frozenset[str] = frozenset()
    meets: frozenset[int | None] = frozenset()


NONE = PromiseEffects()


def needs_record(row: Move) -> bool:
    """Return whether the effects of a move depend on transitions and timers that have ended."""
    return row.reopens_promises or row.meets_promises or row.restores_timers


def promise_effects(tx: Tx, context: CaseContext, row: Move, form: Form, at: int) -> PromiseEffects:
    """Return the effects of a move at ``at``, in microseconds; what was planned before it must be written.

    Raises ``Refused('no_such_message')``.
    """
    restored = promises_of_the_end(tx, context, row, at)
    reopened = [*closed_timers(tx, context, row, form), *restored.timers]
    return PromiseEffects(reopened, restored.settled, arrived_timers(tx, context, row, form))
