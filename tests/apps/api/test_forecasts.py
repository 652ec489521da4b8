"""The open promises that will most probably break, of the cases that a caller may read (K1)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.store import Store
from forecast.model import ForecastModel
from forecast.model_file import put_forecast
from tests.case_actions import DIRECTOR, HANDLER, make_move, new_case

pytestmark = pytest.mark.requirement("K1")

MODEL = ForecastModel({}, 1.5, 0.5, {"adopted": True})


def forecasts(api: TestClient, who: str, **params: Any) -> dict[str, Any]:
    answer = api.get("/api/v1/forecasts", headers={"Authorization": f"Bearer {who}"}, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_why_nothing_is_forecast_is_said(api: TestClient, store: Store):
    new_case(store)
    answer = forecasts(api, DIRECTOR)
    assert (answer["model"], answer["why"], answer["forecasts"]) == (None, "no_model", [])


def test_each_caller_gets_the_promises_of_cases_that_he_may_read(api: TestClient, store: Store):
    put_forecast(store.home, MODEL)
    ours, theirs = new_case(store), new_case(store)
    for number, department in ((ours, "claims"), (theirs, "hotline")):
        make_move(store, number, "classify", DIRECTOR, department=department)
    everything = forecasts(api, DIRECTOR)
    assert {each["case"] for each in everything["forecasts"]} == {ours, theirs}
    assert (everything["model"], everything["count"]) == ("forecast-0001", len(everything["forecasts"]))
    assert {each["probability"] for each in everything["forecasts"]} == {0.8176}
    assert {each["case"] for each in forecasts(api, HANDLER)["forecasts"]} == {ours}
    assert len(forecasts(api, DIRECTOR, limit=1)["forecasts"]) == 1


def test_a_token_without_the_scope_gets_nothing(api: TestClient):
    answer = api.get("/api/v1/forecasts", headers={"Authorization": "Bearer gao|intake:write"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
