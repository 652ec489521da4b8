"""Where a form asks for the number of another case, those that may be meant are proposed, and no others."""

from typing import Any

import pytest

from apps.principal_related_cases import related_cases
from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.apps.web_site import site_client
from tests.case_actions import AGENT, START, contact, make_move, new_case
from tests.engine.access.people import principal
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.requirement("A6")

WANG: dict[str, Any] = {"customer": "王女士", "phone": "13800138000"}
LI: dict[str, Any] = {"customer": "李先生", "phone": "13900139000"}


@pytest.fixture
def agent(store: Store) -> Principal:
    with store.looking() as tx:
        return Principal(known_actor(tx, AGENT), PrincipalKind.PERSON, "console", None)


def numbers(store: Store, reader: Principal, number: str) -> list[str]:
    return [each for each, _ in related_cases(store, reader, number, START, "en")]


def test_the_other_cases_of_the_customer_are_proposed_the_newest_first(store: Store, agent: Principal):
    first, second, third = (new_case(store, row_id=str(row), **WANG) for row in range(3))
    new_case(store, row_id="9", **LI)
    assert numbers(store, agent, first) == [third, second]
    assert numbers(store, agent, third) == [second, first]


def test_a_case_is_proposed_with_its_kind_and_its_state(store: Store, agent: Principal):
    first, second = (new_case(store, row_id=str(row), **WANG) for row in range(2))
    [(_, words)] = related_cases(store, agent, first, START, "zh_CN")
    assert words == "客诉 · 已受理·待分类"
    make_move(store, second, "classify")
    assert related_cases(store, agent, first, START, "zh_TW") == [(second, "客訴 · 已分類·待調查")]


def test_a_case_that_is_linked_is_proposed_whosever_it_is(store: Store, agent: Principal):
    first = new_case(store, row_id="1", **WANG)
    other = open_case(store, Opening(contact(row_id="2", **LI), parent=first, relation="follow_up"), START).number
    assert numbers(store, agent, first) == [other]
    assert numbers(store, agent, other) == [first]


def test_who_sees_no_names_does_not_learn_whose_cases_they_are(store: Store):
    first, _ = new_case(store, row_id="1", **WANG), new_case(store, row_id="2", **WANG)
    assert numbers(store, principal(store, Role.QUALITY_TEAM), first) == []


def test_a_case_of_another_department_is_neither_read_nor_proposed(store: Store, agent: Principal):
    first, second = (new_case(store, row_id=str(row), **WANG) for row in range(2))
    make_move(store, first, "classify", department="claims")
    make_move(store, second, "classify", department="claims")
    elsewhere = principal(store, Role.HANDLER, "otto", "sales")
    with pytest.raises(Refused, match="unknown_case"):
        related_cases(store, elsewhere, first, START, "en")
    assert numbers(store, agent, first) == [second]


def test_the_form_of_a_merger_proposes_them(settings: Settings, store: Store):
    add_accounts(store, AGENT)
    first, second = (new_case(store, row_id=str(row), **WANG) for row in range(2))
    with site_client(settings, store, AGENT) as client:
        page = client.get(f"/console/cases/{first}/moves/merge").text
    assert f'<option value="{second}">Complaint · ' in page
