"""On real logs and on the synthetic year, forecasts are better than both baselines, at each share of the time (K1)."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.stores import new_store
from benchmarks.synthetic_year import BEGIN, DAYS, add_people, add_staff, drawn_complaints, write_complaints
from engine.store import Store
from forecast.training import ADOPTED, ForecastTraining, judge
from tests.apps.conftest import Closeloop, closeloop, simulated
from tests.case_actions import START
from tests.examples.test_real_logs import HELPDESK, RECEIPT, ROOT, needs

__all__ = ["closeloop", "simulated"]

pytestmark = [pytest.mark.long, pytest.mark.requirement("K1")]


def holds(judged: ForecastTraining) -> None:
    """Hold that the forecasts are better than both baselines and calibrated, together and at each landmark."""
    assert judged.outcome == ADOPTED
    assert judged.scores is not None
    for name in ("all", "25", "50", "75"):
        scores = judged.scores[name]
        assert scores["brier"] < min(scores["base"], scores["share"]), (name, scores)
        assert scores["calibration_error"] <= 0.05, (name, scores)
        assert scores["auc"] > 0.7, (name, scores)
    assert judged.scores["time_error"] < judged.scores["time_base"]


@needs(RECEIPT)
def test_the_receipt_phase(closeloop: Closeloop, simulated: Store):
    closeloop.json("replay", RECEIPT, "--mapping", ROOT / "examples" / "receipt.toml")
    holds(judge(simulated, START))


@needs(HELPDESK)
def test_the_help_desk(closeloop: Closeloop, simulated: Store):
    closeloop.json("replay", HELPDESK, "--mapping", ROOT / "examples" / "helpdesk.toml")
    holds(judge(simulated, START))


@pytest.fixture
def year(tmp_path: Path) -> Iterator[Store]:
    """A synthetic year of two carriers."""
    with (
        new_store(tmp_path, "sqlite", BEGIN - timedelta(days=61)) as settings,
        closing(settings.store()) as store,
    ):
        add_staff(store)
        add_people(store)
        write_complaints(store, drawn_complaints(12_000, seed=18))
        yield store


def test_the_synthetic_year(year: Store):
    holds(judge(year, BEGIN + timedelta(days=DAYS + 60)))
