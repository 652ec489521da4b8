"""A contact that may be about a case already is shown that case, by index, and can be kept from a second one (A6)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from engine.commands.open_case import Opening, open_case, open_unless_known
from engine.duplicates import similar as looking
from engine.duplicates.similar import Candidate, similar
from engine.store import Store
from models.contact import Contact
from tests.case_actions import DAY, HOUR, START, contact, make_move, new_case, query_rows, refusal, run_concurrently

WANG: dict[str, Any] = {"phone": "138 0000 0000"}
pytestmark = pytest.mark.requirement("A6")


def found(store: Store, asked: Contact, kinds: set[str] | None = None) -> list[Candidate]:
    with store.looking() as tx:
        return similar(tx, store.secret, asked, kinds)


def told(store: Store, asked: Contact) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.number, one.why) for one in found(store, asked)]


def test_cases_of_the_customer_and_of_the_shipment_are_found_the_newest_first_with_why(store: Store):
    his = new_case(store, **WANG)
    both = new_case(store, HOUR, **WANG, shipment="SF-1")
    theirs = new_case(store, 2 * HOUR, phone="139", shipment="sf 1")
    new_case(store, 3 * HOUR, phone="139", shipment="SF-2")
    asked = contact(DAY, phone="13800000000", shipment="SF1")
    assert told(store, asked) == [(theirs, ("shipment",)), (both, ("party", "shipment")), (his, ("party",))]


def test_who_says_nothing_of_himself_is_like_nobody(store: Store):
    new_case(store)
    new_case(store, customer="Wang")
    assert told(store, contact(customer="Wang")) == []


@pytest.mark.parametrize(("days", "seen"), [(30, True), (31, False)])
def test_a_closed_case_may_be_meant_for_thirty_days(store: Store, days: int, seen: bool):
    number = new_case(store, **WANG)
    make_move(store, number, "withdraw")
    assert [one.number for one in found(store, contact(days * DAY, **WANG))] == ([number] if seen else [])


def test_an_open_case_may_be_meant_however_old_it_is(store: Store):
    number = new_case(store, **WANG)
    [one] = found(store, contact(timedelta(days=400), **WANG))
    assert (one.number, one.kind, one.closed, one.opened_at) == (number, "complaint", False, START)


def test_only_the_kinds_that_can_be_meant_are_shown(store: Store):
    new_case(store, **WANG)
    assert found(store, contact(**WANG), {"service_order"}) == []
    assert len(found(store, contact(**WANG), {"complaint"})) == 1


def test_no_more_are_shown_than_anybody_looks_through(store: Store):
    numbers = [new_case(store, **WANG) for _ in range(looking.MOST + 1)]
    assert [one.number for one in found(store, contact(**WANG))] == numbers[:0:-1]


def plan(store: Store, sql: str) -> str:
    """How the database goes about a question; an empty table tempts Postgres to read it whole, so it must not."""
    with store.looking() as tx:
        if store.postgres:
            tx.run("SET LOCAL enable_seqscan = off")
        values: dict[str, Any] = {"identity": "x", "shipment": "x", "since": 0}
        asked = {name: value for name, value in values.items() if f":{name}" in sql}
        explain = "EXPLAIN" if store.postgres else "EXPLAIN QUERY PLAN"
        return "\n".join(str(row) for row in tx.rows(f"{explain} {sql}", **asked))


def test_the_look_up_goes_by_index(store: Store):
    assert "ix_cases_party" in plan(store, looking.OF_PARTY)
    assert "ix_cases_shipment" in plan(store, looking.OF_SHIPMENT)
    for sql in (looking.OF_PARTY, looking.OF_SHIPMENT):
        assert "SCAN" not in plan(store, sql)
        assert "Seq Scan" not in plan(store, sql)


def opening(**said: Any) -> Opening:
    return Opening(contact(**said), actor="amy")


def test_a_case_is_opened_unless_one_like_it_is_there(store: Store):
    first = open_unless_known(store, opening(**WANG), START).number
    refused = refusal(partial(open_unless_known, store, opening(**WANG), START))
    assert (refused.code, refused.params) == ("likely_duplicate", {"numbers": [first]})
    assert [row["number"] for row in query_rows(store, "SELECT number FROM cases")] == [first]
    assert open_unless_known(store, opening(phone="139"), START).number != first
    assert open_case(store, opening(**WANG), START).number != first


def test_under_its_key_the_first_answer_is_given_again(store: Store):
    asked = Opening(contact(**WANG), actor="amy", key="call-7")
    first = open_unless_known(store, asked, START)
    again = open_unless_known(store, asked, START)
    assert (again.number, again.again) == (first.number, True)


def test_of_two_desks_at_once_one_opens_it(store: Store):
    tries = run_concurrently([partial(open_unless_known, store, opening(**WANG), START)] * 4)
    assert [getattr(one, "code", "opened") for one in tries].count("opened") == 1
    assert len(query_rows(store, "SELECT id FROM cases")) == 1
