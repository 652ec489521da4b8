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
from statemachines.lifecycle import Facts, Lifecycle, Milestone, Move
from statemachines.roles import Role

LONGEST = 12
"""The most moves of a bridge."""
UNKNOWN = 0
"""The instant of a move that is only tried."""


SPINE = tuple(Milestone)


class PlannedMove(NamedTuple):
    """A move that is to be made for an event. It is inferred unless the log shows it itself."""

    move: str
    form: Form
    inferred: bool = False


class Shown(NamedTuple):
    """What an event shows, so that a bridge to it may infer it: that work began again, that there was a result."""

    reopening: bool
    result: bool


Bridge = list[PlannedMove]


def single_moves(
    table: Lifecycle,
    facts: Facts,
    targets: Sequence[str],
    form: Mapping[str, Any],
    defaults: FormDefaults,
    bridging: bool,
) -> Iterator[tuple[Move, Form]]:
    """Yield the moves that lead from here to one of the targets, the first target first, each with its form.

    A case is handed back only in a bridge: nobody here may do it, so to a strict replay it is a deviation.
    """
    rows = [row for row in leaving(table, facts.state) if row.dest in targets]
    rows = [row for row in rows if bridging or not hands_back(table, row)]
    for row in sorted(rows, key=lambda row: targets.index(row.dest or "")):
        fitting = {name: value for name, value in form.items() if name in row.form.model_fields}
        try:
            checked = row.form.model_validate(recorded_form(row.form, fitting, defaults))
        except ValidationError:
            continue
        if row.guard is None or row.guard.holds(facts, checked):
            yield row, checked


def hands_back(table: Lifecycle, row: Move) -> bool:
    """Return whether a row, which only an import makes, returns an unresolved case to an earlier state."""
    return _goes_back(table, row) and not row.reopens


def stands_in(table: Lifecycle, row: Move) -> bool:
    """Return whether a row stands in for moves that the log lacks: it shows where the case is again, but not how.

    A new round that begins with work (``reopen``) is shown by that work; one that begins before it is inferred.
    """
    before_work = row.dest is not None and _reached(table, row.dest) < SPINE.index(Milestone.INVESTIGATED)
    return hands_back(table, row) or (_goes_back(table, row) and before_work)


def _goes_back(table: Lifecycle, row: Move) -> bool:
    """Return whether a row of imports alone leads to a state that stands before its sources in the table."""
    names = list(table.state)
    if row.roles != (Role.IMPORT,) or row.dest is None:
        return False
    return all(names.index(row.dest) < names.index(source) for source in row.sources)


def _reached(table: Lifecycle, state: str) -> int:
    return SPINE.index(table.state[state].milestone)


def leaving(table: Lifecycle, state: str) -> list[Move]:
    """Return the rows by which a case leaves a state, in the table's order."""
    return [row for row in table.moves if row.dest not in {None, state} and state in row.sources]


def shortest_bridge(
    table: Lifecycle, facts: Facts, reached: Callable[[Facts], bool], defaults: FormDefaults, shown: Shown
) -> Bridge | None:
    """Return the shortest legal bridge to where ``reached`` holds, or None; among equals the table's order decides.

    A bridge passes through no final state. It reopens the case or brings it to a result only if the log shows that.
    """
    visited = {_position(facts)}
    queue: deque[tuple[Facts, Bridge]] = deque([(facts, [])])
    while queue:
        here, bridge = queue.popleft()
        if bridge and reached(here):
            return bridge
        if len(bridge) >= LONGEST or table.state[here.state].final:
            continue
        for row in _rows_from(table, here, shown):
            form = inferred_form(row.form, defaults)
            if form is None or (row.guard is not None and not row.guard.holds(here, form)):
                continue
            after = _facts_after(here, row, form)
            if _position(after) not in visited:
                visited.add(_position(after))
                queue.append((after, [*bridge, PlannedMove(row.name, form, inferred=True)]))
    return None


def _rows_from(table: Lifecycle, here: Facts, shown: Shown) -> Iterator[Move]:
    """Yield the rows that leave the state, and those that stay but set a variable that a guard may need."""
    for row in table.moves:
        if here.state not in row.sources or row.form is StepFired or (row.reopens and not shown.reopening):
            continue
        if not shown.result and _brings_result(table, here.state, row):
            continue
        stays = row.dest in {None, here.state}
        if not stays or set(marked(row.form, VARIABLE)) & set(required(row.form)):
            yield row


def _brings_result(table: Lifecycle, state: str, row: Move) -> bool:
    resolved = SPINE.index(Milestone.RESOLVED)
    return row.dest is not None and _reached(table, state) < resolved <= _reached(table, row.dest)


def _position(facts: Facts) -> tuple[Any, ...]:
    return facts.state, facts.previous_state, facts.cycle, frozenset(facts.variables)


def _facts_after(facts: Facts, row: Move, form: Form) -> Facts:
    """Return the facts of the case after a move."""
    dest = row.dest or facts.state
    states = {"state": dest, "previous_state": facts.state if dest != facts.state else facts.previous_state}
    before = orjson.dumps(dict(facts.variables)).decode()
    variables: Mapping[str, Any] = orjson.loads(variables_after(before, form, row, UNKNOWN))
    return replace(facts, **states, variables=variables, cycle=facts.cycle + row.reopens)
