"""The page of a case in the Prefect UI says who else its customer may be, what to do, and where messages go."""

import pytest

from engine.commands.same_customer import Decision, join_customers, part_customers
from engine.store import Store
from locales.translation import locales
from reports.case_page import page
from reports.same_person import others_in_question
from tests.case_actions import AGENT, START, make_move, new_case

pytestmark = [pytest.mark.requirement("A9")]
LINE = "021-61234567"


def text_of(store: Store, number: str, locale: str = "en") -> str:
    found = page(store, number, START, locale)
    assert found is not None
    return found.text


@pytest.fixture
def two(store: Store) -> tuple[str, str]:
    """Two cases of an office line: one customer has a mail address, the other one has none."""
    wang = new_case(store, phone=LINE, customer="王女士", email="wang@example.com")
    return wang, new_case(store, phone=LINE, customer="Mr Lee")


def test_both_pages_ask_and_name_the_commands_that_answer(store: Store, two: tuple[str, str]):
    for mine, other in (two, two[::-1]):
        text = text_of(store, mine)
        assert f"Is he the customer of {other}? (telephone number in common)" in text
        assert f"closeloop customer merge {mine} {other} --reason" in text
        assert f"closeloop customer part {mine} {other} --reason" in text


def test_each_page_says_where_the_messages_of_its_case_go(store: Store, two: tuple[str, str]):
    assert "messages go to: the mail address that this case came with" in text_of(store, two[0])
    assert "messages go to: nobody" in text_of(store, two[1])
    assert "--set medium=phone" in text_of(store, two[1])


@pytest.mark.parametrize("decide", [join_customers, part_customers])
def test_an_answered_question_is_shown_no_longer(store: Store, two: tuple[str, str], decide: object):
    assert callable(decide)
    decide(store, Decision(*two, reason="They both said so.", actor=AGENT), START)
    for number in two:
        assert "customer merge" not in text_of(store, number)


def test_what_cannot_be_used_is_said_without_the_number(store: Store):
    text = text_of(store, new_case(store, phone="138****8000", customer="王女士"))
    assert "telephone number: partly hidden; it identifies nobody" in text
    assert "8000" not in text


@pytest.mark.parametrize("locale", locales())
def test_the_page_holds_nothing_personal_in_any_language(store: Store, two: tuple[str, str], locale: str):
    for number in two:
        text = text_of(store, number, locale)
        assert not any(word in text for word in ("王女士", "Lee", "wang@", LINE, "61234567", "cli.", "story.", "{"))


def test_a_case_without_doubts_has_no_such_section(store: Store):
    assert "The customer" not in text_of(store, new_case(store, phone="13800138000", email="wang@example.com"))


def test_the_page_of_the_other_case_is_left_anew(store: Store, two: tuple[str, str]):
    wang, lee = two
    assert (others_in_question_of(store, lee), others_in_question_of(store, wang)) == ([wang], [lee])
    make_move(store, wang, "withdraw")
    assert others_in_question_of(store, lee) == [], "a closed case is not asked about"
    assert others_in_question_of(store, new_case(store)) == []


def others_in_question_of(store: Store, number: str) -> list[str]:
    with store.looking() as tx:
        return others_in_question(tx, [number])
