"""A delivery that takes its process with it, again and again, is the only one that dies of it."""

import asyncio
from datetime import timedelta

from engine.backoff import TRIES
from engine.create_store import set_clock
from engine.outbox.deliveries import LEASE, Leased, lease, settle
from engine.store import Store
from flows.react import react
from flows.work import Work
from tests.case_actions import HOUR, MICROSECOND, START, new_case, query_rows
from tests.flows.scenes import sent_mails

CASES = 30


def test_only_the_poison_dies(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(CASES)]
    poison = numbers[CASES // 2]
    killed = 0
    for life in range(1, TRIES + 2):
        killed += _lives(store, poison, HOUR + life * LEASE)
    told = query_rows(
        store, "SELECT number, status, error FROM delivery JOIN cases ON cases.id = case_id ORDER BY number"
    )
    assert [(row["number"], row["error"]) for row in told if row["status"] != "done"] == [(poison, "ProcessLost")]
    assert len(told) == CASES
    assert killed == TRIES


def test_the_supervisors_hear_of_it_once(work: Work):
    poison = new_case(work.store)
    for life in range(1, TRIES + 1):
        assert _lives(work.store, poison, HOUR + life * LEASE) == 1
    for later in (LEASE, 2 * LEASE):
        set_clock(work.store, START + HOUR + TRIES * LEASE + later)
        asyncio.run(react(work))
    [alert] = sent_mails(work)
    assert (alert.to, alert.key) == ("sue@example.com", f"{poison}:1:greet:dead:sue")
    [row] = query_rows(work.store, "SELECT status, error, tries FROM delivery")
    assert (row["status"], row["error"], row["tries"]) == ("dead", "ProcessLost", TRIES)


def _lives(store: Store, poison: str, after: timedelta) -> int:
    """A process delivers until nothing waits, or until it has the poison in hand; how often it was killed."""
    while batch := lease(store, "me", lambda event: ["greet"], START + after, limit=200):
        if any(_is(poison, leased) for leased in batch):
            return 1  # killed before it could settle any of them
        settle(store, [(leased, None) for leased in batch], START + after)
    return 0


def _is(poison: str, leased: Leased) -> bool:
    return leased.event.number == poison
