"""A contact that may concern an existing case is shown that case, by index, and can be refused a second one (A6)."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.duplicates import similar as looking
from engine.duplicates.same_person import HOLDERS
from engine.duplicates.similar import Candidate, similar
from engine.store import Store
from models.contact import Contact
from tests.case_actions import DAY, HOUR, START, contact, make_move, new_case, query_rows, refusal, run_concurrently

WANG: dict[str, Any] = {"phone": "138 0013 0000"}
pytestmark = pytest.mark.requirement("A6")


def candidates_for(store: Store, new_contact: Contact, kinds: set[str] | None = None) -> list[Candidate]:
    with store.looking() as tx:
        return similar(tx, store.secret, new_contact, kinds)


def numbers_and_reasons(store: Store, new_contact: Contact) -> list[tuple[str, tuple[str, ...]]]:
    return [(candidate.number, candidate.why) for candidate in candidates_for(store, new_contact)]


def test_cases_of_the_customer_or_the_shipment_are_found_newest_first_with_reasons(store: Store):
    of_customer = new_case(store, **WANG)
    of_both = new_case(store, HOUR, **WANG, shipment="SF-1")
    of_shipment = new_case(store, 2 * HOUR, phone="13900139000", shipment="sf 1")
    new_case(store, 3 * HOUR, phone="13900139000", shipment="SF-2")
    new_contact = contact(DAY, phone="13800130000", shipment="SF1")
    assert numbers_and_reasons(store, new_contact) == [
        (of_shipment, ("shipment",)),
        (of_both, ("party", "shipment")),
        (of_customer, ("party",)),
    ]


def test_a_name_alone_matches_no_customer(store: Store):
    new_case(store)
    new_case(store, customer="Wang")
    assert numbers_and_reasons(store, contact(customer="Wang")) == []


@pytest.mark.parametrize(("days", "expected"), [(30, True), (31, False)])
def test_a_closed_case_is_found_for_thirty_days(store: Store, days: int, expected: bool):
    number = new_case(store, **WANG)
    make_move(store, number, "withdraw")
    assert [candidate.number for candidate in candidates_for(store, contact(days * DAY, **WANG))] == (
        [number] if expected else []
    )


def test_an_open_case_is_found_however_old_it_is(store: Store):
    number = new_case(store, **WANG)
    [candidate] = candidates_for(store, contact(timedelta(days=400), **WANG))
    assert (candidate.number, candidate.kind, candidate.closed, candidate.opened_at) == (
        number,
        "complaint",
        False,
        START,
    )


def test_candidates_can_be_limited_to_kinds(store: Store):
    new_case(store, **WANG)
    assert candidates_for(store, contact(**WANG), {"service_order"}) == []
    assert len(candidates_for(store, contact(**WANG), {"complaint"})) == 1


def test_the_number_of_candidates_is_limited(store: Store):
    numbers = [new_case(store, **WANG) for _ in range(looking.MOST + 1)]
    assert [candidate.number for candidate in candidates_for(store, contact(**WANG))] == numbers[:0:-1]


def plan(store: Store, sql: str) -> str:
    """Return the database's plan of a query; Postgres is kept from scanning the empty table."""
    with store.looking() as tx:
        if store.postgres:
            tx.run("SET LOCAL enable_seqscan = off")
        values: dict[str, Any] = {"people": [1], "phone_key": "x", "email_key": "x", "shipment": "x", "since": 0}
        parameters = {name: value for name, value in values.items() if f":{name}" in sql}
        explain = "EXPLAIN" if store.postgres else "EXPLAIN QUERY PLAN"
        return "\n".join(str(row) for row in tx.rows_among(f"{explain} {sql}", **parameters))


def test_the_queries_use_an_index(store: Store):
    assert "ix_cases_party" in plan(store, looking.OF_PEOPLE)
    assert "ix_cases_shipment" in plan(store, looking.OF_SHIPMENT)
    assert "ix_party_phone" in plan(store, HOLDERS)
    assert "ix_party_email" in plan(store, HOLDERS)
    for sql in (looking.OF_PEOPLE, looking.OF_SHIPMENT, HOLDERS):
        assert re.search(r"SCAN (c|p|cases|party)\b", plan(store, sql)) is None
        assert "Seq Scan" not in plan(store, sql)


def opening(**fields: Any) -> Opening:
    return Opening(contact(**fields), actor="amy")


def test_a_case_is_opened_unless_a_similar_one_exists(store: Store):
    first = open_unless_known(store, opening(**WANG), START).number
    refused = refusal(partial(open_unless_known, store, opening(**WANG), START))
    assert (refused.code, refused.params) == ("likely_duplicate", {"numbers": [first]})
    assert [row["number"] for row in query_rows(store, "SELECT number FROM cases")] == [first]
    assert open_unless_known(store, opening(phone="13900139000"), START).number != first
    assert open_case(store, opening(**WANG), START).number != first


def test_a_repeated_key_gets_the_first_answer(store: Store):
    keyed = Opening(contact(**WANG), actor="amy", key="call-7")
    first = open_unless_known(store, keyed, START)
    again = open_unless_known(store, keyed, START)
    assert (again.number, again.again) == (first.number, True)


def test_of_concurrent_openings_one_succeeds(store: Store):
    results = run_concurrently([partial(open_unless_known, store, opening(**WANG), START)] * 4)
    assert [getattr(result, "code", "opened") for result in results].count("opened") == 1
    assert len(query_rows(store, "SELECT id FROM cases")) == 1
