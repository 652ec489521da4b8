"""How somebody without an account comes to his case, and that nobody else does, or learns that it exists."""

import re
from datetime import timedelta
from typing import Any

import pytest

from apps.portal.case_forms import ORDER
from apps.portal.visit import COOKIE
from engine.accounts.customer_keys import link_of, receipt_of
from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from locales.translation import catalogue, locales
from statemachines.kinds import lifecycles
from statemachines.roles import Role
from tests.apps.portal.visitors import WANG, Visitor, codes_in, hidden_of, mailed_code
from tests.apps.web_site import log_in
from tests.case_actions import AGENT, START, contact, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.requirement("H4")

UNKNOWN = "cp-26-999999"
VARYING = re.compile(r'name="ticket" value="[^"]+"')
"""What differs between two answers to one question, too."""


def plain(text: str) -> str:
    """Return a page without what differs each time."""
    return VARYING.sub("", text)


def test_a_customer_reads_his_case_by_a_code_that_is_mailed_to_him(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    visitor.log_in(number)
    page = visitor.get("/case")
    assert page.status_code == 200
    assert number in page.text
    assert "My parcel is broken." in page.text


def test_the_mail_with_the_code_is_for_the_customer_of_the_case_alone(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    visitor.ask_for_code(f"  {number.upper()} ")
    [mail] = codes_in(visitor.store)
    assert mail["recipient"] == f" case {number}"
    assert number in mail["subject"]


@pytest.mark.parametrize("contact", [WANG, {"phone": "13800138000"}, {}], ids=["address", "phone only", "nobody"])
def test_an_answer_does_not_tell_whether_a_number_exists(guest: Visitor, contact: dict[str, Any]):
    number = new_case(guest.store, **contact)
    known, unknown = (guest.send("/status", number=each) for each in (number, UNKNOWN))
    assert known.status_code == unknown.status_code == 200
    assert plain(known.text) == plain(unknown.text)
    assert len(known.text) == len(unknown.text)
    kept = ("content-length", "content-type", "cache-control", "set-cookie", "etag")
    assert {name: known.headers.get(name) for name in kept} == {name: unknown.headers.get(name) for name in kept}
    tickets = [hidden_of(answer.text, "/portal/code")["ticket"] for answer in (known, unknown)]
    answers = [guest.send("/code", ticket=ticket, code="000000x") for ticket in tickets]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert plain(answers[0].text) == plain(answers[1].text)


def test_a_number_that_no_case_can_have_is_answered_like_any_other(guest: Visitor):
    pages = {plain(guest.send("/status", number=number).text) for number in (UNKNOWN, "王", "' OR 1=1", "x" * 500)}
    assert len(pages) == 1
    assert codes_in(guest.store) == []


def test_a_case_of_staff_is_opened_by_no_code(guest: Visitor):
    number = open_case(guest.store, Opening(contact(**WANG), "report"), START).number
    guest.ask_for_code(number)
    assert codes_in(guest.store) == []


def test_a_code_fits_only_the_form_for_which_it_was_sent_and_is_good_once(guest: Visitor):
    number = new_case(guest.store, **WANG)
    ticket = guest.ask_for_code(number)
    code = mailed_code(guest.store)
    elsewhere = guest.ask_for_code(number)
    assert guest.send("/code", ticket=elsewhere, code=code).status_code == 422
    assert guest.send("/code", ticket=ticket, code=code).status_code == 303
    assert guest.send("/code", ticket=ticket, code=code).status_code == 422


def test_a_code_ends_after_fifteen_minutes(guest: Visitor):
    number = new_case(guest.store, **WANG)
    ticket = guest.ask_for_code(number)
    code = mailed_code(guest.store)
    set_clock(guest.store, START + timedelta(minutes=15, seconds=1))
    assert guest.send("/code", ticket=ticket, code=code).status_code == 422


def test_five_codes_may_be_tried_and_then_none(guest: Visitor):
    number = new_case(guest.store, **WANG)
    ticket = guest.ask_for_code(number)
    right = mailed_code(guest.store)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    assert [guest.send("/code", ticket=ticket, code=wrong).status_code for _ in range(5)] == [422] * 5
    assert guest.send("/code", ticket=ticket, code=right).status_code == 429


def test_codes_for_one_number_are_asked_for_five_times_an_hour(guest: Visitor):
    number = new_case(guest.store, **WANG)
    answers = [guest.send("/status", number=number).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    set_clock(guest.store, START + timedelta(hours=1, seconds=1))
    assert guest.send("/status", number=number).status_code == 200


def test_one_address_asks_for_ten_codes_in_a_quarter_of_an_hour(guest: Visitor):
    answers = [guest.send("/status", number=f"cp-26-{place:06}").status_code for place in range(11)]
    assert answers == [200] * 10 + [429]


def test_a_visit_ends_after_an_hour_and_what_was_typed_is_shown(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up")
    set_clock(guest.store, START + timedelta(hours=1, seconds=1))
    answer = guest.send("/case/follow_up", **fields, words="The box is wet.")
    assert answer.status_code == 401
    assert "The box is wet." in answer.text


def test_a_cookie_that_somebody_made_up_opens_nothing(guest: Visitor):
    new_case(guest.store, **WANG)
    assert guest.get("/case").status_code == 401
    guest.client.cookies.set(COOKIE, "customer:1:0123456789abcdef")
    assert guest.get("/case").status_code == 401


def test_a_form_of_another_site_moves_nothing(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up")
    for changed in ({"_csrf": ""}, {"_csrf": "0" * 64}):
        assert guest.send("/case/follow_up", **fields | changed, words="x").status_code == 403
    answer = guest.client.post(
        "/portal/case/follow_up", data=fields | {"words": "x"}, headers={"Origin": "https://evil.example.com"}
    )
    assert answer.status_code == 403


def test_the_link_of_a_letter_opens_the_case_and_is_not_shown_again(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    link = link_of(visitor.store.secret, number, WANG["email"], START)
    answer = visitor.get(f"/link/{link}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/case")
    assert visitor.get("/case").status_code == 200


def test_a_link_that_was_changed_or_is_old_opens_nothing(guest: Visitor):
    number, second = new_case(guest.store, **WANG), new_case(guest.store, **WANG)
    link = link_of(guest.store.secret, number, WANG["email"], START)
    number_, until, seal = link.split(".")
    others = (
        f"{second}.{until}.{seal}",
        f"{number_}.{int(until) + 1}.{seal}",
        link_of(guest.store.secret, number, "other@example.com", START),
        link[:-1] + "x",
    )
    answers = [guest.get(f"/link/{each}") for each in others]
    assert {answer.status_code for answer in answers} == {422}
    set_clock(guest.store, START + timedelta(days=61))
    assert guest.get(f"/link/{link}").status_code == 422


def test_a_receipt_code_opens_its_report_and_no_case_of_a_customer(guest: Visitor):
    number = new_case(guest.store, **WANG)
    receipt = receipt_of(guest.store.secret, number)
    assert guest.send("/receipt", receipt=receipt).status_code == 422
    assert guest.send("/receipt", receipt="vi-26-000001-AAAAA-AAAAA-AAAAA-AAAAA").status_code == 422


def test_whoever_leaves_is_let_in_no_more(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    assert guest.send("/leave", sent="1").status_code == 303
    assert guest.get("/case").status_code == 401


PAGES = ("/", "/contact", "/status", "/track", "/rate", "/report")
"""The pages for anybody."""


def test_pages_for_anybody_are_open_and_that_of_a_case_to_its_customer_alone(guest: Visitor):
    number, second = new_case(guest.store, **WANG), new_case(guest.store, **WANG, text="Another matter.")
    assert [guest.get(page).status_code for page in (*PAGES, "/case")] == [200] * len(PAGES) + [401]
    assert guest.get("").headers["location"] == "/portal/"
    assert guest.get("/nowhere").status_code == 404
    guest.log_in(number)
    assert [guest.get(page).status_code for page in (*PAGES, "/case")] == [200] * (len(PAGES) + 1)
    assert second not in guest.get("/case").text
    assert "Another matter." not in guest.get("/case").text


def test_a_visit_opens_nothing_of_staff_and_a_session_of_staff_opens_no_case(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    assert guest.client.get("/console/cases").status_code == 401
    assert guest.client.get(f"/api/v1/cases/{number}").status_code == 401
    guest.send("/leave", sent="1")
    add_accounts(guest.store, AGENT)
    log_in(guest.client, guest.store, AGENT)
    assert guest.client.get("/console/cases").status_code == 200
    assert guest.get("/case").status_code == 401


def test_each_move_that_the_table_gives_to_customers_has_its_form_and_its_words():
    for table in lifecycles().values():
        moves = {row.name for row in table.moves if Role.CUSTOMER in row.roles} - {"attach"}
        assert moves <= set(ORDER)
        for locale in locales():
            assert {move for move in moves if f"portal.move.{move}" not in catalogue(locale)} == set()
            assert {move for move in moves if f"portal.done.{move}" not in catalogue(locale)} == set()
