"""A usual escalation step is one that the machine decides alike for every case."""

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
from tests.statemachines.strategies import facts

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


def is_usual(table: Lifecycle, state: str, move: str) -> bool:
    return leaves_alone(table, state, move, STEP, SYSTEM)


@pytest.mark.requirement("B6")
@given(st.sampled_from([step for step in STEPS if is_usual(*step)]), steps, st.data())
def test_the_machine_decides_a_usual_step_alike_for_every_case(
    state_and_move: tuple[Lifecycle, str, str], form: StepFired, data: st.DataObject
):
    table, state, move = state_and_move
    variables = data.draw(st.dictionaries(st.sampled_from(["returns", "compensation"]), st.integers(0, 9)))
    case = replace(
        data.draw(facts(table, state)), variables=variables, severity=data.draw(st.sampled_from([None, "high"]))
    )
    decision = table.decide(case, move, form, SYSTEM.roles)
    row = decision.row
    assert (decision.source, decision.dest, row.name) == (state, state, move)
    assert not any((row.reopens, row.extends, row.releases_timers, row.inherits_timers, row.counts))


def test_every_step_of_a_running_timer_is_usual():
    """Otherwise sweeps of one kind of case would be slow."""
    for table in lifecycles().values():
        for clause in table.clauses:
            for state in clause.during if clause.then is None else ():
                assert is_usual(table, state, table.breach), (table.kind, clause.name, state)
                assert (state, clause.name) in table.settled_timers


def with_changed_breach(**change: object) -> Lifecycle:
    """Return the complaint's table with a changed breach, even if it breaks a law."""
    return replace(
        COMPLAINT, moves=tuple(replace(row, **change) if row.name == "breach" else row for row in COMPLAINT.moves)
    )


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
def test_a_step_that_may_differ_between_cases_is_not_usual(change: dict[str, object]):
    assert is_usual(COMPLAINT, "classified", "breach")
    assert not is_usual(with_changed_breach(**change), "classified", "breach")


def test_a_step_that_meets_a_promise_is_not_usual():
    first, *others = COMPLAINT.clauses
    meeting = replace(COMPLAINT, clauses=(replace(first, met_by=(*first.met_by, "breach")), *others))
    assert not is_usual(meeting, "classified", "breach")


def test_a_step_made_by_a_person_is_not_usual():
    person = Acting(2, "sue", frozenset({Role.TEAM_SUPERVISOR}))
    assert not leaves_alone(COMPLAINT, "classified", "breach", STEP, person)
