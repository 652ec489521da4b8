"""A store of an earlier release keeps every customer and case; what is valid becomes a contact point."""

from typing import Any

import pytest

from engine.commands.complete_parties import complete_parties
from engine.ledger.chain import keyed
from engine.store import Store
from tests.case_actions import HOUR, START, case_of, execute_sql, new_case, query_rows
from tests.engine.commands.test_who_it_is import people, person_of, questions

pytestmark = pytest.mark.requirement("A9")

OLD: tuple[dict[str, Any], ...] = (
    {"name": "王女士", "phone": "138 0013 8000", "email": None},
    {"name": "王小明", "phone": "+86 13800138000", "email": "wang@example.com"},
    {"name": "Mr Lee", "phone": "0", "email": "Lee@Example.com"},
    {"name": "赵先生", "phone": "138****8000", "email": "a; b"},
    {"name": "孙女士", "phone": "13800138000", "email": "sun@example.com"},
    {"name": None, "phone": None, "email": "lee@example.com"},
    {"name": "李　四", "phone": None, "email": None},
)


@pytest.fixture
def cases(store: Store) -> list[str]:
    """Cases of customers as a release before these keys wrote them."""
    numbers = [new_case(store, customer=f"number {nth}", shipment="SF-1") for nth in range(len(OLD))]
    execute_sql(store, "UPDATE cases SET shipment = 'as of old'")
    for number, who in zip(numbers, OLD, strict=True):
        old = keyed(store.secret, "party", who["phone"] or who["email"] or number)
        execute_sql(
            store,
            "UPDATE party SET identity = :old, name = :name, phone = :phone, email = :email, phone_key = NULL,"
            " email_key = NULL, person_id = NULL WHERE id = :id",
            id=case_of(store, number)["party_id"], old=old, **who,
        )  # fmt: skip
    return numbers


def test_every_customer_and_case_stays_and_is_recognised_by_what_is_valid(store: Store, cases: list[str]):
    assert complete_parties(store, START) == len(OLD) - 1
    kept = query_rows(store, "SELECT phone, email FROM party ORDER BY id")
    assert [(row["phone"], row["email"]) for row in kept] == [(who["phone"], who["email"]) for who in OLD]
    wang, wang_too, lee, zhao, sun, lee_too, _ = cases
    assert person_of(store, wang) == person_of(store, wang_too)
    assert person_of(store, lee) == person_of(store, lee_too)
    assert people(store, wang, lee, zhao, sun) == 4
    assert [(case, set(why)) for case, _, why in questions(store)] == [(sun, {"phone"})]
    again = new_case(store, HOUR, phone="１３８００１３８０００", customer="王女士")
    assert person_of(store, again) == person_of(store, wang)
    by_mail = new_case(store, HOUR, email="LEE@example.com")
    assert person_of(store, by_mail) == person_of(store, lee)


def test_it_may_be_repeated(store: Store, cases: list[str]):
    complete_parties(store, START)
    before = query_rows(store, "SELECT * FROM party ORDER BY id"), query_rows(store, "SELECT * FROM same_person")
    assert complete_parties(store, START + HOUR) == 0
    after = query_rows(store, "SELECT * FROM party ORDER BY id"), query_rows(store, "SELECT * FROM same_person")
    assert after == before
    assert len(cases) == len(OLD)


def test_a_shipment_is_found_by_its_number_in_any_form(store: Store, cases: list[str]):
    complete_parties(store, START)
    number = new_case(store, shipment="ｓｆ １")
    assert {case_of(store, other)["shipment"] for other in cases} == {case_of(store, number)["shipment"]}
