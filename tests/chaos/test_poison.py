"""A delivery that kills its process again and again is the only one that becomes a dead letter."""

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


def test_only_the_poisoned_delivery_dies(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(CASES)]
    poison = numbers[CASES // 2]
    killed = 0
    for process in range(1, TRIES + 2):
        killed += _deliver_all(store, poison, HOUR + process * LEASE)
    rows = query_rows(
        store, "SELECT number, status, error FROM delivery JOIN cases ON cases.id = case_id ORDER BY number"
    )
    assert [(row["number"], row["error"]) for row in rows if row["status"] != "done"] == [(poison, "ProcessLost")]
    assert len(rows) == CASES
    assert killed == TRIES


def test_the_supervisors_are_notified_of_it_once(work: Work):
    poison = new_case(work.store)
    for process in range(1, TRIES + 1):
        assert _deliver_all(work.store, poison, HOUR + process * LEASE) == 1
    for later in (LEASE, 2 * LEASE):
        set_clock(work.store, START + HOUR + TRIES * LEASE + later)
        asyncio.run(react(work))
    [alert] = sent_mails(work)
    assert (alert.to, alert.key) == ("sue@example.com", f"{poison}:1:greet:dead:sue")
    [row] = query_rows(work.store, "SELECT status, error, tries FROM delivery")
    assert (row["status"], row["error"], row["tries"]) == ("dead", "ProcessLost", TRIES)


def _deliver_all(store: Store, poison: str, after: timedelta) -> int:
    """Deliver until nothing waits or the poisoned delivery is leased; return 1 if that killed the process."""
    while batch := lease(store, "me", lambda event: ["greet"], START + after, limit=200):
        if any(_is_of(poison, leased) for leased in batch):
            return 1  # killed before it could settle any of them
        settle(store, [(leased, None) for leased in batch], START + after)
    return 0


def _is_of(poison: str, leased: Leased) -> bool:
    return leased.event.number == poison
