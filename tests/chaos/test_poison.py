"""A delivery that takes its process with it, again and again, is the only one that dies of it."""

from datetime import timedelta

from engine.deliveries import LEASE, TRIES, Leased, lease, settle
from engine.store import Store
from tests.telling import HOUR, MOMENT, START, opened, tells

CASES = 30


def test_only_the_poison_dies(store: Store):
    numbers = [opened(store, n * MOMENT) for n in range(CASES)]
    poison = numbers[CASES // 2]
    killed = 0
    for life in range(1, TRIES + 2):
        killed += _lives(store, poison, HOUR + life * LEASE)
    told = tells(store, "SELECT number, status, error FROM delivery JOIN cases ON cases.id = case_id ORDER BY number")
    assert [(row["number"], row["error"]) for row in told if row["status"] != "done"] == [(poison, "ProcessLost")]
    assert len(told) == CASES
    assert killed == TRIES


def _lives(store: Store, poison: str, after: timedelta) -> int:
    """A process delivers until nothing waits, or until it has the poison in hand; how often it was killed."""
    while batch := lease(store, "me", lambda happened: ["greet"], START + after, limit=200):
        if any(_is(poison, leased) for leased in batch):
            return 1  # killed before it could settle any of them
        settle(store, [(leased, None) for leased in batch], START + after)
    return 0


def _is(poison: str, leased: Leased) -> bool:
    return leased.happened.number == poison
