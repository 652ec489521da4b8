"""Renames parts of a lifecycle as its next release would, with the ``Retired`` entries that the release leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import create_model

from statemachines.customer_messages import ToCustomer
from statemachines.form_model import Form
from statemachines.guards import previous_state
from statemachines.lifecycle import Clause, Facts, Guard, Lifecycle, Move, Retired, Speech

Names = Mapping[str, str]


@dataclass(frozen=True)
class Renames:
    """Old names and their new ones; ``fields`` by ``Form.field``, their new names bare."""

    states: Names = field(default_factory=dict[str, str])
    moves: Names = field(default_factory=dict[str, str])
    clauses: Names = field(default_factory=dict[str, str])
    fields: Names = field(default_factory=dict[str, str])
    variables: Names = field(default_factory=dict[str, str])

    def retired(self) -> tuple[Retired, ...]:
        """Return the entries that the renames leave in the table."""
        return (
            *(Retired(old, new) for old, new in self.states.items()),
            *(Retired(move=old, to=new) for old, new in self.moves.items()),
            *(Retired(clause=old, to=new) for old, new in self.clauses.items()),
            *(Retired(field=old, to=new) for old, new in self.fields.items()),
            *(Retired(variable=old, to=new) for old, new in self.variables.items()),
        )

    def form_of(self, form: type[Form], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a form under the new names of its fields."""
        return {self.fields.get(f"{form.__name__}.{name}", name): value for name, value in values.items()}


class _OldNames:
    """A form of the new release, as a guard of the old one reads it."""

    def __init__(self, form: Any, names: Names) -> None:
        self._form, self._names = form, names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._form, self._names.get(name, name))


def renamed(table: Lifecycle, renames: Renames) -> Lifecycle:
    """Return the table under its new names; every guard decides as before."""
    forms = {name: _renamed_form(form, renames) for name, form in table.forms.items()}
    state = {name: renames.states.get(name, name) for name in table.state}
    return replace(
        table,
        initial=state[table.initial],
        states=tuple(replace(old, name=state[old.name]) for old in table.states),
        moves=tuple(_renamed_move(row, renames, forms, state) for row in table.moves),
        clauses=tuple(_renamed_clause(clause, renames, state) for clause in table.clauses),
        remind=renames.moves.get(table.remind, table.remind),
        breach=renames.moves.get(table.breach, table.breach),
        retired=(*table.retired, *renames.retired()),
    )


def _renamed_form(form: type[Form], renames: Renames) -> type[Form]:
    new = {name: renames.fields.get(f"{form.__name__}.{name}", name) for name in form.model_fields}
    if all(old == now for old, now in new.items()):
        return form
    base = ToCustomer if issubclass(form, ToCustomer) else Form
    own = {name: info for name, info in form.model_fields.items() if name not in base.model_fields}
    fields: dict[str, Any] = {new[name]: (info.annotation, info) for name, info in own.items()}
    return create_model(form.__name__, __base__=base, **fields)


def _renamed_speech(row: Move, renames: Renames) -> Speech | None:
    if row.speaks is None:
        return None
    fields = (renames.fields.get(f"{row.form.__name__}.{name}", name) for name in row.speaks.fields)
    return replace(row.speaks, fields=tuple(fields))


def _renamed_move(row: Move, renames: Renames, forms: Mapping[str, type[Form]], state: Names) -> Move:
    variable = _variables(renames)
    return replace(
        row,
        name=renames.moves.get(row.name, row.name),
        sources=tuple(state[name] for name in row.sources),
        dest=None if row.dest is None else state[row.dest],
        form=forms[row.form.__name__],
        guard=_renamed_guard(row, renames, state),
        separate_from=tuple(renames.moves.get(name, name) for name in row.separate_from),
        recused=tuple(variable.get(name, name) for name in row.recused),
        clears=tuple(variable.get(name, name) for name in row.clears),
        speaks=_renamed_speech(row, renames),
        counts=None if row.counts is None else variable.get(row.counts, row.counts),
        stamps=None if row.stamps is None else variable.get(row.stamps, row.stamps),
    )


def _variables(renames: Renames) -> dict[str, str]:
    """Return the new names of the variables: those renamed, and those named after renamed fields."""
    of_fields = {old.partition(".")[2]: new for old, new in renames.fields.items()}
    return {**of_fields, **renames.variables}


def _renamed_guard(row: Move, renames: Renames, state: Names) -> Guard | None:
    guard = row.guard
    if guard is None:
        return None
    if guard.name.startswith("came_from_"):
        return previous_state(state[guard.name.removeprefix("came_from_")])
    old_state = {new: old for old, new in state.items()}
    old_clause = {new: old for old, new in renames.clauses.items()}
    old_variable = {new: old for old, new in _variables(renames).items()}
    prefix = f"{row.form.__name__}."
    fields = {old.removeprefix(prefix): new for old, new in renames.fields.items() if old.startswith(prefix)}

    def holds(facts: Facts, form: Any) -> bool:
        variables = {old_variable.get(name, name): value for name, value in facts.variables.items()}
        before = replace(
            facts,
            state=old_state.get(facts.state, facts.state),
            previous_state=old_state.get(facts.previous_state, facts.previous_state),
            variables=variables,
            running=frozenset(old_clause.get(name, name) for name in facts.running),
        )
        return guard.holds(before, _OldNames(form, fields))

    return replace(guard, holds=holds)


def _renamed_clause(clause: Clause, renames: Renames, state: Names) -> Clause:
    move = {**renames.moves}
    return replace(
        clause,
        name=renames.clauses.get(clause.name, clause.name),
        during=tuple(state[name] for name in clause.during),
        pauses=tuple(state[name] for name in clause.pauses),
        met_by=tuple(move.get(name, name) for name in clause.met_by),
        started_by=tuple(move.get(name, name) for name in clause.started_by),
        renewed_by=tuple(move.get(name, name) for name in clause.renewed_by),
        then=None if clause.then is None else move.get(clause.then, clause.then),
        triggers=tuple((trigger, move.get(name, name)) for trigger, name in clause.triggers),
        waits_for=tuple(renames.clauses.get(name, name) for name in clause.waits_for),
    )
