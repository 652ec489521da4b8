"""A contact becomes a case: its content is stored, its customer is recognised, and a key opens one case only."""

import json
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.contact import TEXT_LIMIT, Channel
from tests.case_actions import (
    HOUR,
    SECRET,
    START,
    case_of,
    contact,
    history_of,
    new_case,
    query_rows,
    refusal,
    run_concurrently,
)

COMPLETE = {
    "subject": "Broken parcel",
    "text": "  It arrived in two halves. ",
    "demand": "A new one",
    "customer": "王小明",
    "phone": "13800138000",
    "email": "Wang@Example.com",
    "shipment": "SF-1",
    "channel": Channel.HOTLINE,
    "requested_at": START,
}


def statements_of(store: Store, number: str) -> dict[str, str]:
    rows = query_rows(
        store, "SELECT field, content FROM statement WHERE case_id = :id", id=case_of(store, number)["id"]
    )
    return {row["field"]: row["content"] for row in rows}


def test_personal_texts_are_stored_as_statements(store: Store):
    assert statements_of(store, new_case(store, **COMPLETE)) == {
        "subject": "Broken parcel",
        "text": "It arrived in two halves.",
        "demand": "A new one",
        "shipment": "SF-1",
    }


def test_the_record_holds_digests_and_nothing_personal(store: Store):
    number = new_case(store, **COMPLETE)
    [first] = history_of(store, number)
    form = json.loads(first["form"])
    assert {name for name, value in form.items() if isinstance(value, dict)} == {
        *("subject", "text", "demand", "shipment")
    }
    assert (form["channel"], form["requested_at"]) == ("hotline", "2026-03-02T01:00:00.000000Z")
    recorded = json.dumps([first, case_of(store, number)], ensure_ascii=False)
    assert not any(word in recorded for word in ("halves", "王小明", "13800138000", "xample", "SF-1", "A new one"))


def test_a_new_case_is_received_and_has_timers_and_an_outbox_event(store: Store):
    case = case_of(store, new_case(store))
    assert (case["state"], case["version"], case["cycle"], case["level"]) == ("received", 1, 1, 0)
    timers = query_rows(store, "SELECT clause FROM timer WHERE case_id = :id ORDER BY clause", id=case["id"])
    assert [timer["clause"] for timer in timers] == ["first_reply", "solution"]
    assert query_rows(store, "SELECT case_id, seq FROM outbox_event") == [{"case_id": case["id"], "seq": 1}]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"phone": "13800138000"}, {"phone": "13800138000", "customer": "Wang"}, True),
        ({"email": "A@x.cn"}, {"email": "a@X.cn"}, True),
        ({"email": "a＠x.cn"}, {"email": "a@x.cn", "phone": "13800138000"}, True),
        ({"phone": "+86 138 0013 8000"}, {"phone": "１３８００１３８０００"}, True),
        ({"phone": "13800138000", "customer": "王女士"}, {"phone": "13800138000", "customer": "王小明"}, True),
        ({"phone": "13800138000", "customer": "王女士"}, {"phone": "13800138000", "customer": "Mr Lee"}, False),
        ({"phone": "021-61234567"}, {"phone": "021-61234567"}, False),
        ({"phone": "13800138000", "email": "a@x.cn"}, {"phone": "13800138000"}, True),
        ({"phone": "13800138000"}, {"phone": "13900139000"}, False),
        ({"customer": "Wang"}, {"customer": "Wang"}, False),
    ],
)
def test_a_customer_is_recognised_by_phone_or_mail_and_not_by_name(
    store: Store, first: dict[str, Any], second: dict[str, Any], same: bool
):
    first_person, second_person = (person_of(store, new_case(store, **fields)) for fields in (first, second))
    assert (first_person == second_person) is same


def person_of(store: Store, number: str) -> int:
    [row] = query_rows(
        store,
        "SELECT coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id"
        " WHERE c.number = :number",
        number=number,
    )
    return row["person"]


def test_each_way_in_which_a_customer_names_himself_is_kept_once(store: Store):
    named: tuple[dict[str, Any], ...] = (
        {"customer": "Wang"}, {"customer": "Mr Wang", "email": "a@x.cn"}, {"customer": "Wang"},
    )  # fmt: skip
    for fields in named:
        new_case(store, phone="13800138000", **fields)
    parties = query_rows(store, "SELECT name, phone, email, identity, person_id FROM party ORDER BY id")
    assert [(p["name"], p["phone"], p["email"], p["person_id"]) for p in parties] == [
        ("Wang", "13800138000", None, None),
        ("Mr Wang", "13800138000", "a@x.cn", 1),
    ]
    assert {len(party["identity"]) for party in parties} == {64}


