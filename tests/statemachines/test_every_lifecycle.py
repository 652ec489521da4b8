"""Check the laws of every lifecycle without the code that enforces them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import statemachines
from models import Case
from statemachines.form_model import ON_CASE, PERSONAL, StepFired, marked
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Clause, Lifecycle
from statemachines.roles import Role
from tests.case_actions import refusal
from tests.statemachines.strategies import facts, forms, rows_with_one_source

TABLES = list(lifecycles().values())
every_lifecycle = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)


def state_changes(table: Lifecycle) -> set[tuple[str, str]]:
    return {(source, row.dest) for row in table.moves if row.dest for source in row.sources}


def reached(start: str, changes: set[tuple[str, str]]) -> set[str]:
    visited: set[str] = set()
    pending = [start]
    while pending:
        state = pending.pop()
        if state not in visited:
            visited.add(state)
            pending += [dest for source, dest in changes if source == state]
    return visited


def timer_moves(table: Lifecycle) -> Iterator[tuple[Clause, str, str]]:
    """Yield each clause, each state in which its timer runs, and each move that the timer may make there."""
    for clause in table.clauses:
        for state in clause.during:
            for move in [clause.then] if clause.then else [table.remind, table.breach]:
                yield clause, state, move


def test_there_is_a_lifecycle_of_complaints():
    assert "complaint" in lifecycles()
    assert lifecycle_of("complaint").kind == "complaint"


def test_an_unknown_kind_is_refused_with_the_known_ones():
    refused = refusal(lambda: lifecycle_of("parcel"))
    known = sorted({*lifecycles(), *(nature for table in TABLES for nature in table.natures)})
    assert (refused.code, refused.params) == ("unknown_kind", {"kind": "parcel", "known": known})


@pytest.mark.requirement("A2")
def test_the_nature_of_a_contact_decides_the_kind():
    natures = [nature for table in TABLES for nature in table.natures]
    assert len(set(natures)) == len(natures), "no nature leads to two kinds"
    decided_natures = ("consultation", "suggestion", "praise", "complaint", "order", "evaluation", "report")
    kinds = ("inquiry", "inquiry", "inquiry", "complaint", "service_order", "evaluation", "violation")
    assert [lifecycle_of(nature).kind for nature in decided_natures] == list(kinds)


def test_each_kind_has_its_own_prefix():
    assert len({table.prefix for table in TABLES}) == len(TABLES)


@every_lifecycle
def test_only_known_states_are_named(table: Lifecycle):
    named = {table.initial, *(state for change in state_changes(table) for state in change)}
    named |= {state for clause in table.clauses for state in clause.lives_in}
    named |= {entry.to for entry in table.retired if entry.state}
    assert named <= {state.name for state in table.states}


@every_lifecycle
def test_every_state_can_be_reached(table: Lifecycle):
    assert reached(table.initial, state_changes(table)) == set(table.state)


@every_lifecycle
def test_every_state_leads_to_an_end_and_an_end_leads_on_only_into_a_new_cycle(table: Lifecycle):
    ends = {state.name for state in table.states if state.final}
    assert ends
    for state in table.state:
        assert reached(state, state_changes(table)) & ends, f"{state} is a dead end"
    assert [row.name for row in table.moves if row.dest and not row.reopens and set(row.sources) & ends] == []


@every_lifecycle
def test_every_open_state_has_an_owner_and_every_move_has_a_role(table: Lifecycle):
    assert [state.name for state in table.states if not state.final and state.owner is None] == []
    assert [row.name for row in table.moves if not row.roles] == []


@every_lifecycle
def test_every_timer_can_be_met_or_stopped(table: Lifecycle):
    for clause in table.clauses:
        for state in clause.lives_in:
            rows = [r for r in table.moves if set(r.sources) & reached(state, state_changes(table))]
            leaves = [row for row in rows if row.dest and row.dest not in clause.lives_in]
            assert leaves, f"{clause.name} runs for ever from {state}"
            assert clause.then or {row.name for row in rows} & set(clause.met_by), f"no move meets {clause.name}"


@every_lifecycle
@given(data=st.data())
def test_no_guard_can_refuse_the_move_of_a_timer(table: Lifecycle, data: st.DataObject):
    clause, state, move = data.draw(st.sampled_from(list(timer_moves(table))))
    form = data.draw(forms(table.rows[move][0].form if clause.then else StepFired))
    decision = table.decide(data.draw(facts(table, state)), move, form, {Role.SYSTEM})
    assert decision.row.name == move
    assert clause.then or decision.dest == state


@every_lifecycle
@given(data=st.data())
def test_two_rows_of_a_move_never_both_hold(table: Lifecycle, data: st.DataObject):
    if not rows_with_one_source(table):
        return
    state, rows = data.draw(st.sampled_from(rows_with_one_source(table)))
    drawn, form = data.draw(facts(table, state)), data.draw(forms(rows[0].form))
    holding = [row for row in rows if row.guard is None or row.guard.holds(drawn, form)]
    for role in Role:
        assert len([row for row in holding if role in row.roles]) <= 1, f"{rows[0].name} from {state} in {drawn}"


@every_lifecycle
def test_what_a_form_puts_on_the_case_is_a_column_of_the_case(table: Lifecycle):
    for row in table.moves:
        assert set(marked(row.form, ON_CASE)) <= set(Case.model_fields), row.name
        assert not set(marked(row.form, ON_CASE)) & set(marked(row.form, PERSONAL)), row.name


@every_lifecycle
def test_only_a_persons_text_meets_a_promise_to_answer(table: Lifecycle):
    meeting = [row for clause in table.clauses if clause.answers for name in clause.met_by for row in table.rows[name]]
    assert [row.name for row in meeting if Role.SYSTEM in row.roles or not marked(row.form, PERSONAL)] == []


@every_lifecycle
def test_the_rows_of_a_move_share_their_form(table: Lifecycle):
    assert [name for name, rows in table.rows.items() if len({row.form for row in rows}) > 1] == []


def test_only_the_guards_module_compares_bounds():
    folder = Path(statemachines.__file__).parent
    readers = {path.name for path in folder.glob("*.py") if "facts.bounds" in path.read_text("utf-8")}
    assert readers == {"guards.py", "lifecycle.py"}


@every_lifecycle
def test_clauses_and_states_stand_once(table: Lifecycle):
    for names in ([state.name for state in table.states], [clause.name for clause in table.clauses]):
        assert len(set(names)) == len(names)


@pytest.mark.requirement("B11")
@every_lifecycle
def test_a_clock_watches_every_open_state_or_the_table_says_why_not(table: Lifecycle):
    watched = {state for clause in table.clauses for state in clause.during}
    unwatched = {state.name: state.unwatched for state in table.states if not state.final and state.name not in watched}
    assert all(unwatched.values()), f"nothing runs in {[name for name, why in unwatched.items() if not why]}"
    known = {"violation": {"appealed"}, "appraisal": {"appealed"}, "survey_invitation": {"drawn"}}
    assert set(unwatched) <= known.get(table.kind, set()), "a new exception is a decision: name it here, too"
