"""Finds the moves that bring a case to where a log says it is: one move if there is one, else the shortest bridge."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, get_args

import orjson
from pydantic import ValidationError

from engine.actors import IMPORT
from engine.ledger.case_variables import remembered
from statemachines.form_model import PERSONAL, VARIABLE, Code, Form, Handle, StepFired, marked, required
from statemachines.lifecycle import Facts, Lifecycle, Move

LONGEST = 12
"""The most moves of a bridge."""
UNSAID = "unclassified"
"""The code for what a log does not say."""


Way = list[tuple[str, Form]]
"""Moves in order, each with its form."""


@dataclass(frozen=True, slots=True)
class Words:
    """What forms are filled with: the mapping's values by field, and the text where the log has none."""

    fill: Mapping[str, Any]
    wordless: str


def filled(asks: type[Form], given: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Return a recorded event's form: the log's values, and neutral ones for texts and codes that it lacks."""
    form = {name: words.fill[name] for name in asks.model_fields if name in words.fill} | dict(given)
    for name in required(asks):
        if name not in form and (neutral := _plain_neutral(asks, name, words)) is not None:
            form[name] = neutral
    return form


def supposed(asks: type[Form], words: Words) -> Form | None:
    """Return an inferred move's form; None where a field has no neutral value: an opinion, a reason, a case."""
    form = filled(asks, {}, words)
    for name in required(asks):
        if name not in form:
            form[name] = _supposed(asks, name)
    try:
        return asks.model_validate(form)
    except ValidationError:
        return None


def _plain_neutral(asks: type[Form], name: str, words: Words) -> str | None:
    if name in marked(asks, PERSONAL):
        return words.wordless
    return UNSAID if _sort(asks, name) == "code" else None


def _supposed(asks: type[Form], name: str) -> Any:
    match _sort(asks, name):
        case "bool":
            return True
        case "int":
            return 0
        case "handle":
            return IMPORT
        case _:
            return None


@cache
def _sort(asks: type[Form], name: str) -> str:
    """Return the sort of value that a field takes, if that sort has a neutral value."""
    field = asks.model_fields[name]
    parts = {field.annotation, *get_args(field.annotation)}
    for sort, meant in (("bool", bool), ("int", int)):
        if meant in parts:
            return sort
    metadata = set(map(repr, field.metadata))
    if metadata & {repr(one) for one in get_args(Handle)[1:]} and "ACTOR" in metadata:
        return "handle"
    return "code" if metadata & {repr(one) for one in get_args(Code)[1:]} else ""


def single(
    table: Lifecycle, facts: Facts, targets: Sequence[str], form: Mapping[str, Any], words: Words
) -> Iterator[tuple[Move, Form]]:
    """Yield the moves that lead from here to one of the targets, the first target first, each with its form."""
    rows = [row for row in leading(table, facts.state) if row.dest in targets]
    for row in sorted(rows, key=lambda row: targets.index(row.dest or "")):
        try:
            checked = row.form.model_validate(filled(row.form, _fitting(row.form, form), words))
        except ValidationError:
            continue
        if row.guard is None or row.guard.holds(facts, checked):
            yield row, checked


def _fitting(asks: type[Form], form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: form[name] for name in form if name in asks.model_fields}


def leading(table: Lifecycle, state: str) -> list[Move]:
    """Return the rows by which a case leaves a state, in the table's order."""
    return [row for row in table.moves if row.dest not in {None, state} and state in row.sources]


def bridge(table: Lifecycle, facts: Facts, there: Callable[[Facts], bool], words: Words, again: bool) -> Way | None:
    """Return the shortest legal way to where ``there`` holds, or None; among equals the table's order decides.

    A way passes through no final state, and reopens the case only if ``again`` says that the log shows it.
    """
    seen = {_place(facts)}
    edge: deque[tuple[Facts, Way]] = deque([(facts, [])])
    while edge:
        here, way = edge.popleft()
        if way and there(here):
            return way
        if len(way) >= LONGEST or table.state[here.state].final:
            continue
        for row in _steps(table, here, again):
            form = supposed(row.form, words)
            if form is None or (row.guard is not None and not row.guard.holds(here, form)):
                continue
            after = _after(here, row, form)
            if _place(after) not in seen:
                seen.add(_place(after))
                edge.append((after, [*way, (row.name, form)]))
    return None


def _steps(table: Lifecycle, here: Facts, again: bool) -> Iterator[Move]:
    """Yield the rows that lead on, and those that stay but set a variable that a guard may need."""
    for row in table.moves:
        if here.state not in row.sources or row.form is StepFired or (row.reopens and not again):
            continue
        stays = row.dest in {None, here.state}
        if not stays or set(marked(row.form, VARIABLE)) & set(required(row.form)):
            yield row


def _place(facts: Facts) -> tuple[Any, ...]:
    return facts.state, facts.previous_state, facts.cycle, frozenset(facts.variables)


def _after(facts: Facts, row: Move, form: Form) -> Facts:
    """Return the facts of the case after a move."""
    dest = row.dest or facts.state
    moved = {"state": dest, "previous_state": facts.state if dest != facts.state else facts.previous_state}
    variables = _variables(facts, row, form)
    return replace(facts, **moved, variables=variables, cycle=facts.cycle + row.reopens)


def _variables(facts: Facts, row: Move, form: Form) -> Mapping[str, Any]:
    before = orjson.dumps(dict(facts.variables)).decode()
    return orjson.loads(remembered(before, form, row))
