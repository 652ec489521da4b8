"""The look-ups of the desk: the customer who calls, likely duplicates, and the position of an order."""

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
from models.columns import to_micros
from reports.desk_queries import address_of, customers, track
from statemachines.service_order_forms import Position
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, HOUR, START, contact, execute_sql, make_move, new_case, query_rows

OPEN = ("case", "open", "--text", "My parcel is broken.", "--as", "amy")
WANG: Mapping[str, Any] = {"phone": "13800138000", "customer": "王小明女士"}


@pytest.mark.requirement("A6")
def test_likely_duplicates_are_named_when_a_case_is_opened(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG, shipment="SF-1")
    arguments = (*OPEN, "--phone", "138 0013 8000", "--shipment", "sf1")
    opened = closeloop.json(*arguments)
    assert opened["likely_duplicates"] == [{"case": first, "state": "received", "why": ["party", "shipment"]}]
    result = closeloop(*arguments)
    assert (
        f"May be the same matter: {first} (Received · to be classified; same customer, same shipment)" in result.output
    )


@pytest.mark.requirement("A6")
def test_a_second_case_is_not_opened_unless_wanted(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG)
    arguments = (*OPEN, "--phone", "13800138000", "--unless-known")
    refused = closeloop.refused(*arguments)
    assert (refused["code"], refused["params"]) == ("likely_duplicate", {"numbers": [first]})
    assert "merge" in refused["text"]
    assert len(query_rows(simulated, "SELECT id FROM cases")) == 1
    assert closeloop.json(*OPEN, "--phone", "139", "--unless-known")["likely_duplicates"] == []


def test_a_case_opened_again_under_its_key_is_no_duplicate_of_itself(closeloop: Closeloop, simulated: Store):
    arguments = (*OPEN, "--phone", "13800138000", "--key", "call-7", "--unless-known")
    first = closeloop.json(*arguments)
    assert closeloop.json(*arguments) == {**first, "again": True}
    assert (first["likely_duplicates"], first["returning"]) == ([], False)


def test_a_case_of_another_kind_is_no_duplicate(closeloop: Closeloop, simulated: Store):
    placed = new_order(simulated)
    assert closeloop.json(*OPEN, "--phone", "13800138000", "--unless-known")["likely_duplicates"] == []
    similar = closeloop.json("case", "similar", "--phone", "13800138000")["similar"]
    assert placed in [row["case"] for row in similar]


@pytest.mark.requirement("A6")
def test_likely_duplicates_are_shown_before_a_case_is_opened(closeloop: Closeloop, simulated: Store):
    first = new_case(simulated, **WANG, shipment="SF-1")
    for arguments in (("--phone", "13800138000"), ("--shipment", "SF1")):
        [row] = closeloop.json("case", "similar", *arguments)["similar"]
        assert (row["case"], row["kind"], row["state"]) == (first, "complaint", "received")
    assert "same customer" in closeloop("case", "similar", "--phone", "13800138000").output
    assert closeloop.json("case", "similar", "--email", "wang@example.com") == {"similar": []}
    assert "No case" in closeloop("case", "similar", "--phone", "139").output
    assert closeloop.refused("case", "similar")["code"] == "nothing_to_look_for"


@pytest.mark.requirement("A6")
def test_cases_with_nearly_the_same_text_are_shown_with_the_reason(closeloop: Closeloop, simulated: Store):
    text = "三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，客服电话一直没有人接，请尽快理赔。"
    first = new_case(simulated, text=text)
    [row] = closeloop.json("case", "similar", "--text", f"您好，{text}")["similar"]
    assert (row["case"], row["why"]) == (first, ["text"])
    assert "nearly the same words" in closeloop("case", "similar", "--text", text).output
    opened = closeloop.json("case", "open", "--text", f"您好，{text}", "--as", "amy")
    assert opened["likely_duplicates"] == [{"case": first, "state": "received", "why": ["text"]}]


def test_the_desk_is_not_shown_the_customer_of_a_report(closeloop: Closeloop, simulated: Store):
    open_case(simulated, Opening(contact(**WANG), "report"), START)
    assert closeloop.json("case", "similar", "--phone", "13800138000") == {"similar": []}
    assert closeloop.json("customer", "--phone", "13800138000") == {"customers": []}
    assert closeloop.json(*OPEN, "--phone", "13800138000")["returning"] is False


@pytest.mark.requirement("A9")
def test_a_returning_customer_is_named_by_surname_and_form_of_address(closeloop: Closeloop, simulated: Store):
    make_move(simulated, new_case(simulated, **WANG), "withdraw")
    new_case(simulated, **WANG)
    assert (
        "Returning customer: 王女士, 2 earlier cases, 1 of them open."
        in closeloop(*OPEN, "--phone", "13800138000").output
    )
    assert closeloop.json(*OPEN, "--phone", "13800138000")["returning"] is True
    assert closeloop.json(*OPEN, "--phone", "139")["returning"] is False


