"""What the desk looks up: who is calling, what may be the same matter, and where an order stands."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from apps.views import CaseFilter, case, cases
from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.ledger.case_variables import variables_after
from engine.store import Store
from reports.desk_queries import address_of, customers, track
from statemachines.service_order_forms import Position
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, HOUR, START, contact, execute_sql, make_move, new_case, query_rows

OPEN = ("case", "open", "--text", "My parcel is broken.", "--as", "amy")
WANG: Mapping[str, Any] = {"phone": "13800138000", "customer": "王小明女士"}


@pytest.mark.requirement("A6")
def test_likely_duplicates_are_named_when_a_case_is_opened(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG, shipment="SF-1")
    words = (*OPEN, "--phone", "138 0013 8000", "--shipment", "sf1")
    made = closeloop.json(*words)
    assert made["likely_duplicates"] == [{"case": first, "state": "received", "why": ["party", "shipment"]}]
    said = closeloop(*words)
    assert f"May be the same matter: {first} (Received · to be classified; same customer, same shipment)" in said.output


@pytest.mark.requirement("A6")
def test_a_second_case_is_not_opened_unless_wanted(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG)
    words = (*OPEN, "--phone", "13800138000", "--unless-known")
    refused = closeloop.refused(*words)
    assert (refused["code"], refused["params"]) == ("likely_duplicate", {"numbers": [first]})
    assert "merge" in refused["text"]
    assert len(query_rows(simulated, "SELECT id FROM cases")) == 1
    assert closeloop.json(*OPEN, "--phone", "139", "--unless-known")["likely_duplicates"] == []


def test_a_case_opened_again_under_its_key_is_no_duplicate_of_itself(closeloop: Closeloop, simulated: Store):
    words = (*OPEN, "--phone", "13800138000", "--key", "call-7", "--unless-known")
    first = closeloop.json(*words)
    assert closeloop.json(*words) == {**first, "again": True}
    assert (first["likely_duplicates"], first["returning"]) == ([], False)


def test_a_case_of_another_kind_is_no_duplicate(closeloop: Closeloop, simulated: Store):
    placed = order(simulated)
    assert closeloop.json(*OPEN, "--phone", "13800138000", "--unless-known")["likely_duplicates"] == []
    found = closeloop.json("case", "similar", "--phone", "13800138000")["similar"]
    assert placed in [one["case"] for one in found]


@pytest.mark.requirement("A6")
def test_likely_duplicates_are_shown_before_a_case_is_opened(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG, shipment="SF-1")
    for words in (("--phone", "13800138000"), ("--shipment", "SF1")):
        [one] = closeloop.json("case", "similar", *words)["similar"]
        assert (one["case"], one["kind"], one["state"]) == (first, "complaint", "received")
    assert "same customer" in closeloop("case", "similar", "--phone", "13800138000").output
    assert closeloop.json("case", "similar", "--email", "wang@example.com") == {"similar": []}
    assert "No case" in closeloop("case", "similar", "--phone", "139").output
    assert closeloop.refused("case", "similar")["code"] == "nothing_to_look_for"


@pytest.mark.requirement("A6")
def test_cases_told_in_nearly_the_same_words_are_shown_with_why(closeloop: Closeloop, simulated: Store):
    text = "三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，客服电话一直没有人接，请尽快理赔。"
    first = new_case(simulated, text=text)
    [one] = closeloop.json("case", "similar", "--text", f"您好，{text}")["similar"]
    assert (one["case"], one["why"]) == (first, ["text"])
    assert "nearly the same words" in closeloop("case", "similar", "--text", text).output
    made = closeloop.json("case", "open", "--text", f"您好，{text}", "--as", "amy")
    assert made["likely_duplicates"] == [{"case": first, "state": "received", "why": ["text"]}]


def test_who_blew_the_whistle_is_not_told_to_the_desk(closeloop: Closeloop, simulated: Store):
    open_case(simulated, Opening(contact(**WANG), "report"), START)
    assert closeloop.json("case", "similar", "--phone", "13800138000") == {"similar": []}
    assert closeloop.json("customer", "--phone", "13800138000") == {"customers": []}
    assert closeloop.json(*OPEN, "--phone", "13800138000")["returning"] is False


@pytest.mark.requirement("A9")
def test_a_returning_customer_is_welcomed_by_surname_and_form_of_address(closeloop: Closeloop, simulated: Store):
    make_move(simulated, new_case(simulated, **WANG), "withdraw")
    new_case(simulated, **WANG)
    assert (
        "Returning customer: 王女士, 2 earlier cases, 1 of them open."
        in closeloop(*OPEN, "--phone", "13800138000").output
    )
    assert closeloop.json(*OPEN, "--phone", "13800138000")["returning"] is True
    assert closeloop.json(*OPEN, "--phone", "139")["returning"] is False


@pytest.mark.requirement("A9")
def test_who_calls_is_shown_with_what_he_has_with_us(closeloop: Closeloop, simulated: Store):
    gone, old, new = (new_case(simulated, n * HOUR, **WANG, email="Wang@example.com") for n in (0, 1, 2))
    execute_sql(simulated, "UPDATE cases SET customer_type = 'key_account' WHERE number = :number", number=old)
    make_move(simulated, gone, "withdraw", after=3 * HOUR)
    new_case(simulated, customer="王大明先生", phone="139")
    for words in (
        ("--phone", "138-0013-8000"),
        ("--email", "wang@example.com"),
        ("--name", "王女士"),
        ("--name", "王小"),
    ):
        [one] = closeloop.json("customer", *words)["customers"]
        assert (one["address"], one["type"], one["phone_ends"]) == ("王女士", "key_account", "8000")
        assert [each["case"] for each in one["cases"]] == [new, old, gone]
        assert one["cases"][0]["kind"] == "complaint"
    words = closeloop("customer", "--phone", "13800138000").output
    assert "王女士 · key account · phone …8000" in words
    assert "13800138000" not in words
    assert len(closeloop.json("customer", "--name", "王")["customers"]) == 2


def test_a_new_customer_and_a_question_without_a_customer(closeloop: Closeloop, simulated: Store):
    new_case(simulated, **WANG)
    assert "No customer found" in closeloop("customer", "--phone", "139").output
    assert closeloop.json("customer", "--name", "%")["customers"] == []
    for words in ((), ("--phone", "138", "--name", "王")):
        assert closeloop.refused("customer", *words)["code"] == "nothing_to_look_for"


@pytest.mark.requirement("A9")
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("王女士", "王女士"),
        ("王小明女士", "王女士"),
        ("欧阳娜娜小姐", "欧阳小姐"),
        ("王小明", "王小明"),
        ("王总", "王总"),
        ("李经理", "李经理"),
        ("Ms Wang", "Ms Wang"),
        ("先生", "先生"),
    ],
)
def test_a_form_of_address_is_kept_and_never_guessed(name: str, address: str):
    assert address_of(name) == address


WHERE = Position(position="hefei", as_of=START, reported_by="transport_system", expected_at=START + DAY)


def order(store: Store, where: Position | None = None) -> str:
    """An order, and what was last said of its position."""
    number = open_case(store, Opening(contact(**WANG, shipment="SF-1"), "order"), START).number
    if where is not None:
        known = variables_after("{}", where, None)
        execute_sql(
            store, "UPDATE cases SET variables = :variables WHERE number = :number", variables=known, number=number
        )
    return number


@pytest.mark.requirement("C3")
def test_a_customer_looks_his_order_up_by_its_number(closeloop: Closeloop, simulated: Store):
    number = order(simulated, WHERE)
    set_clock(simulated, START + 3 * HOUR)
    seen = closeloop.json("track", number)
    assert seen == {
        "case": number,
        "kind": "service_order",
        "state": "received",
        "milestone": "received",
        "position": "hefei",
        "as_of": START.isoformat(),
        "expected_at": (START + DAY).isoformat(),
        "age": 3 * 3600.0,
        "stale": False,
    }
    words = closeloop("track", number).output
    for told in ("hefei", "2026-03-02 09:00 (3 h old)", "2026-03-03 09:00"):
        assert told in words
    for personal in ("王", "13800138000", "SF-1", "broken"):
        assert personal not in words + json.dumps(seen, ensure_ascii=False)


@pytest.mark.requirement("C8")
@pytest.mark.parametrize(("age", "stale"), [(DAY, False), (DAY + timedelta(seconds=1), True)])
def test_a_position_older_than_a_day_is_shown_as_stale(
    closeloop: Closeloop, simulated: Store, age: timedelta, stale: bool
):
    number = order(simulated, WHERE)
    set_clock(simulated, START + age)
    assert closeloop.json("track", number)["stale"] is stale
    for locale, told in (("en", "STALE"), ("zh_CN", "数据已陈旧"), ("zh_TW", "資料已過時")):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        assert (told in closeloop("track", number).output) is stale


def test_an_order_of_which_no_position_is_known_says_so(closeloop: Closeloop, simulated: Store):
    seen = closeloop.json("track", order(simulated))
    assert (seen["position"], seen["as_of"], seen["age"], seen["stale"]) == (None, None, None, False)


def test_nothing_but_orders_is_looked_up_by_customers(closeloop: Closeloop, simulated: Store, number: str):
    finding = open_case(simulated, Opening(contact(), "finding"), START).number
    for other in (number, finding, "so-26-999999"):
        assert closeloop.refused("track", other)["code"] == "unknown_order"


def test_both_databases_are_asked_alike(store: Store):
    number = order(store, WHERE)
    complaint = new_case(store, **WANG, email="Wang@example.com")
    names: tuple[dict[str, Any], ...] = (
        {"phone": "13800138000"},
        {"email": "wang@EXAMPLE.com"},
        {"customer": "王女士"},
    )
    for said in names:
        with store.looking() as tx:
            [one] = customers(tx, store.secret, contact(**said))
        assert [each.number for each in one.cases] == [complaint, number]
    with store.looking() as tx:
        assert track(tx, number, START + 3 * HOUR).position == "hefei"
    wanted: tuple[dict[str, Any], ...] = ({"kind": "consultation"}, {"severity": "urgent"}, {"kind": "complaint"}, {})
    found = [[one.number for one in cases(store, CaseFilter(**one))] for one in wanted]
    assert found == [[], [], [complaint], [number, complaint]]
    assert case(store, complaint, "amy").links == []
