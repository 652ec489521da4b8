"""The outbox: each event reaches each reaction in order, at least once, and one dispatcher at a time."""

from datetime import timedelta
from functools import partial

import pytest

from engine.backoff import FIRST_WAIT, TRIES
from engine.outbox.case_event import CaseEvent
from engine.outbox.dead_letters import DeadLetter, drop_dead, retry_dead
from engine.outbox.deliveries import LEASE, Later, Leased, lease, settle
from engine.outbox.waiting_deliveries import peek
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    HOUR,
    MICROSECOND,
    START,
    case_of,
    make_move,
    new_case,
    query_rows,
    refusal,
    run_concurrently,
)
from tests.erasures import administrator_of

GREET, WRITE = "greet", "write"


def both(event: CaseEvent) -> list[str]:
    return [GREET, WRITE]


def greeting(event: CaseEvent) -> list[str]:
    return [GREET]


def lease_greetings(store: Store, owner: str = "me", after: timedelta = timedelta()) -> list[Leased]:
    """Lease the deliveries of the reaction ``greet``."""
    return lease(store, owner, greeting, START + after)


def delivery(store: Store, seq: int = 1) -> dict[str, object]:
    [row] = query_rows(store, "SELECT status, tries, lease_owner, error FROM delivery WHERE seq = :seq", seq=seq)
    return row


def fail_delivery(store: Store, after: timedelta = timedelta(), error: str | None = "SmtpError") -> list[Leased]:
    """Lease one delivery and let it fail; return the deliveries that became dead letters."""
    [leased] = lease_greetings(store, after=after)
    return settle(store, [(leased, error)], START + after)


def exhaust_tries(store: Store) -> None:
    for n in range(TRIES):
        fail_delivery(store, n * HOUR)


def test_every_event_becomes_a_delivery_for_each_reaction(store: Store):
    number = new_case(store)
    batch = lease(store, "me", both, START)
    assert [leased.key for leased in batch] == [f"{number}:1:greet", f"{number}:1:write"]
    assert batch[0].event.move == "open"
    assert (batch[0].event.number, batch[0].event.kind, batch[0].tries) == (number, "complaint", 1)
    assert query_rows(store, "SELECT * FROM outbox_event") == []


def test_an_event_without_a_reaction_is_deleted(store: Store):
    new_case(store)
    assert lease(store, "me", lambda event: [], START) == []
    assert query_rows(store, "SELECT * FROM outbox_event") == query_rows(store, "SELECT * FROM delivery") == []


def test_the_lease_is_committed_before_the_work(store: Store):
    new_case(store)
    [leased] = lease_greetings(store)
    row = delivery(store)
    assert (row["status"], row["tries"], row["lease_owner"], leased.owner) == ("leased", 1, "me", "me")
    assert lease_greetings(store, "other") == []


def test_a_delivery_that_is_done_is_not_leased_again(store: Store):
    new_case(store)
    assert fail_delivery(store, error=None) == []
    assert (delivery(store)["status"], delivery(store)["lease_owner"]) == ("done", "me")
    assert lease_greetings(store, after=1000 * HOUR) == []


