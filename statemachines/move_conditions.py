"""The conditions of a table's row for the machine of ``transitions``: one on the person, one for the guard."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from transitions import EventData

from statemachines.form_model import Form, StepFired
from statemachines.guards import may_hold
from statemachines.roles import Role
from statemachines.vocabulary import Facts, Move

Callback = str | Callable[..., Any]


@dataclass(slots=True)
class DecisionAttempt:
    """The throw-away model on which the machine tries a move, and what its conditions leave on it.

    ``form`` is None where the move is not made yet: then a guard fails only if no form could meet it.
    """

    state: str
    facts: Facts
    roles: frozenset[Role]
    form: Form | None
    row: Move | None = None
    failed: list[tuple[str, Move]] = field(default_factory=list["tuple[str, Move]"])


def conditions(row: Move) -> list[Callback]:
    """Return the row's conditions for the machine; a condition that fails leaves its code on the attempt.

    An import reports moves that other people made under the rules of another system. So it needs none of the row's
    roles, while state and guard are checked as for everybody. It cannot report a step of an SLA timer.
    """
    roles, imported = frozenset(row.roles), row.form is not StepFired

    def person_is_free(event: EventData) -> bool:
        attempt = _attempt(event)
        if roles.isdisjoint(attempt.roles) and not (imported and Role.IMPORT in attempt.roles):
            code = "role"
        elif row.separate_from and own_work(row, attempt.facts):
            code = "own_work"
        elif row.recused and recused(row, attempt.facts):
            code = "recused"
        else:
            return True
        attempt.failed.append((code, row))
        return False

    def guard_holds(event: EventData) -> bool:
        attempt = _attempt(event)
        guard, facts, form = row.guard, attempt.facts, attempt.form
        held = guard is None or (may_hold(guard, facts) if form is None else guard.holds(facts, form))
        if not held:
            attempt.failed.append(("guard", row))
        return held

    return [person_is_free, guard_holds] if row.guard else [person_is_free]


def own_work(row: Move, facts: Facts) -> frozenset[str]:
    """Return the moves that this person made and from which ``row`` is separate (F3)."""
    made = (name for name, handles in facts.done_by.items() if facts.actor and facts.actor in handles)
    return frozenset(made).intersection(row.separate_from)


def recused(row: Move, facts: Facts) -> bool:
    """Return whether the case concerns this person (F3)."""
    return bool(facts.actor) and any(facts.variables.get(name) == facts.actor for name in row.recused)


def record_row(row: Move) -> Callback:
    """Return a callback that leaves the row the machine chose on the attempt."""

    def record(event: EventData) -> None:
        _attempt(event).row = row

    return record


def _attempt(event: EventData) -> DecisionAttempt:
    return cast(DecisionAttempt, event.model)
