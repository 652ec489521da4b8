"""Which moves somebody may try on which case, and why not the others (H3, F3)."""

from dataclasses import replace

import pytest

from engine.access.condition import EVERY_CASE
from engine.access.moves import check_move, moves_for
from engine.access.principal import Principal, PrincipalKind, Scope
from engine.access.scope import find_case
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import START, contact, execute_sql, make_move, new_case
from tests.engine.access.people import PEOPLE, principal

pytestmark = [pytest.mark.requirement("H3"), pytest.mark.requirement("H4"), pytest.mark.any_database]

KNOW_ANY_OPEN_CASE = {Role.AGENT, Role.GENERAL_MANAGER, Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.AUDITOR}
OF_THE_DEPARTMENT = {Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER}
READ_VIOLATIONS = {
    Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.HR, Role.INVESTIGATION_TEAM, Role.DEPARTMENT_MANAGER,
    Role.GENERAL_MANAGER, Role.AUDITOR,
}  # fmt: skip


def code_of(store: Store, who: Principal, number: str, move: str = "note", **form: object) -> str | None:
    """Return the code with which the access rules refuse a move; None if they let it through."""
    with store.looking() as tx:
        try:
            check_move(tx, who, number, move, form, START)
        except Refused as refused:
            return refused.code
        return None


def violation(store: Store, **columns: object) -> str:
    number = open_case(store, Opening(contact(), "violation"), START).number
    for name, value in columns.items():
        execute_sql(store, f"UPDATE cases SET {name} = :value WHERE number = :number", value=value, number=number)
    return number


def test_each_role_tries_moves_only_on_cases_of_which_it_may_know(store: Store):
    same, other, staff = new_case(store), new_case(store), violation(store)
    for number, department in ((same, "claims"), (other, "warehouse")):
        sql = "UPDATE cases SET department = :department WHERE number = :number"
        execute_sql(store, sql, department=department, number=number)
    let_through = {number: set[Role]() for number in (same, other, staff, "cp-26-999999")}
    for role in PEOPLE:
        who = principal(store, role)
        codes = {number: code_of(store, who, number) for number in let_through}
        assert set(codes.values()) <= {None, "unknown_case"}
        for number in (number for number, code in codes.items() if code is None):
            let_through[number].add(role)
    assert let_through == {
        same: KNOW_ANY_OPEN_CASE | OF_THE_DEPARTMENT,
        other: KNOW_ANY_OPEN_CASE,
        staff: READ_VIOLATIONS,
        "cp-26-999999": set(),
    }


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    ("state", "move", "code"),
    [
        ("announced", "accept_decision", None),
        ("announced", "appeal", None),
        ("announced", "note", "unknown_case"),
        ("announced", "archive", "unknown_case"),
        ("investigating", "appeal", "unknown_case"),
        ("investigating", "no_such_move", "unknown_case"),
    ],
)
def test_the_accused_answers_the_decision_and_learns_of_nothing_before(
    store: Store, state: str, move: str, code: str | None
):
    number = violation(store, state=state, variables='{"accused":"ann","decisions":1}')
    assert code_of(store, principal(store, Role.HANDLER, "ann"), number, move) == code
    assert code_of(store, principal(store, Role.HANDLER, "bob"), number, move) == "unknown_case"


def test_a_token_without_the_scope_and_a_customer_without_a_case_move_nothing(store: Store):
    number = new_case(store)
    token = principal(store, Role.AGENT, scopes=frozenset({Scope.READ_CASES}))
    assert code_of(store, token, number) == "scope_missing"
    assert code_of(store, replace(token, scopes=frozenset({Scope.WRITE_CASES})), number) is None
    assert code_of(store, replace(token, kind=PrincipalKind.CUSTOMER, scopes=None), number) == "unknown_case"
    assert code_of(store, replace(token, kind=PrincipalKind.OWNER, scopes=None), "cp-26-999999") is None


def test_a_form_names_no_case_of_which_its_maker_may_not_know(store: Store):
    handler = principal(store, Role.HANDLER)
    own, hidden, staff = new_case(store), new_case(store), violation(store)
    for number, department in ((own, "claims"), (hidden, "warehouse")):
        sql = "UPDATE cases SET department = :department WHERE number = :number"
        execute_sql(store, sql, department=department, number=number)
    assert code_of(store, handler, own, "merge", into=hidden) == "unknown_case"
    assert code_of(store, handler, own, "merge", into=own) is None
    appeal = open_case(store, Opening(contact(), "appeal"), START).number
    office = principal(store, Role.HR)
    assert code_of(store, office, appeal, "take_up", about=staff) is None
    assert code_of(store, office, appeal, "take_up", about=hidden) is None, "a customer's case may be named"
    execute_sql(
        store, "UPDATE cases SET variables = :known WHERE number = :number",
        known=f'{{"accused":"{office.actor.handle}"}}', number=staff,
    )  # fmt: skip
    assert code_of(store, office, appeal, "take_up", about=staff) == "unknown_case"


def offered(store: Store, who: Principal, number: str) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    with store.looking() as tx:
        case = find_case(tx, number, EVERY_CASE)
        return {each.name: (each.why_not, each.reasons) for each in moves_for(tx, who, case, START)}


def test_the_moves_of_a_role_are_listed_with_why_not(store: Store):
    number = new_case(store)
    agent = offered(store, principal(store, Role.AGENT), number)
    assert agent["classify"] == (None, ())
    assert agent["promise"] == (None, ())
    assert "remind" not in agent, "a step of a timer is nobody's move"
    auditor = offered(store, principal(store, Role.AUDITOR), number)
    assert auditor == {}, "an auditor reads and moves nothing"


@pytest.mark.requirement("F3")
def test_whoever_proposed_a_refusal_is_told_that_he_may_not_review_it(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "propose_refusal")
    proposer, reviewer = (principal(store, Role.TEAM_SUPERVISOR, handle) for handle in ("rae", "ron"))
    sql = "UPDATE transition SET actor_id = :id WHERE move = 'propose_refusal'"
    execute_sql(store, sql, id=proposer.actor.id)
    assert offered(store, proposer, number)["refuse"] == ("own_work", ("propose_refusal",))
    assert offered(store, reviewer, number)["refuse"] == (None, ())


def test_a_guard_that_no_form_can_meet_is_named(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "investigate")
    manager = offered(store, principal(store, Role.TEAM_SUPERVISOR), number)
    refused = {move: why for move, why in manager.items() if why[0] == "guard"}
    assert refused, "some moves wait for what the case does not say yet"
    assert all(reasons for _, reasons in refused.values())


def test_a_token_that_only_reads_is_told_that_it_may_make_no_move(store: Store):
    number = new_case(store)
    who = principal(store, Role.AGENT, scopes=frozenset({Scope.READ_CASES}))
    assert {why for why, _ in offered(store, who, number).values()} == {"scope_missing"}


def test_whoever_is_away_may_make_no_move(store: Store):
    number, who = new_case(store), principal(store, Role.AGENT)
    assert offered(store, replace(who, actor=replace(who.actor, absent_from=0)), number) == {}
