"""Runs are recorded for the morning report, and a duty has one holder at a time."""

import json
from functools import partial

from engine.runs import Done, hold, keep, let_go
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, MICROSECOND, START, query_rows, run_concurrently


def test_a_run_is_recorded_with_its_reason(store: Store):
    keep(store, Done("react", START, START + HOUR, observed=False, did=3, why="prefect_away"))
    [row] = query_rows(store, "SELECT * FROM run")
    assert (row["flow"], row["began_at"], row["ended_at"]) == ("react", to_micros(START), to_micros(START + HOUR))
    assert (bool(row["observed"]), row["did"], json.loads(row["note"])) == (False, 3, {"why": "prefect_away"})


def test_a_duty_is_held_until_its_lease_expires(store: Store):
    assert hold(store, "driver", "me", START, 60)
    assert not hold(store, "driver", "other", START + HOUR / 60 - MICROSECOND, 60)
    assert hold(store, "driver", "other", START + HOUR / 60, 60)
    assert not hold(store, "driver", "me", START + HOUR / 60, 60)


def test_the_holder_renews_its_lease(store: Store):
    assert all(hold(store, "driver", "me", START + n * HOUR / 120, 60) for n in range(5))
    assert not hold(store, "driver", "other", START + HOUR / 40, 60)


def test_a_released_duty_is_free_at_once(store: Store):
    hold(store, "driver", "me", START, 60)
    let_go(store, "driver", "other")
    assert not hold(store, "driver", "other", START, 60)
    let_go(store, "driver", "me")
    assert hold(store, "driver", "other", START, 60)


def test_one_of_many_concurrent_claims_succeeds(store: Store):
    held = run_concurrently([partial(hold, store, "driver", f"owner{n}", START, 60) for n in range(8)])
    assert sorted(held, key=bool) == [False] * 7 + [True]


def test_two_duties_have_separate_holders(store: Store):
    assert hold(store, "driver", "me", START, 60)
    assert hold(store, "worker", "other", START, 60)


def test_a_lease_that_expired_long_ago_is_deleted(store: Store):
    hold(store, "driver:gone", "gone", START, 60)
    hold(store, "driver:here", "here", START + 8 * DAY, 60)
    assert [row["name"] for row in query_rows(store, "SELECT name FROM lease")] == ["driver:here"]
