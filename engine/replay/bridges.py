"""Finds the moves that bring a case to where a log says it is: one move if there is one, else the shortest bridge."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from engine.ledger.case_variables import variables_after
from engine.replay.form_defaults import FormDefaults, inferred_form, recorded_form
from statemachines.form_model import VARIABLE, Form, StepFired, marked, required
from statemachines.lifecycle import Facts, Lifecycle, Move

LONGEST = 12
"""The most moves of a bridge."""
UNKNOWN = 0
"""The instant of a move that is only tried."""


class PlannedMove(NamedTuple):
    """A move that is to be made for an event; those before the last one are inferred."""

    move: str
    form: Form


Bridge = list[PlannedMove]


def single_moves(
    table: Lifecycle, facts: Facts, targets: Sequence[str], form: Mapping[str, Any], defaults: FormDefaults
) -> Iterator[tuple[Move, Form]]:
    """Yield the moves that lead from here to one of the targets, the first target first, each with its form."""
    rows = [row for row in leaving(table, facts.state) if row.dest in targets]
    for row in sorted(rows, key=lambda row: targets.index(row.dest or "")):
        fitting = {name: value for name, value in form.items() if name in row.form.model_fields}
        try:
            checked = row.form.model_validate(recorded_form(row.form, fitting, defaults))
        except ValidationError:
            continue
        if row.guard is None or row.guard.holds(facts, checked):
            yield row, checked


def leaving(table: Lifecycle, state: str) -> list[Move]:
    """Return the rows by which a case leaves a state, in the table's order."""
    return [row for row in table.moves if row.dest not in {None, state} and state in row.sources]


def shortest_bridge(
    table: Lifecycle, facts: Facts, reached: Callable[[Facts], bool], defaults: FormDefaults, reopening: bool
) -> Bridge | None:
    """Return the shortest legal bridge to where ``reached`` holds, or None; among equals the table's order decides.

    A bridge passes through no final state, and reopens the case only if the log shows it (``reopening``).
    """
    visited = {_position(facts)}
    queue: deque[tuple[Facts, Bridge]] = deque([(facts, [])])
    while queue:
        here, bridge = queue.popleft()
        if bridge and reached(here):
            return bridge
        if len(bridge) >= LONGEST or table.state[here.state].final:
            continue
        for row in _rows_from(table, here, reopening):
            form = inferred_form(row.form, defaults)
            if form is None or (row.guard is not None and not row.guard.holds(here, form)):
                continue
            after = _facts_after(here, row, form)
            if _position(after) not in visited:
                visited.add(_position(after))
                queue.append((after, [*bridge, PlannedMove(row.name, form)]))
    return None


def _rows_from(table: Lifecycle, here: Facts, reopening: bool) -> Iterator[Move]:
    """Yield the rows that leave the state, and those that stay but set a variable that a guard may need."""
    for row in table.moves:
        if here.state not in row.sources or row.form is StepFired or (row.reopens and not reopening):
            continue
        stays = row.dest in {None, here.state}
        if not stays or set(marked(row.form, VARIABLE)) & set(required(row.form)):
            yield row


def _position(facts: Facts) -> tuple[Any, ...]:
    return facts.state, facts.previous_state, facts.cycle, frozenset(facts.variables)


def _facts_after(facts: Facts, row: Move, form: Form) -> Facts:
    """Return the facts of the case after a move."""
    dest = row.dest or facts.state
    states = {"state": dest, "previous_state": facts.state if dest != facts.state else facts.previous_state}
    before = orjson.dumps(dict(facts.variables)).decode()
    variables: Mapping[str, Any] = orjson.loads(variables_after(before, form, row, UNKNOWN))
    return replace(facts, **states, variables=variables, cycle=facts.cycle + row.reopens)
