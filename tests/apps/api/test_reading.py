"""The lists, the rules and the reports that the API returns."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from engine.commands.arrivals import take_due
from engine.store import Store
from tests.case_actions import START

pytestmark = pytest.mark.any_database

NEW = {"text": "My parcel is late.", "customer": {"name": "Wang Wei", "phone": "13800138000"}}
AS_ADMIN = {"Authorization": "Bearer adm"}


def opened(api: TestClient) -> str:
    return api.post("/api/v1/cases", json=NEW).json()["number"]


def test_the_board_counts_what_the_caller_may_read(api: TestClient):
    opened(api)
    board = api.get("/api/v1/board").json()
    assert (board["open"], board["late"]) == (1, 0)
    assert board["board"] == [{"kind": "complaint", "milestone": "received", "level": 0, "cases": 1}]
    handler = api.get("/api/v1/board", headers={"Authorization": "Bearer han"}).json()
    assert (handler["open"], handler["board"]) == (0, [])


def test_the_callbacks_of_a_day_are_listed(api: TestClient):
    assert api.get("/api/v1/callbacks").json() == {"day": "2026-03-02", "callbacks": []}
    assert api.get("/api/v1/callbacks", params={"day": "2026-13-01"}).status_code == 422


def test_a_caller_is_recognised_by_his_number(api: TestClient):
    number = opened(api)
    [customer] = api.get("/api/v1/customers", params={"phone": "13800138000"}).json()["customers"]
    assert ([case["number"] for case in customer["cases"]], customer["phone_ends"]) == ([number], "8000")
    assert api.get("/api/v1/customers").status_code == 422
    reviewer = api.get("/api/v1/customers", params={"phone": "13800138000"}, headers={"Authorization": "Bearer odd"})
    assert (reviewer.status_code, reviewer.json()["code"]) == (403, "not_in_charge")


def test_an_unknown_order_cannot_be_tracked(api: TestClient):
    assert api.get("/api/v1/tracking/so-26-000001").json()["code"] == "unknown_order"


def test_the_rules_in_force_are_listed(api: TestClient):
    assert "logistics" in [pack["name"] for pack in api.get("/api/v1/packs").json()["packs"]]
    pack = api.get("/api/v1/packs/logistics").json()["pack"]
    assert "first_reply" in pack["clauses"]
    assert api.get("/api/v1/packs/nowhere").status_code == 404
    assert "cn-office" in [each["name"] for each in api.get("/api/v1/calendars").json()["calendars"]]
    assert api.get("/api/v1/questionnaires").json()["questionnaires"]


def test_a_deadline_is_reckoned_over_the_weekend(api: TestClient):
    # From Friday afternoon one working day ends when the office closes on Monday.
    query = {"start": "2026-03-06T17:00:00+08:00", "amount": 1, "unit": "business_days", "calendar": "cn-office"}
    answer = api.get("/api/v1/deadline", params=query).json()
    assert answer["due"] == "2026-03-09T18:00:00+08:00"
    assert api.get("/api/v1/deadline", params=query | {"calendar": "nowhere"}).status_code == 422
    assert api.get("/api/v1/deadline", params=query | {"start": "2026-03-06T17:00:00"}).status_code == 422


@pytest.mark.parametrize("report", ["analysis", "evaluation", "surveys"])
def test_a_report_is_for_those_who_answer_for_others(api: TestClient, report: str):
    assert api.get(f"/api/v1/reports/{report}").status_code == 403
    answer = api.get(f"/api/v1/reports/{report}", headers={"Authorization": "Bearer gao"})
    assert answer.status_code == 200, answer.text


def test_what_is_claimed_back_is_listed(api: TestClient):
    assert api.get("/api/v1/reports/recoveries").json() == {"recoveries": []}


def test_contacts_that_are_handed_in_become_cases_once(api: TestClient, store: Store):
    contact = {"row_id": "w-1", "at": "2026-03-02T08:00:00+08:00", "text": "My parcel is late."}
    body = {"source": "website", "contacts": [contact]}
    answers = [api.post("/api/v1/arrivals", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json() for answer in answers] == [{"new": 1, "known": 0}, {"new": 0, "known": 1}]
    other = api.post("/api/v1/arrivals", json=body | {"contacts": [contact | {"text": "Another."}]})
    assert (other.status_code, other.json()["code"]) == (409, "other_content")
    later = {"row_id": "w-2", "at": (START + timedelta(hours=1)).isoformat(), "text": "From the future."}
    assert api.post("/api/v1/arrivals", json=body | {"contacts": [later]}).json()["code"] == "in_the_future"
    assert api.get("/api/v1/arrivals/website/w-1").json()["number"] is None
    [number] = take_due(store, START)
    assert api.get("/api/v1/arrivals/website/w-1").json()["number"] == number
    assert api.get("/api/v1/arrivals/website/w-9").status_code == 404
    assert api.post("/api/v1/arrivals", json=body, headers={"Authorization": "Bearer han"}).status_code == 403


def test_deliveries_are_for_the_operator(api: TestClient):
    assert api.get("/api/v1/deliveries").status_code == 403
    seen = api.get("/api/v1/deliveries", headers={"Authorization": "Bearer gao"}).json()
    assert (seen["dead"], seen["dead_letters"]) == (0, [])
    assert api.post("/api/v1/deliveries/retry", headers={"Authorization": "Bearer gao"}).status_code == 403