def test_an_anonymous_contact_has_no_party(store: Store):
    assert case_of(store, new_case(store))["party_id"] is None


def test_the_number_holds_kind_year_and_id(store: Store):
    assert new_case(store) == "cp-26-000001"
    assert new_case(store) == "cp-26-000002"


def test_the_year_of_the_number_is_that_of_the_local_date(store: Store):
    new_year = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
    opening = Opening(contact(at=new_year), actor="import")
    assert open_case(store, opening, START).number.startswith("cp-26-")


def test_a_repeated_key_opens_one_case_and_gets_the_first_answer(store: Store):
    opening = Opening(contact(**COMPLETE), key="k")
    first = open_case(store, opening, START)
    again = open_case(store, opening, START + HOUR)
    assert (first.again, again.again) == (False, True)
    assert (again.number, again.seq, again.state) == (first.number, 1, "received")
    assert len(query_rows(store, "SELECT id FROM cases")) == 1


def test_a_key_with_another_body_is_refused(store: Store):
    open_case(store, Opening(contact(), key="k"), START)
    refused = refusal(lambda: open_case(store, Opening(contact(text="Another thing."), key="k"), START))
    assert (refused.code, refused.params) == ("key_reused", {"key": "k"})


def test_ten_concurrent_openings_with_one_key_open_one_case(store: Store):
    answers = run_concurrently([partial(open_case, store, Opening(contact(phone="13800138000"), key="k"), START)] * 10)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert len({getattr(answer, "number", answer) for answer in answers}) == 1
    assert len(query_rows(store, "SELECT id FROM cases")) == len(query_rows(store, "SELECT id FROM party")) == 1


def test_ten_concurrent_openings_without_a_key_open_ten_cases(store: Store):
    answers = run_concurrently([partial(open_case, store, Opening(contact(phone="13800138000")), START)] * 10)
    assert len({getattr(answer, "number", answer) for answer in answers}) == 10
    assert len(query_rows(store, "SELECT id FROM party")) == 1


def test_the_stored_key_holds_no_content(store: Store):
    open_case(store, Opening(contact(**COMPLETE), key="k"), START)
    [stored_key] = query_rows(store, "SELECT * FROM idempotency_key")
    assert (stored_key["key"], stored_key["seq"]) == ("k", 1)
    assert "halves" not in str(stored_key)
    assert SECRET not in str(stored_key)


@pytest.mark.parametrize(
    ("opening", "code"),
    [
        (Opening(contact(HOUR)), "in_the_future"),
        (Opening(contact(-HOUR), actor="amy"), "no_backdating"),
        (Opening(contact(), actor="nobody"), "unknown_actor"),
        (Opening(contact(), kind="parcel"), "unknown_kind"),
        (Opening(contact(), pack="nothing"), "unknown_pack"),
    ],
)
def test_a_refused_opening_writes_nothing(store: Store, opening: Opening, code: str):
    assert refusal(lambda: open_case(store, opening, START)).code == code
    for table in ("cases", "transition", "statement", "party", "timer", "outbox_event", "idempotency_key"):
        assert query_rows(store, f"SELECT * FROM {table}") == []


def test_an_import_may_be_in_the_past_and_its_timers_start_there(store: Store):
    answer = open_case(store, Opening(contact(-3 * HOUR), actor="import"), START)
    [first] = history_of(store, answer.number)
    assert first["recorded_at"] - first["occurred_at"] == 3 * HOUR / timedelta(microseconds=1)
    opened_at = {row["opened_at"] for row in query_rows(store, "SELECT opened_at FROM timer")}
    assert opened_at == {first["occurred_at"]} == {case_of(store, answer.number)["opened_at"]}


def test_the_time_of_a_contact_needs_a_zone_and_may_have_any():
    assert contact(at=START.astimezone(timezone(timedelta(hours=8)))).at == START
    with pytest.raises(ValidationError, match="timezone"):
        contact(at="2026-03-02T09:00:00")


@pytest.mark.parametrize("field", ["text", "demand"])
def test_a_text_above_the_size_limit_is_refused(field: str):
    fields: dict[str, Any] = {field: "x" * TEXT_LIMIT}
    assert contact(**fields)
    fields[field] += "x"
    with pytest.raises(ValidationError, match=field):
        contact(**fields)
