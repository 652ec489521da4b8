"""Greetings: only to who agreed, once for an occasion, and not while a complaint is open; an opt-out holds at once."""

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest

from engine.audit.erase_customer import ErasureOrder, erase_customer_in
from engine.audit.verify import verify
from engine.care.consent import ConsentAnswer, check_link, link_of, record_by_link, record_consent
from engine.care.greetings import claim_greeting, postpone_greeting, queue_greetings, queued_greetings, settle_greeting
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import (
    HOUR,
    START,
    case_of,
    execute_sql,
    make_move,
    query_rows,
    refusal,
    run_concurrently,
)
from tests.engine.access.people import principal
from tests.engine.care.greeted import (
    DRAGON_BOAT,
    FESTIVAL,
    agent,
    agreed,
    answers,
    claimed,
    customer,
    greetings,
)

pytestmark = pytest.mark.requirement("D3")
MINUTE = timedelta(minutes=1)


def person(store: Store, number: str) -> int:
    return case_of(store, number)["party_id"]


def test_nobody_is_greeted_who_has_not_agreed(store: Store):
    customer(store)
    assert claimed(store, FESTIVAL) == []
    assert greetings(store) == []


def test_who_agreed_is_greeted_once_whatever_is_retried(store: Store):
    agreed(store)
    assert claimed(store, FESTIVAL) == ["wu@example.com"]
    assert claimed(store, FESTIVAL) == [], "another process has it"
    [key] = queued_greetings(store, FESTIVAL + MINUTE)
    assert claimed(store, FESTIVAL + MINUTE) == ["wu@example.com"], "that process was lost"
    postpone_greeting(store, key, FESTIVAL + MINUTE)
    assert claimed(store, FESTIVAL + 2 * MINUTE) == [], "the mail server did not take it"
    assert claimed(store, FESTIVAL + 16 * MINUTE) == ["wu@example.com"]
    settle_greeting(store, key, FESTIVAL + 16 * MINUTE)
    assert claimed(store, FESTIVAL + HOUR) == []
    assert greetings(store) == [(DRAGON_BOAT, "sent", None)]


def test_several_processes_claim_a_greeting_once(store: Store):
    agreed(store)
    queue_greetings(store, FESTIVAL)
    [key] = queued_greetings(store, FESTIVAL)
    together = Barrier(4)

    def claim() -> bool:
        together.wait()
        return claim_greeting(store, key, FESTIVAL) is not None

    assert sorted(map(bool, run_concurrently([claim] * 4))) == [False, False, False, True]


def test_a_customer_with_several_cases_and_parties_is_greeted_once(store: Store):
    agreed(store, phone="13800138000")
    customer(store, phone="13900139000")
    agreed(store, phone="13800138000", email="wu@example.org")
    assert claimed(store, FESTIVAL) == ["wu@example.org"], "at the newest address"


def test_an_opt_out_holds_for_a_greeting_that_is_queued(store: Store):
    number = agreed(store)
    queue_greetings(store, FESTIVAL)
    answers(store, number, agrees=False, at=FESTIVAL)
    assert claimed(store, FESTIVAL) == []
    assert greetings(store) == [(DRAGON_BOAT, "withheld", "opted_out")]


def test_the_link_of_a_greeting_withdraws_and_only_for_its_customer(store: Store):
    number = agreed(store)
    agreed(store, customer="Li", email="li@example.com")
    link = link_of(store.secret, person(store, number))
    for _ in range(2):  # a mail program may send it again
        record_by_link(store, link, ConsentAnswer(given=False), "192.0.2.1", FESTIVAL)
    assert claimed(store, FESTIVAL) == ["li@example.com"]
    rows = query_rows(store, "SELECT given, source, via FROM care_consent ORDER BY id")
    assert [(bool(row["given"]), row["source"], row["via"]) for row in rows] == [
        (True, "phone", "cli"), (True, "phone", "cli"), (False, "link", "portal"),
    ]  # fmt: skip
    other = f"{person(store, number) + 1}{link[link.index('.') :]}"
    for wrong in (other, link[:-1], "", "1.2", f"1.{'0' * 32}"):
        assert refusal(partial(check_link, store, wrong)).code == "care_link_unknown"