@pytest.mark.requirement("A9")
def test_the_calling_customer_is_shown_with_all_cases(closeloop: Closeloop, simulated: Store):
    withdrawn, old, new = (new_case(simulated, n * HOUR, **WANG, email="Wang@example.com") for n in (0, 1, 2))
    execute_sql(simulated, "UPDATE cases SET customer_type = 'key_account' WHERE number = :number", number=old)
    make_move(simulated, withdrawn, "withdraw", after=3 * HOUR)
    new_case(simulated, customer="王大明先生", phone="13900139000")
    for arguments in (
        ("--phone", "138-0013-8000"),
        ("--email", "wang@example.com"),
        ("--name", "王女士"),
        ("--name", "王小"),
    ):
        [customer] = closeloop.json("customer", *arguments)["customers"]
        assert (customer["address"], customer["type"], customer["phone_ends"]) == ("王女士", "key_account", "8000")
        assert [row["case"] for row in customer["cases"]] == [new, old, withdrawn]
        assert customer["cases"][0]["kind"] == "complaint"
    output = closeloop("customer", "--phone", "13800138000").output
    assert "王女士 · key account · phone …8000" in output
    assert "13800138000" not in output
    assert len(closeloop.json("customer", "--name", "王")["customers"]) == 2


def test_an_unknown_customer_and_a_search_without_a_criterion(closeloop: Closeloop, simulated: Store):
    new_case(simulated, **WANG)
    assert "No customer found" in closeloop("customer", "--phone", "139").output
    assert closeloop.json("customer", "--name", "%")["customers"] == []
    for arguments in ((), ("--phone", "138", "--name", "王")):
        assert closeloop.refused("customer", *arguments)["code"] == "nothing_to_look_for"


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
def test_a_form_of_address_is_used_as_entered_and_never_guessed(name: str, address: str):
    assert address_of(name) == address


WHERE = Position(position="hefei", as_of=START, reported_by="transport_system", expected_at=START + DAY)


def new_order(store: Store, where: Position | None = None) -> str:
    """Open an order, with its last reported position; return its number."""
    number = open_case(store, Opening(contact(**WANG, shipment="SF-1"), "order"), START).number
    if where is not None:
        variables = variables_after("{}", where, None, to_micros(START))
        execute_sql(
            store, "UPDATE cases SET variables = :variables WHERE number = :number", variables=variables, number=number
        )
    return number


@pytest.mark.requirement("C3")
def test_an_order_is_looked_up_by_its_number(closeloop: Closeloop, simulated: Store):
    number = new_order(simulated, WHERE)
    set_clock(simulated, START + 3 * HOUR)
    position = closeloop.json("track", number)
    assert position == {
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
    output = closeloop("track", number).output
    for shown in ("hefei", "2026-03-02 09:00 (3 h old)", "2026-03-03 09:00"):
        assert shown in output
    for personal in ("王", "13800138000", "SF-1", "broken"):
        assert personal not in output + json.dumps(position, ensure_ascii=False)


@pytest.mark.requirement("C8")
@pytest.mark.parametrize(("age", "stale"), [(DAY, False), (DAY + timedelta(seconds=1), True)])
def test_a_position_older_than_a_day_is_shown_as_stale(
    closeloop: Closeloop, simulated: Store, age: timedelta, stale: bool
):
    number = new_order(simulated, WHERE)
    set_clock(simulated, START + age)
    assert closeloop.json("track", number)["stale"] is stale
    for locale, stale_label in (("en", "STALE"), ("zh_CN", "数据已陈旧"), ("zh_TW", "資料已過時")):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        assert (stale_label in closeloop("track", number).output) is stale


def test_an_order_without_a_position_has_blank_fields(closeloop: Closeloop, simulated: Store):
    position = closeloop.json("track", new_order(simulated))
    assert (position["position"], position["as_of"], position["age"], position["stale"]) == (None, None, None, False)


def test_only_orders_can_be_tracked(closeloop: Closeloop, simulated: Store, number: str):
    finding = open_case(simulated, Opening(contact(), "finding"), START).number
    for other in (number, finding, "so-26-999999"):
        assert closeloop.refused("track", other)["code"] == "unknown_order"


def test_the_queries_give_the_same_rows_on_both_databases(store: Store):
    number = new_order(store, WHERE)
    complaint = new_case(store, **WANG, email="Wang@example.com")
    names: tuple[dict[str, Any], ...] = (
        {"phone": "13800138000"},
        {"email": "wang@EXAMPLE.com"},
        {"customer": "王女士"},
    )
    for name in names:
        with store.looking() as tx:
            [customer] = customers(tx, store.secret, contact(**name))
        assert [row.number for row in customer.cases] == [complaint, number]
    with store.looking() as tx:
        assert track(tx, number, START + 3 * HOUR).position == "hefei"
    filters: tuple[dict[str, Any], ...] = ({"kind": "consultation"}, {"severity": "urgent"}, {"kind": "complaint"}, {})
    listed = [[row.number for row in cases(store, CaseFilter(**wanted))] for wanted in filters]
    assert listed == [[], [], [complaint], [number, complaint]]
    assert case(store, complaint, "amy").links == []
