"""Random walks through every lifecycle: the machine decides each move as the rows of the table say.

The evaluation below reads the rows and uses nothing of ``transitions``. Other tests check the table itself: the stories
its way from end to end, the golden histories each recorded decision, the decisions who may do what and why not, and
the laws its soundness.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ledger.case_variables import variables_after
from statemachines.form_model import ON_CASE, Form, StepFired, marked
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Facts, Lifecycle, Move, Refused
from statemachines.roles import Role
from tests.statemachines.strategies import forms

TABLES = list(lifecycles().values())
every_lifecycle = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
ACTORS = st.sampled_from(("", "ann", "han"))
LIMITS = st.integers(1, 3)
ROLES = st.just(frozenset(Role)) | st.sampled_from([frozenset({role}) for role in Role])
STEPS = st.integers(1, 20)


@cache
def ways(kind: str) -> dict[str, st.SearchStrategy[str]]:
    """Return for each state a strategy for the name of a move: one that starts there, or any of the lifecycle."""
    table = lifecycles()[kind]
    every = st.sampled_from([*table.rows])
    available = {state: [row.name for row in table.moves if state in row.sources] for state in table.state}
    return {state: st.sampled_from(names) | every if names else every for state, names in available.items()}


def evaluate(table: Lifecycle, facts: Facts, move: str, form: Form, roles: frozenset[Role]) -> tuple[str, Move | None]:
    """Return ``made`` and the first row that allows the move, or the code of the refusal."""
    codes: set[str] = set()
    bounds: set[str] = set()
    for row in (row for row in table.moves if row.name == move and facts.state in row.sources):
        code = evaluate_row(row, facts, form, roles)
        if code == "made":
            return code, row
        codes.add(code)
        bounds |= {name for name in row.guard.bounds if code != "role"} if row.guard else set()
    if not codes or codes == {"role"}:
        return "role" if codes else "not_now", None
    refusals = codes - {"role"}
    if refusals in ({"own_work"}, {"recused"}):
        return refusals.pop(), None
    return "blank_bound" if any(facts.bounds.get(name) is None for name in bounds) else "guard", None


def evaluate_row(row: Move, facts: Facts, form: Form, roles: frozenset[Role]) -> str:
    """Return ``made`` if the row allows the move, else the code of the refusal."""
    if not is_authorised(row, roles):
        return "role"
    if facts.actor and any(facts.actor in facts.done_by.get(name, ()) for name in row.separate_from):
        return "own_work"
    if facts.actor and facts.actor in {facts.variables.get(name) for name in row.recused}:
        return "recused"
    return "made" if row.guard is None or row.guard.holds(facts, form) else "guard"


def is_authorised(row: Move, roles: frozenset[Role]) -> bool:
    return bool(roles & set(row.roles)) or (Role.IMPORT in roles and row.form is not StepFired)


def decide(table: Lifecycle, facts: Facts, move: str, form: Form, roles: frozenset[Role]) -> tuple[str, Move | None]:
    """Return what the lifecycle decides in the form of ``evaluate``."""
    try:
        decision = table.decide(facts, move, form, roles)
    except Refused as refused:
        return refused.code if refused.code == "guard" or not lists_move(
            refused, move
        ) else "listed though refused", None
    return "made", decision.row


def lists_move(refused: Refused, move: str) -> bool:
    """Return whether the refused move is among the allowed ones, as it is only where a guard failed."""
    return move in refused.params["allowed"]


def after(facts: Facts, move: Move, form: Form, actor: str) -> Facts:
    """Return the facts of the case after a move."""
    variables = orjson.loads(variables_after(orjson.dumps(dict(facts.variables)).decode(), form, move, 0))
    carried: dict[str, Any] = {name: getattr(form, name) for name in marked(type(form), ON_CASE)}
    dest = move.dest or facts.state
    return replace(
        facts,
        state=dest,
        previous_state=facts.previous_state if dest == facts.state else facts.state,
        cycle=facts.cycle + move.reopens,
        level=carried.get("level", facts.level),
        attempts=0 if move.reopens else carried.get("attempts", facts.attempts),
        variables=variables,
        done_by={**facts.done_by, move.name: facts.done_by.get(move.name, frozenset()) | {actor} - {""}},
    )


@every_lifecycle
@settings(max_examples=settings().max_examples // 4)
@given(data=st.data())
def test_the_machine_decides_as_the_rows_say(table: Lifecycle, data: st.DataObject):
    current = Facts(
        table.initial,
        max_rounds=data.draw(st.none() | LIMITS),
        max_attempts=data.draw(LIMITS),
        bounds={"compensation": 50},
    )
    for _ in range(data.draw(STEPS)):
        move = data.draw(ways(table.kind)[current.state])
        form = data.draw(forms(table.rows[move][0].form))
        roles, actor = data.draw(ROLES), data.draw(ACTORS)
        facts = replace(current, actor=actor)
        expected = evaluate(table, facts, move, form, roles)
        assert decide(table, facts, move, form, roles) == expected, (facts, move, form)
        if (row := expected[1]) is None:
            continue
        assert move in table.allowed(facts, roles), "what can be made is listed"
        current = after(current, row, form, actor)
        assert current.state in table.state
        cleared = {name for name in row.clears if name not in type(form).model_fields}
        assert not cleared & current.variables.keys(), "a move removes the variables that it clears"


@every_lifecycle
def test_a_role_may_make_the_moves_whose_rows_name_it(table: Lifecycle):
    for state in table.state:
        for role in Role:
            rows = [row for row in table.moves if state in row.sources]
            authorised = {row.name for row in rows if is_authorised(row, frozenset({role}))}
            free = {row.name for row in rows if row.name in authorised and row.guard is None}
            assert free <= set(table.allowed(Facts(state), {role})) <= authorised, (state, role)


@given(st.data())
def test_no_answer_of_a_callback_is_refused(data: st.DataObject):
    """Every answer of the customer has a row, whatever the cycle."""
    complaint = lifecycles()["complaint"]
    facts = Facts("resolved", cycle=data.draw(st.integers(1, 4)), max_rounds=data.draw(st.none() | st.integers(1, 3)))
    move = data.draw(st.sampled_from(["revisit", "tell_result"]))
    form = data.draw(forms(complaint.rows[move][0].form))
    assert complaint.decide(facts, move, form, {Role.AGENT})