def test_nobody_is_greeted_while_a_complaint_of_his_is_open(store: Store):
    agreed(store)
    customer(store, "complaint")
    assert claimed(store, FESTIVAL) == []
    assert greetings(store) == [(DRAGON_BOAT, "withheld", "complaint_open")]


@pytest.mark.parametrize(("days", "outcome"), [(29, "withheld"), (31, None)])
def test_nobody_is_greeted_soon_after_a_complaint_that_ended_unsatisfied(store: Store, days: int, outcome: str | None):
    agreed(store)
    number = customer(store, "complaint")
    execute_sql(store, "UPDATE cases SET closed = true WHERE number = :n", n=number)
    # The move is made by its name alone: what the engine demands before it is not what is tested here.
    at = int((FESTIVAL - timedelta(days=days)).timestamp()) * 1_000_000
    execute_sql(
        store, "UPDATE transition SET move = 'close_unsatisfied', occurred_at = :at WHERE case_id = :id",
        at=at, id=case_of(store, number)["id"],
    )  # fmt: skip
    claimed(store, FESTIVAL)
    assert greetings(store) == [(DRAGON_BOAT, outcome, "unsatisfied" if outcome else None)]


def test_a_greeting_waits_for_the_hours_and_is_withheld_after_the_day(store: Store):
    agreed(store)
    before, after = FESTIVAL - HOUR, FESTIVAL + 12 * HOUR
    assert claimed(store, before) == []
    assert greetings(store) == [(DRAGON_BOAT, None, None)]
    assert claimed(store, after) == []
    assert greetings(store) == [(DRAGON_BOAT, "withheld", "too_late")]


def test_who_has_no_mail_address_is_counted_not_forgotten(store: Store):
    agreed(store, email=None, phone="13800138000")
    assert claimed(store, FESTIVAL) == []
    assert greetings(store) == [(DRAGON_BOAT, "withheld", "no_address")]


def test_a_pack_that_asks_for_no_greetings_sends_none(store: Store):
    number = agreed(store)
    execute_sql(store, "UPDATE cases SET pack = 'haulage' WHERE number = :n", n=number)
    assert claimed(store, FESTIVAL) == []


def test_a_birthday_is_greeted_and_forgotten_by_who_withdraws(store: Store):
    number = customer(store)
    answers(store, number, birthday="06-20")
    day = FESTIVAL + timedelta(days=1)
    assert claimed(store, day) == ["wu@example.com"]
    assert greetings(store) == [("birthday:2026", None, None)]
    answers(store, number, agrees=False, at=day)
    assert query_rows(store, "SELECT birthday FROM party") == [{"birthday": None}]


def test_the_birthday_is_erased_with_the_customer(store: Store):
    number = customer(store)
    answers(store, number, birthday="06-20")
    execute_sql(store, "UPDATE cases SET closed = true")
    with store.writing() as tx:
        assert erase_customer_in(tx, case_of(store, number)["id"], ErasureOrder("nora", "He asks.", 1))
    assert query_rows(store, "SELECT birthday, email FROM party") == [{"birthday": None, "email": None}]
    assert claimed(store, FESTIVAL) == []


def test_consents_are_journalled_and_a_forged_one_is_found(store: Store):
    number = customer(store)
    answers(store, number, agrees=False)
    assert verify(store).faults == ()
    execute_sql(store, "UPDATE care_consent SET given = true")
    assert [fault for fault in verify(store).faults if "care_consent" in str(fault)] != []


def test_only_the_desk_records_what_a_customer_said_and_no_nonsense(store: Store):
    number = customer(store)
    yes = ConsentAnswer(given=True)
    quality = principal(store, Role.QUALITY_TEAM)
    assert refusal(lambda: record_consent(store, quality, number, yes, "phone", START)).code == "not_in_charge"
    who = agent(store)
    assert refusal(lambda: record_consent(store, who, number, yes, "hearsay", START)).code == "unknown_source"
    wrong = ConsentAnswer(given=True, birthday="31.5.")
    assert refusal(lambda: record_consent(store, who, number, wrong, "phone", START)).code == "bad_birthday"
    assert query_rows(store, "SELECT * FROM care_consent") == []


def test_moves_of_the_case_do_not_touch_the_answer(store: Store):
    number = agreed(store)
    make_move(store, number, "note", by="amy", note="Called again.")
    assert claimed(store, FESTIVAL) == ["wu@example.com"]
