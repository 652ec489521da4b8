"""What the tables give customers to do, the portal offers: every move of every kind, where the table allows it."""

from typing import Any

import pytest

from apps.portal.case_forms import ATTACH, customer_moves, move_forms
from apps.principal_portal import own_case
from engine.access.principal import PrincipalKind
from engine.access.scope import REPORT
from engine.accounts.customer_keys import outsider
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.roles import Role
from tests.apps.portal.test_own_case import order_in
from tests.apps.portal.visitors import WANG, Visitor
from tests.case_actions import AGENT, START, case_of, contact, execute_sql, history_of, make_move

CUSTOMERS_KINDS = sorted(table.kind for table in lifecycles().values() if not table.internal or REPORT in table.natures)
GIVEN = {table.kind: {row.name for row in table.moves if Role.CUSTOMER in row.roles} for table in lifecycles().values()}


def offered_in(store: Store, table: Lifecycle, number: str, state: str, before: str) -> set[str]:
    """Return what the page of a case offers its customer in a state into which it came from another one."""
    execute_sql(
        store, "UPDATE cases SET state = :state, previous_state = :before, closed = :closed WHERE number = :number",
        state=state, before=before, closed=table.state[state].final, number=number,
    )  # fmt: skip
    kind = PrincipalKind.REPORTER if REPORT in table.natures else PrincipalKind.CUSTOMER
    seen = own_case(store, outsider(store, START, kind, case_of(store, number)["id"]), START)
    files = {ATTACH} if any(move.name == ATTACH for move in seen.moves) else set[str]()
    return {form.name for form in move_forms(seen, "en")} | files


@pytest.mark.parametrize("kind", CUSTOMERS_KINDS)
def test_every_move_that_a_table_gives_to_customers_is_offered_where_the_table_allows_it(
    sqlite_store: Store, kind: str
):
    table = lifecycles()[kind]
    number = open_case(sqlite_store, Opening(contact(**WANG), next(iter(table.natures), kind)), START).number
    offered = dict[str, set[str]]()
    for state in table.state:
        before = {source for row in table.moves if row.dest == state for source in row.sources} or {state}
        offered[state] = set[str]().union(*(offered_in(sqlite_store, table, number, state, each) for each in before))
    everywhere = set[str]().union(*offered.values())
    assert everywhere == GIVEN[kind], "a move for customers that no page offers, or one that is not theirs"
    wrong = {state: moves for state, moves in offered.items() if moves - moves_from(table, state)}
    assert wrong == {}


def moves_from(table: Lifecycle, state: str) -> set[str]:
    """Return the moves that the table gives to customers in a state."""
    return {row.name for row in table.moves if Role.CUSTOMER in row.roles and state in row.sources}


def test_no_kind_that_customers_cannot_see_gives_them_a_move():
    assert {kind for kind, moves in GIVEN.items() if moves - {ATTACH}} <= set(CUSTOMERS_KINDS)


def test_a_move_that_no_order_names_is_offered_after_the_others():
    table = lifecycles()["service_order"]
    moves = customer_moves(table)
    assert set(moves) == GIVEN["service_order"] - {ATTACH}
    assert moves.index("pass_acceptance") + 1 == moves.index("refuse_acceptance") < moves.index("follow_up")


@pytest.mark.requirement("C2")
def test_he_refuses_an_acceptance_and_says_why(visitor: Visitor):
    number = order_in(visitor, "accepting")
    visitor.log_in(number)
    answer = visitor.does("refuse_acceptance", reason="The floor is still wet.")
    assert answer.headers["location"] == "/portal/case?done=refuse_acceptance"
    assert case_of(visitor.store, number)["state"] == "acceptance_refused"
    page = visitor.get("/case").text
    assert "The floor is still wet." in page
    assert 'action="/portal/case/pass_acceptance"' in page, "he may sign after all"
    assert 'action="/portal/case/refuse_acceptance"' not in page


@pytest.mark.requirement("C2")
def test_after_his_refusal_the_desk_judges_why_and_the_work_is_put_right(visitor: Visitor):
    number = order_in(visitor, "accepting")
    visitor.log_in(number)
    visitor.does("refuse_acceptance", reason="The floor is still wet.")
    failure: dict[str, Any] = {
        "documents": True, "site": False, "function": True, "met": None, "report": "R-7", "cause": "moisture",
        "responsible": "claims", "measure": "Dry it.", "due_at": "2026-03-09T09:00:00+08:00",
    }  # fmt: skip
    make_move(visitor.store, number, "fail_acceptance", AGENT, **failure)
    assert case_of(visitor.store, number)["state"] == "rectifying"


def test_nobody_of_staff_signs_for_a_customer_who_has_refused(guest: Visitor):
    table = lifecycles()["service_order"]
    rows = [row for row in table.moves if row.name == "pass_acceptance" and "acceptance_refused" in row.sources]
    assert [row.roles for row in rows] == [(Role.CUSTOMER,)]
    number = order_in(guest, "acceptance_refused")
    guest.log_in(number)
    signed = {"documents": "true", "site": "true", "function": "true", "report": "Wang Fang", "met": "dry"}
    assert guest.does("pass_acceptance", **signed).status_code == 303
    assert case_of(guest.store, number)["state"] == "resolved"


@pytest.mark.requirement("C5")
@pytest.mark.parametrize("state", ["received", "executing", "accepting"])
def test_he_asks_to_cancel_his_order_which_the_desk_decides(guest: Visitor, state: str):
    number = order_in(guest, state)
    guest.log_in(number)
    answer = guest.does("request_cancellation", reason="The ship has left.")
    assert answer.headers["location"] == "/portal/case?done=request_cancellation"
    assert case_of(guest.store, number)["state"] == state, "nothing stops before the cost is known"
    last = history_of(guest.store, number)[-1]
    assert (last["move"], last["via"]) == ("request_cancellation", "portal")
