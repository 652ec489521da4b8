"""Random walks through every lifecycle: the machine decides each step as the rows of the table read.

The reading below is derived from the table and knows nothing of ``transitions``. What the table itself should say is
shown elsewhere: its way from end to end by the stories, what was decided once by the golden lives, who may do what and
why not by the decisions, its soundness by the laws.
"""

from dataclasses import replace
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
from tests.statemachines.forms import forms

TABLES = list(lifecycles().values())
every_lifecycle = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
PEOPLE = ("", "ann", "han")


def reads(table: Lifecycle, facts: Facts, move: str, form: Form, roles: frozenset[Role]) -> tuple[str, Move | None]:
    """Read the rows in order: ``made`` and the first that lets the move through, or the code of the refusal."""
    codes: set[str] = set()
    for row in (row for row in table.moves if row.name == move and facts.state in row.sources):
        code = reads_row(row, facts, form, roles)
        if code == "made":
            return code, row
        codes.add(code)
    if not codes or codes == {"role"}:
        return "role" if codes else "not_now", None
    stopped = codes - {"role"}
    return stopped.pop() if len(stopped) == 1 else "guard", None


def reads_row(row: Move, facts: Facts, form: Form, roles: frozenset[Role]) -> str:
    if not may(row, roles):
        return "role"
    if facts.actor and any(facts.actor in facts.done_by.get(name, ()) for name in row.separate_from):
        return "own_work"
    if facts.actor and facts.actor in {facts.variables.get(name) for name in row.recused}:
        return "recused"
    return "made" if row.guard is None or row.guard.holds(facts, form) else "guard"


def may(row: Move, roles: frozenset[Role]) -> bool:
    return bool(roles & set(row.roles)) or (Role.IMPORT in roles and row.form is not StepFired)


def decides(table: Lifecycle, facts: Facts, move: str, form: Form, roles: frozenset[Role]) -> tuple[str, Move | None]:
    try:
        decision = table.decide(facts, move, form, roles)
    except Refused as refused:
        return refused.code if refused.code == "guard" or not offers(refused, move) else "offered in vain", None
    return "made", decision.row


def offers(refused: Refused, move: str) -> bool:
    """A refusal lists the moves that this person may try; the one that was tried is among them if a guard failed."""
    return move in refused.params["allowed"]


def after(facts: Facts, move: Move, form: Form, actor: str) -> Facts:
    """What is known of the case after a move."""
    variables = orjson.loads(variables_after(orjson.dumps(dict(facts.variables)).decode(), form, move))
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
@settings(max_examples=30)
@given(data=st.data())
def test_the_machine_decides_as_the_rows_read(table: Lifecycle, data: st.DataObject):
    here = Facts(
        table.initial,
        max_rounds=data.draw(st.none() | st.integers(1, 3)),
        max_attempts=data.draw(st.integers(1, 3)),
        bounds={"compensation": 50},
    )
    for _ in range(data.draw(st.integers(1, 20))):
        offered = [row.name for row in table.moves if here.state in row.sources]
        move = data.draw(st.sampled_from(offered or [*table.rows]) | st.sampled_from([*table.rows]))
        form = data.draw(forms(table.rows[move][0].form))
        roles = data.draw(st.just(frozenset(Role)) | st.sampled_from([frozenset({role}) for role in Role]))
        actor = data.draw(st.sampled_from(PEOPLE))
        facts = replace(here, actor=actor)
        expected = reads(table, facts, move, form, roles)
        assert decides(table, facts, move, form, roles) == expected, (facts, move, form)
        if (row := expected[1]) is None:
            continue
        here = after(here, row, form, actor)
        assert here.state in table.state
        kept = {name for name in row.clears if name not in type(form).model_fields}
        assert not kept & here.variables.keys(), "what a move clears is known no longer"


@every_lifecycle
def test_of_every_state_and_role_the_allowed_moves_are_those_whose_rows_name_the_role(table: Lifecycle):
    for state in table.state:
        for role in Role:
            rows = [row for row in table.moves if state in row.sources]
            free = [row.name for row in rows if may(row, frozenset({role}))]
            assert set(table.allowed(Facts(state), {role})) == set(free), (state, role)


@given(st.data())
def test_a_callback_always_leads_somewhere(data: st.DataObject):
    """Whatever the customer says and however many rounds there were, no answer is refused."""
    complaint = lifecycles()["complaint"]
    facts = Facts("resolved", cycle=data.draw(st.integers(1, 4)), max_rounds=data.draw(st.none() | st.integers(1, 3)))
    move = data.draw(st.sampled_from(["revisit", "tell_result"]))
    form = data.draw(forms(complaint.rows[move][0].form))
    assert complaint.decide(facts, move, form, {Role.AGENT})
