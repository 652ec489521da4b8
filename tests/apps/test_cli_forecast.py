"""closeloop forecast: trained and judged, in use or not and why, what will probably break and why (K1)."""

import pytest

from apps.principal_forecast import forecasts_seen
from engine.store import Store
from forecast.model import ForecastModel, Weights
from forecast.model_file import put_forecast
from tests.apps.conftest import Closeloop, closeloop, number, simulated
from tests.case_actions import START
from tests.engine.attachments.evidence import person

pytestmark = pytest.mark.requirement("K1")

__all__ = ["closeloop", "number", "simulated"]

ABOUT = {"adopted": True, "at": "2026-03-01T21:15:00+00:00", "timers": 900, "examples": 5_000, "scores": {}}
WEIGHTS = {
    "clause=complaint.first_reply": Weights(2.0, 0.5, 0.4),
    "queue=0": Weights(-1.0, 0.0, 0.2),
    "channel=file": Weights(0.01, 0.0, 0.5),
}
MODEL = ForecastModel(WEIGHTS, 0.0, 0.5, ABOUT)


@pytest.mark.usefixtures("simulated")
def test_without_a_past_nothing_is_forecast_and_it_says_why(closeloop: Closeloop):
    assert closeloop.json("forecast", "train")["outcome"] == "too_few"
    assert "too few of the 0 promises" in closeloop("forecast", "evaluate").output
    shown = closeloop.json("forecast", "show")
    assert (shown["used"], shown["why"], shown["model"]) == (False, "no_model", None)
    listed = closeloop.json("forecast", "list")
    assert (listed["why"], listed["forecasts"]) == ("no_model", [])
    assert "none has been trained yet" in closeloop("forecast", "list").output


def test_what_will_probably_break_comes_first_with_its_reasons(closeloop: Closeloop, simulated: Store, number: str):
    put_forecast(simulated.home, MODEL)
    document = closeloop.json("forecast", "list")
    first, second = document["forecasts"]
    assert (document["model"], document["count"]) == ("forecast-0001", 2)
    assert [first["case"], first["clause"], second["clause"]] == [number, "first_reply", "solution"]
    assert first["probability"] > second["probability"]
    assert first["reasons"][0]["field"] == "clause"
    assert first["ends_at"] <= first["due_at"]
    assert "↑ promise: First reply" in closeloop("forecast", "list").output


def test_only_one_case_and_only_what_one_may_read(closeloop: Closeloop, simulated: Store, number: str):
    put_forecast(simulated.home, MODEL)
    assert len(closeloop.json("forecast", "list", "--case", number)["forecasts"]) == 2
    assert closeloop.json("forecast", "list", "--case", "cp-26-000999")["forecasts"] == []
    assert closeloop.json("forecast", "list", "--limit", 1)["count"] == 2
    assert forecasts_seen(simulated, person(simulated, "han"), START).count == 0
    assert forecasts_seen(simulated, person(simulated, "amy"), START).count == 2


def test_the_clocks_of_a_case_say_whether_they_will_break_and_why(closeloop: Closeloop, simulated: Store, number: str):
    empty = closeloop.json("case", "clocks", number)["forecast"]
    assert (empty["why"], empty["forecasts"]) == ("no_model", [])
    put_forecast(simulated.home, MODEL)
    document = closeloop.json("case", "clocks", number)
    assert {each["clause"] for each in document["forecast"]["forecasts"]} == {"first_reply", "solution"}
    assert "↑ promise: First reply" in closeloop("case", "clocks", number).output


@pytest.mark.usefixtures("number")
def test_a_model_that_was_not_good_enough_forecasts_nothing(closeloop: Closeloop, simulated: Store):
    put_forecast(simulated.home, ForecastModel(WEIGHTS, 0.0, 0.5, ABOUT | {"adopted": False}))
    assert closeloop.json("forecast", "list")["why"] == "not_better"
    assert "no better than simple guesses" in closeloop("forecast", "show").output


def test_the_weekly_training_says_what_it_came_to(closeloop: Closeloop, simulated: Store):
    closeloop.json("run-until", "2026-03-08T06:00:00+08:00")
    with simulated.looking() as tx:
        [run] = tx.rows("SELECT did FROM run WHERE flow = 'forecast-training'")
    assert run.did == 0
