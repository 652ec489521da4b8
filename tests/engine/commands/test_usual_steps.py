"""A usual escalation step is one to which the machine itself answers the same, whatever the case."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.actors import Acting
from engine.commands.usual_steps import leaves_alone
from models.columns import from_micros
from statemachines.form_model import StepFired
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Guard, Lifecycle
from statemachines.roles import Role
from tests.statemachines.forms import facts

SYSTEM = Acting(1, "system", frozenset({Role.SYSTEM}))
STEP = StepFired(clause="solution", cycle=1, percent=100, level=1, due_at=from_micros(0))
COMPLAINT = lifecycle_of("complaint")
STEPS = [
    (table, state.name, move)
    for table in lifecycles().values()
    for state in table.states
    for move in (table.remind, table.breach)
]

steps = st.builds(
    StepFired,
    clause=st.sampled_from(["solution", "first_reply"]),
    cycle=st.integers(1, 9),
    percent=st.integers(0, 1000),
    level=st.integers(0, 3),
    due_at=st.integers(0, 2**50).map(from_micros),
)


def same(table: Lifecycle, state: str, move: str) -> bool:
    return leaves_alone(table, state, move, STEP, SYSTEM)


@pytest.mark.requirement("B6")
@given(st.sampled_from([rung for rung in STEPS if same(*rung)]), steps, st.data())
def test_where_cases_are_alike_the_machine_says_the_same_of_each(
    rung: tuple[Lifecycle, str, str], form: StepFired, data: st.DataObject
):
    table, state, move = rung
    known = data.draw(st.dictionaries(st.sampled_from(["returns", "compensation"]), st.integers(0, 9)))
    case = replace(data.draw(facts(table, state)), variables=known, severity=data.draw(st.sampled_from([None, "high"])))
    decision = table.decide(case, move, form, SYSTEM.roles)
    row = decision.row
    assert (decision.source, decision.dest, row.name) == (state, state, move)
    assert not any((row.reopens, row.extends, row.releases_timers, row.inherits_timers, row.counts))


def test_every_step_of_a_running_timer_is_usual():
    """Else a night would be long for one kind of case, and nobody would know why."""
    for table in lifecycles().values():
        for clause in table.clauses:
            for state in clause.during if clause.then is None else ():
                assert same(table, state, table.breach), (table.kind, clause.name, state)
                assert (state, clause.name) in table.settled_timers


def altered(**change: object) -> Lifecycle:
    """The complaint's table, its breach changed, were that lawful or not."""
    return replace(COMPLAINT, moves=tuple(replace(m, **change) if m.name == "breach" else m for m in COMPLAINT.moves))


@pytest.mark.parametrize(
    "change",
    [
        {"guard": Guard("in_the_first_round", lambda facts, _: facts.cycle == 1)},
        {"dest": "investigated"},
        {"reopens": True},
        {"counts": "breaches"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_rung_that_may_do_more_to_one_case_is_left_to_the_case(change: dict[str, object]):
    assert same(COMPLAINT, "classified", "breach")
    assert not same(altered(**change), "classified", "breach")


def test_a_rung_that_keeps_a_promise_is_left_to_the_case():
    first, *others = COMPLAINT.clauses
    keeping = replace(COMPLAINT, clauses=(replace(first, met_by=(*first.met_by, "breach")), *others))
    assert not same(keeping, "classified", "breach")


def test_a_person_is_asked_case_by_case():
    person = Acting(2, "sue", frozenset({Role.TEAM_SUPERVISOR}))
    assert not leaves_alone(COMPLAINT, "classified", "breach", STEP, person)
