"""The outbox: each moment reaches each reaction, in order, at least once, and never two hands at a time."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from engine.backoff import FIRST_WAIT, TRIES
from engine.outbox.dead_letters import drop, revive
from engine.outbox.deliveries import LEASE, CaseEvent, Later, Leased, lease, peek, settle
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

GREET, WRITE = "greet", "write"


def both(event: CaseEvent) -> list[str]:
    return [GREET, WRITE]


def greeting(event: CaseEvent) -> list[str]:
    return [GREET]


def leased(store: Store, owner: str = "me", after: timedelta = timedelta()) -> list[Leased]:
    return lease(store, owner, greeting, START + after)


def delivery(store: Store, seq: int = 1) -> dict[str, object]:
    [row] = query_rows(store, "SELECT status, tries, lease_owner, error FROM delivery WHERE seq = :seq", seq=seq)
    return row


def fails(store: Store, after: timedelta = timedelta(), error: str | None = "SmtpError") -> list[Leased]:
    """Lease one delivery and let it fail at once; returns who died of it."""
    [one] = leased(store, after=after)
    return settle(store, [(one, error)], START + after)


def dies(store: Store) -> None:
    for n in range(TRIES):
        fails(store, n * HOUR)


def test_every_moment_becomes_a_delivery_for_each_reaction(store: Store):
    number = new_case(store)
    taken = lease(store, "me", both, START)
    assert [one.key for one in taken] == [f"{number}:1:greet", f"{number}:1:write"]
    assert taken[0].event.move == "open"
    assert (taken[0].event.number, taken[0].event.kind, taken[0].tries) == (number, "complaint", 1)
    assert query_rows(store, "SELECT * FROM outbox_event") == []


def test_a_moment_nobody_answers_is_gone(store: Store):
    new_case(store)
    assert lease(store, "me", lambda event: [], START) == []
    assert query_rows(store, "SELECT * FROM outbox_event") == query_rows(store, "SELECT * FROM delivery") == []


def test_the_lease_stands_before_the_work_begins(store: Store):
    new_case(store)
    [one] = leased(store)
    row = delivery(store)
    assert (row["status"], row["tries"], row["lease_owner"], one.owner) == ("leased", 1, "me", "me")
    assert leased(store, "other") == []


def test_what_was_done_is_not_delivered_again(store: Store):
    new_case(store)
    assert fails(store, error=None) == []
    assert (delivery(store)["status"], delivery(store)["lease_owner"]) == ("done", None)
    assert leased(store, after=1000 * HOUR) == []


def test_the_next_waits_for_the_one_before_it(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    [first] = leased(store)
    assert first.event.seq == 1
    assert leased(store) == []
    settle(store, [(first, "SmtpError")], START)
    assert leased(store) == []
    [again] = leased(store, after=FIRST_WAIT)
    settle(store, [(again, None)], START)
    assert [one.event.seq for one in leased(store, after=FIRST_WAIT)] == [2]


def test_reactions_and_cases_do_not_wait_for_each_other(store: Store):
    for number in (new_case(store), new_case(store)):
        make_move(store, number, "classify")
    assert len(lease(store, "me", both, START)) == 4


def test_the_next_no_longer_waits_for_a_dead_one(store: Store):
    make_move(store, new_case(store), "classify")
    dies(store)
    assert [one.event.seq for one in leased(store, after=TRIES * HOUR)] == [2]


def test_a_later_moment_is_not_delivered_before_an_earlier_one_is_known(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    with store.writing() as tx:
        tx.run(
            "INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at)"
            " VALUES (:id, 2, :r, 'waiting', 0, 0)",
            id=case_of(store, number)["id"],
            r=GREET,
        )
    assert [one.event.seq for one in lease(store, "me", greeting, START, limit=1)] == [1]


@pytest.mark.parametrize("tried", range(1, TRIES))
def test_each_failure_waits_four_times_as_long(store: Store, tried: int):
    new_case(store)
    for n in range(tried):
        fails(store, n * HOUR)
    wait = timedelta(seconds=10) * 4 ** (tried - 1)
    failed_at = (tried - 1) * HOUR
    assert leased(store, after=failed_at + wait - MICROSECOND) == []
    [one] = leased(store, after=failed_at + wait)
    assert one.tries == tried + 1


def test_the_fifth_failure_is_the_last(store: Store):
    new_case(store)
    died = [len(fails(store, n * HOUR)) for n in range(TRIES)]
    assert died == [0, 0, 0, 0, 1]
    assert delivery(store) == {"status": "dead", "tries": 5, "lease_owner": None, "error": "SmtpError"}
    assert leased(store, after=1000 * HOUR) == []


def test_a_dead_one_is_revived_with_all_its_tries(store: Store):
    number = new_case(store)
    dies(store)
    revive(store, number, 1, GREET, START + 9 * HOUR)
    [one] = leased(store, after=9 * HOUR)
    assert one.tries == 1


def test_a_dead_one_is_dropped_for_good(store: Store):
    number = new_case(store)
    dies(store)
    drop(store, number, 1, GREET, START + 9 * HOUR)
    assert delivery(store)["status"] == "done"
    assert leased(store, after=1000 * HOUR) == []


@pytest.mark.parametrize("bury", [revive, drop])
def test_only_a_dead_one_is_revived_or_dropped(store: Store, bury: Callable[..., None]):
    number = new_case(store)
    leased(store)
    for case in (number, "cp-26-999999"):
        told = refusal(lambda case=case: bury(store, case, 1, GREET, START))
        assert (told.code, told.params) == ("not_dead", {"number": case, "seq": 1, "reaction": GREET})


def test_an_expired_lease_is_anothers_and_the_first_has_no_more_say(store: Store):
    new_case(store)
    [mine] = leased(store, "me")
    assert leased(store, "other", after=LEASE - MICROSECOND) == []
    [theirs] = leased(store, "other", after=LEASE)
    assert (theirs.tries, theirs.key) == (2, mine.key)
    settle(store, [(mine, None)], START + LEASE)
    settle(store, [(mine, "SmtpError")], START + LEASE)
    assert (delivery(store)["status"], delivery(store)["lease_owner"]) == ("leased", "other")
    settle(store, [(theirs, None)], START + LEASE)
    assert delivery(store)["status"] == "done"


def test_who_lost_the_lease_reports_no_death(store: Store):
    new_case(store)
    for n in range(TRIES - 2):
        fails(store, n * HOUR)
    [mine] = leased(store, "me", after=9 * HOUR)
    leased(store, "other", after=9 * HOUR + LEASE)
    assert settle(store, [(mine, "SmtpError")], START + 10 * HOUR) == []
    assert delivery(store)["status"] == "leased"


def test_what_takes_its_process_with_it_at_every_try_is_dead_and_not_leased_for_ever(store: Store):
    new_case(store)
    for n in range(TRIES):
        assert len(leased(store, after=n * HOUR)) == 1
    assert leased(store, after=9 * HOUR) == []
    assert (delivery(store)["status"], delivery(store)["error"]) == ("dead", "ProcessLost")


def test_two_dispatchers_share_no_delivery(store: Store):
    for _ in range(20):
        make_move(store, new_case(store), "classify")
    works = [partial(lease, store, owner, both, START, 50) for owner in ("me", "other", "third")]
    taken = [one.key for batch in run_concurrently(works) if isinstance(batch, list) for one in batch]
    assert len(taken) == len(set(taken))
    rest = [one.key for one in lease(store, "me", both, START)]
    assert len({*taken, *rest}) == len(taken) + len(rest) == 40


def test_a_batch_is_no_bigger_than_asked(store: Store):
    for _ in range(5):
        new_case(store)
    assert [len(lease(store, "me", greeting, START, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_of_a_batch_each_ends_for_itself(store: Store):
    new_case(store)
    good, bad = lease(store, "me", both, START)
    settle(store, [(good, None), (bad, "SmtpError")], START)
    assert [row["status"] for row in query_rows(store, "SELECT status FROM delivery ORDER BY reaction")] == [
        "done",
        "waiting",
    ]


def test_peeking_tells_what_waits_and_leases_nothing(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    assert [(one.number, one.step, one.round) for one in peek(store, START)] == [
        (number, "received", 1),
        (number, "classified", 1),
    ]
    assert len(leased(store)) == 1
    assert [one.step for one in peek(store, START)] == ["classified"]


def test_a_moment_tells_when_it_happened(store: Store):
    new_case(store)
    [one] = leased(store)
    assert from_micros(one.event.occurred_at) == from_micros(one.event.recorded_at) == START


@pytest.mark.requirement("B6")
def test_what_waits_for_its_hour_spends_no_try(store: Store):
    new_case(store)
    for n in range(TRIES + 2):
        [one] = leased(store, after=n * HOUR)
        assert one.tries == 1
        assert settle(store, [(one, Later(START + (n + 1) * HOUR))], START + n * HOUR) == []
        assert leased(store, after=(n + 1) * HOUR - MICROSECOND) == []
    assert delivery(store) == {"status": "waiting", "tries": 0, "lease_owner": None, "error": None}


@pytest.mark.requirement("B6")
def test_a_wait_keeps_the_tries_that_were_spent_before_it(store: Store):
    new_case(store)
    fails(store)
    [one] = leased(store, after=FIRST_WAIT)
    settle(store, [(one, Later(START + HOUR))], START + FIRST_WAIT)
    assert delivery(store) == {"status": "waiting", "tries": 1, "lease_owner": None, "error": "SmtpError"}


@pytest.mark.requirement("B6")
def test_an_hour_that_is_not_ahead_is_none_to_wait_for(store: Store):
    """Else a reaction that errs about the time would be delivered for ever."""
    new_case(store)
    [one] = leased(store)
    settle(store, [(one, Later(START))], START)
    assert delivery(store) == {"status": "waiting", "tries": 1, "lease_owner": None, "error": "Later"}
    assert leased(store, after=FIRST_WAIT - MICROSECOND) == []


def test_who_lost_the_lease_sends_nobody_to_wait(store: Store):
    new_case(store)
    [mine] = leased(store, "me")
    leased(store, "other", after=LEASE)
    settle(store, [(mine, Later(START + 9 * HOUR))], START + LEASE)
    assert (delivery(store)["status"], delivery(store)["tries"]) == ("leased", 2)
