"""A case goes on in another customer's case only if its customer agreed, and the record says who, how and when (A6)."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.store import Store
from tests.case_actions import AGENT, DAY, HOUR, START, case_of, make_move, new_case, query_rows, refusal

pytestmark = pytest.mark.requirement("A6")

WANG: dict[str, Any] = {"phone": "13800138000"}
LI: dict[str, Any] = {"phone": "13900139000"}


def test_a_customers_own_cases_are_merged_without_asking(store: Store):
    first, second = new_case(store, **WANG), new_case(store, HOUR, **WANG)
    make_move(store, second, "merge", after=2 * HOUR, into=first)
    assert case_of(store, second)["state"] == "merged"


def test_another_customers_case_needs_his_consent(store: Store):
    target, case = new_case(store, **LI), new_case(store, HOUR, **WANG)
    refused = refusal(lambda: make_move(store, case, "merge", after=2 * HOUR, into=target))
    assert (refused.code, refused.params) == ("no_consent", {"number": case, "into": target})
    make_move(store, case, "consent_to_merge", after=2 * HOUR, agreed_into=target)
    make_move(store, case, "merge", after=3 * HOUR, into=target)
    assert case_of(store, case)["state"] == "merged"


def test_consent_names_the_case_for_which_it_was_given(store: Store):
    target, other, case = new_case(store, **LI), new_case(store, phone="13700137000"), new_case(store, HOUR, **WANG)
    make_move(store, case, "consent_to_merge", after=2 * HOUR, agreed_into=target)
    assert refusal(lambda: make_move(store, case, "merge", after=3 * HOUR, into=other)).code == "no_consent"


def test_a_case_that_no_known_customer_brought_needs_nobodys_consent(store: Store):
    target, case = new_case(store, **LI), new_case(store, HOUR, customer=None, phone=None, email=None)
    make_move(store, case, "merge", after=2 * HOUR, into=target)
    assert case_of(store, case)["state"] == "merged"


def test_the_record_says_who_agreed_how_and_when(store: Store):
    target, case = new_case(store, **LI), new_case(store, HOUR, **WANG)
    at = (START + timedelta(minutes=90)).isoformat()
    make_move(store, case, "consent_to_merge", by=AGENT, after=2 * HOUR, agreed_into=target, reached_at=at)
    [row] = query_rows(store, "SELECT form, actor_id, occurred_at FROM transition WHERE move = 'consent_to_merge'")
    form = json.loads(row["form"])
    assert (form["agreed_into"], form["medium"]) == (target, "phone")
    assert datetime.fromisoformat(form["reached_at"]) == START + timedelta(minutes=90)
    [agent] = query_rows(store, "SELECT handle FROM actor WHERE id = :id", id=row["actor_id"])
    assert agent["handle"] == AGENT
    words = query_rows(store, "SELECT field, content FROM statement WHERE field IN ('consent', 'recipient')")
    assert {row["field"]: row["content"] for row in words} == {"consent": "Yes, do.", "recipient": "The customer."}
    later = (START + DAY).isoformat()
    refused = refusal(
        lambda: make_move(store, case, "consent_to_merge", after=3 * HOUR, agreed_into=target, reached_at=later)
    )
    assert refused.code == "not_yet"