def test_a_delivery_waits_for_the_one_before_it(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    [first] = lease_greetings(store)
    assert first.event.seq == 1
    assert lease_greetings(store) == []
    settle(store, [(first, "SmtpError")], START)
    assert lease_greetings(store) == []
    [again] = lease_greetings(store, after=FIRST_WAIT)
    settle(store, [(again, None)], START)
    assert [leased.event.seq for leased in lease_greetings(store, after=FIRST_WAIT)] == [2]


def test_reactions_and_cases_do_not_wait_for_each_other(store: Store):
    for number in (new_case(store), new_case(store)):
        make_move(store, number, "classify")
    assert len(lease(store, "me", both, START)) == 4


def test_a_delivery_does_not_wait_for_a_dead_one(store: Store):
    make_move(store, new_case(store), "classify")
    exhaust_tries(store)
    assert [leased.event.seq for leased in lease_greetings(store, after=TRIES * HOUR)] == [2]


def test_a_later_event_is_not_delivered_before_an_earlier_one(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    with store.writing() as tx:
        tx.run(
            "INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)"
            " VALUES (:id, 2, :r, 'waiting', 0, 0)",
            id=case_of(store, number)["id"],
            r=GREET,
        )
    assert [leased.event.seq for leased in lease(store, "me", greeting, START, limit=1)] == [1]


@pytest.mark.parametrize("failures", range(1, TRIES))
def test_each_failure_waits_four_times_as_long(store: Store, failures: int):
    new_case(store)
    for n in range(failures):
        fail_delivery(store, n * HOUR)
    wait = timedelta(seconds=10) * 4 ** (failures - 1)
    failed_at = (failures - 1) * HOUR
    assert lease_greetings(store, after=failed_at + wait - MICROSECOND) == []
    [leased] = lease_greetings(store, after=failed_at + wait)
    assert leased.tries == failures + 1


def test_the_fifth_failure_is_the_last(store: Store):
    new_case(store)
    dead = [len(fail_delivery(store, n * HOUR)) for n in range(TRIES)]
    assert dead == [0, 0, 0, 0, 1]
    assert delivery(store) == {"status": "dead", "tries": 5, "lease_owner": None, "error": "SmtpError"}
    assert lease_greetings(store, after=1000 * HOUR) == []


def test_a_dead_delivery_is_revived_with_all_its_tries(store: Store):
    number = new_case(store)
    exhaust_tries(store)
    retry_dead(store, administrator_of(store), DeadLetter(number, 1, GREET), START + 9 * HOUR)
    [leased] = lease_greetings(store, after=9 * HOUR)
    assert leased.tries == 1


def test_a_dropped_delivery_is_not_leased_again(store: Store):
    number = new_case(store)
    exhaust_tries(store)
    drop_dead(store, administrator_of(store), DeadLetter(number, 1, GREET), "She was called.", START + 9 * HOUR)
    assert delivery(store)["status"] == "done"
    assert lease_greetings(store, after=1000 * HOUR) == []


def test_only_a_dead_delivery_is_revived_or_dropped(store: Store):
    number = new_case(store)
    lease_greetings(store)
    principal = administrator_of(store)
    for case in (number, "cp-26-999999"):
        letter = DeadLetter(case, 1, GREET)
        for act in (
            lambda letter=letter: retry_dead(store, principal, letter, START),
            lambda letter=letter: drop_dead(store, principal, letter, "She was called.", START),
        ):
            refused = refusal(act)
            assert (refused.code, refused.params) == ("not_dead", {"number": case, "seq": 1, "reaction": GREET})


def test_an_expired_lease_goes_to_another_owner_and_the_first_cannot_settle_it(store: Store):
    new_case(store)
    [mine] = lease_greetings(store, "me")
    assert lease_greetings(store, "other", after=LEASE - MICROSECOND) == []
    [theirs] = lease_greetings(store, "other", after=LEASE)
    assert (theirs.tries, theirs.key) == (2, mine.key)
    settle(store, [(mine, None)], START + LEASE)
    settle(store, [(mine, "SmtpError")], START + LEASE)
    assert (delivery(store)["status"], delivery(store)["lease_owner"]) == ("leased", "other")
    settle(store, [(theirs, None)], START + LEASE)
    assert delivery(store)["status"] == "done"


def test_an_owner_without_the_lease_cannot_make_a_dead_letter(store: Store):
    new_case(store)
    for n in range(TRIES - 2):
        fail_delivery(store, n * HOUR)
    [mine] = lease_greetings(store, "me", after=9 * HOUR)
    lease_greetings(store, "other", after=9 * HOUR + LEASE)
    assert settle(store, [(mine, "SmtpError")], START + 10 * HOUR) == []
    assert delivery(store)["status"] == "leased"


def test_a_delivery_whose_process_dies_at_every_try_becomes_a_dead_letter(store: Store):
    new_case(store)
    for n in range(TRIES):
        assert len(lease_greetings(store, after=n * HOUR)) == 1
    assert lease_greetings(store, after=9 * HOUR) == []
    assert (delivery(store)["status"], delivery(store)["error"]) == ("dead", "ProcessLost")


def test_two_dispatchers_share_no_delivery(store: Store):
    for _ in range(20):
        make_move(store, new_case(store), "classify")
    leases = [partial(lease, store, owner, both, START, 50) for owner in ("me", "other", "third")]
    keys = [leased.key for batch in run_concurrently(leases) if isinstance(batch, list) for leased in batch]
    assert len(keys) == len(set(keys))
    remaining = [leased.key for leased in lease(store, "me", both, START)]
    assert len({*keys, *remaining}) == len(keys) + len(remaining) == 40


def test_a_batch_is_limited(store: Store):
    for _ in range(5):
        new_case(store)
    assert [len(lease(store, "me", greeting, START, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_each_delivery_of_a_batch_is_settled_alone(store: Store):
    new_case(store)
    good, bad = lease(store, "me", both, START)
    settle(store, [(good, None), (bad, "SmtpError")], START)
    assert [row["status"] for row in query_rows(store, "SELECT status FROM delivery ORDER BY reaction")] == [
        "done",
        "waiting",
    ]


def test_peek_returns_what_waits_and_leases_nothing(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    assert [(waiting.number, waiting.step, waiting.round) for waiting in peek(store, START)] == [
        (number, "received", 1),
        (number, "classified", 1),
    ]
    assert len(lease_greetings(store)) == 1
    assert [waiting.step for waiting in peek(store, START)] == ["classified"]


def test_an_event_holds_when_it_occurred_and_was_recorded(store: Store):
    new_case(store)
    [leased] = lease_greetings(store)
    assert from_micros(leased.event.occurred_at) == from_micros(leased.event.recorded_at) == START


@pytest.mark.requirement("B6")
def test_waiting_for_an_hour_spends_no_try(store: Store):
    new_case(store)
    for n in range(TRIES + 2):
        [leased] = lease_greetings(store, after=n * HOUR)
        assert leased.tries == 1
        assert settle(store, [(leased, Later(START + (n + 1) * HOUR))], START + n * HOUR) == []
        assert lease_greetings(store, after=(n + 1) * HOUR - MICROSECOND) == []
    assert delivery(store) == {"status": "waiting", "tries": 0, "lease_owner": None, "error": None}


@pytest.mark.requirement("B6")
def test_a_wait_keeps_the_tries_spent_before_it(store: Store):
    new_case(store)
    fail_delivery(store)
    [leased] = lease_greetings(store, after=FIRST_WAIT)
    settle(store, [(leased, Later(START + HOUR))], START + FIRST_WAIT)
    assert delivery(store) == {"status": "waiting", "tries": 1, "lease_owner": None, "error": "SmtpError"}


@pytest.mark.requirement("B6")
def test_waiting_for_an_hour_that_has_passed_counts_as_a_failure(store: Store):
    """Otherwise a reaction that computes a wrong time would be delivered for ever."""
    new_case(store)
    [leased] = lease_greetings(store)
    settle(store, [(leased, Later(START))], START)
    assert delivery(store) == {"status": "waiting", "tries": 1, "lease_owner": None, "error": "Later"}
    assert lease_greetings(store, after=FIRST_WAIT - MICROSECOND) == []


def test_an_owner_without_the_lease_cannot_postpone_the_delivery(store: Store):
    new_case(store)
    [mine] = lease_greetings(store, "me")
    lease_greetings(store, "other", after=LEASE)
    settle(store, [(mine, Later(START + 9 * HOUR))], START + LEASE)
    assert (delivery(store)["status"], delivery(store)["tries"]) == ("leased", 2)
