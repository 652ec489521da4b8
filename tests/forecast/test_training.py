"""A week's training learns anew only where enough promises have ended since; by hand it always does (K1)."""

from dataclasses import replace

import pytest

from engine.store import Store
from forecast import training
from forecast.model_file import put_forecast
from forecast.training import train, train_weekly
from tests.apps.test_cli_forecast import ABOUT, MODEL
from tests.case_actions import START, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("K1")


@pytest.fixture
def ended(sqlite_store: Store) -> int:
    """How many promises have ended: those of two complaints that were withdrawn."""
    for _ in range(2):
        make_move(sqlite_store, new_case(sqlite_store), "withdraw", reason="It was found.")
    [row] = query_rows(sqlite_store, "SELECT count(*) AS count FROM timer WHERE closed_at IS NOT NULL")
    assert row["count"] > 0
    return row["count"]


def test_a_young_store_learns_nothing_in_its_week(sqlite_store: Store, ended: int):
    trained = train_weekly(sqlite_store, START)
    assert (trained.outcome, trained.timers, trained.did) == ("few_new", ended, 0)
    assert train(sqlite_store, START).outcome == "too_few"


def test_it_learns_as_soon_as_enough_promises_have_ended_since_the_newest_model(
    sqlite_store: Store, ended: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "LEAST_NEW", ended)
    assert train_weekly(sqlite_store, START).outcome == "too_few"
    put_forecast(sqlite_store.home, replace(MODEL, about={**ABOUT, "ended": 1}))
    trained = train_weekly(sqlite_store, START)
    assert (trained.outcome, trained.timers) == ("few_new", ended - 1)
    put_forecast(sqlite_store.home, replace(MODEL, about={**ABOUT, "ended": 0}))
    assert train_weekly(sqlite_store, START).outcome == "too_few"
