"""A random walk: the complaint's table and the plain dictionaries decide alike, step after step."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ledger.record import remembered
from statemachines.complaint import COMPLAINT
from statemachines.lifecycle import Facts, Refused
from statemachines.roles import Role
from tests.statemachines.forms import forms
from tests.statemachines.plain_complaint import DESK_LIMIT, MAY, WHO, Case, fresh, goes, may

MIGHTY = frozenset({Role.DEPARTMENT_MANAGER, Role.HANDLER, Role.SYSTEM})
WALKERS = [frozenset({role}) for role in Role]

ONWARD = {
    *("classify", "investigate", "resolve", "ask_customer", "customer_answers"),
    *("attempt", "revisit", "tell_result", "archive"),
    *("determine_responsibility", "confirm_responsibility", "compensate"),
}

BEGINNINGS = st.builds(fresh, st.none() | st.integers(1, 3), st.integers(1, 3)).flatmap(
    lambda case: st.sampled_from([case, case | {"state": "resolved", "before": "investigated"}])
)


def facts_of(case: Case) -> Facts:
    return Facts(
        state=case["state"],
        previous_state=case["before"],
        cycle=case["round"],
        level=case["level"],
        attempts=case["calls"],
        max_rounds=case["rounds"],
        max_attempts=case["calls_at_most"],
        variables=case["known"],
        bounds={"compensation": DESK_LIMIT},
    )


def told_why(case: Case, refused: Refused, roles: frozenset[Role]) -> str:
    """The code of a refusal, which must name the state and all that these roles may do in it."""
    assert refused.params["state"] == case["state"]
    who = {str(role) for role in roles}
    assert set(refused.params["allowed"]) == {move for move in MAY[case["state"]] if may(who, move)}
    return refused.code


def decided(case: Case, move: str, form: Any, roles: frozenset[Role]) -> tuple[str, Case | None]:
    """What the table says, told in the words of the plain model."""
    try:
        decision = COMPLAINT.decide(facts_of(case), move, form, roles)
    except Refused as refused:
        return told_why(case, refused, roles), None
    after = case | {"known": orjson.loads(remembered(orjson.dumps(case["known"]).decode(), form, decision.row))}
    if decision.row.reopens:
        after |= {"round": case["round"] + 1, "calls": 0}
    after |= {"calls": form.attempts} if move == "attempt" else {}
    after |= {"level": form.level} if move == "escalate" else {}
    after |= {"before": case["state"]} if decision.dest != case["state"] else {}
    return "made", after | {"state": decision.dest}


def steps(case: Case) -> st.SearchStrategy[str]:
    """Any move at all, any that the state allows, or one of those that lead on: the walk must get far."""
    allowed = MAY[case["state"]]
    onward = [move for move in allowed if move in ONWARD]
    kinds = (sorted(WHO), allowed, onward, onward, onward)
    return st.one_of([st.sampled_from(moves) for moves in kinds if moves])


@settings(max_examples=3 * settings().max_examples)
@given(st.data())
def test_the_table_and_the_plain_model_walk_alike(data: st.DataObject):
    case = data.draw(BEGINNINGS)
    for _ in range(data.draw(st.integers(1, 25))):
        move = data.draw(steps(case))
        form = data.draw(forms(COMPLAINT.rows[move][0].form))
        roles = data.draw(st.just(MIGHTY) | st.sampled_from(WALKERS))
        said = form.model_dump(mode="json")
        expected, after = goes(case, move, said, {str(role) for role in roles})
        assert decided(case, move, form, roles) == (expected, after), (case, move, said)
        case = after or case


def test_both_speak_of_the_same_states_and_moves():
    assert set(MAY) == set(COMPLAINT.state)
    assert set(WHO) == set(COMPLAINT.rows)


def test_from_every_state_every_move_of_every_role_is_decided_alike():
    for state in MAY:
        for move in WHO:
            for role in Role:
                case = fresh(None, 3) | {"state": state, "before": "classified"}
                in_place = move in MAY[state]
                code = decided_code(case, move, role)
                assert code == ("not_now" if not in_place else "open" if may({str(role)}, move) else "role")


def decided_code(case: Case, move: str, role: Role) -> str:
    """Whether state and role let the move through, whatever its guard says to the form."""
    if move not in COMPLAINT.allowed(facts_of(case), Role):
        return "not_now"
    return "open" if move in COMPLAINT.allowed(facts_of(case), {role}) else "role"


@given(st.data())
def test_a_callback_always_leads_somewhere(data: st.DataObject):
    """Whatever the customer says and however many rounds there were, no answer is refused."""
    case = fresh(data.draw(st.none() | st.integers(1, 3)), 3) | {
        "state": "resolved",
        "round": data.draw(st.integers(1, 4)),
    }
    move = data.draw(st.sampled_from(["revisit", "tell_result"]))
    form = data.draw(forms(COMPLAINT.rows[move][0].form))
    assert COMPLAINT.decide(facts_of(case), move, form, {Role.AGENT})
