"""The routes of conduct samples: drawn, read, scored, objected to and counted as in the console (F5)."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.rules.checklists import checklists
from engine.settings import Settings
from engine.store import Store
from tests.apps.api.conftest import client
from tests.case_actions import AGENT, AUDITOR
from tests.engine.conduct.reviewed_contacts import QIN, QIU, reviewer, spoken_contacts

pytestmark = [pytest.mark.requirement("F5"), pytest.mark.any_database]

DAYS = {"since": "2026-03-02", "until": "2026-03-02"}
DRAW = {"channel": "phone", "size": 2, **DAYS}
MARKS: dict[str, dict[str, str]] = {item.code: {"outcome": "passed"} for item in checklists()["phone"].items}


@pytest.fixture
def caller(settings: Settings, store: Store) -> Iterator[TestClient]:
    for handle in (QIN, QIU):
        reviewer(store, handle)
    spoken_contacts(store, 3)
    with client(settings) as opened:
        yield opened


def ask(caller: TestClient, method: str, path: str, by: str = QIN, status: int = 200, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {by}", **sent.pop("headers", {})}
    answer = caller.request(method, f"/api/v1{path}", headers=headers, **sent)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_sample_is_drawn_scored_objected_to_and_counted(caller: TestClient):
    drawn = ask(caller, "POST", "/conduct/draws", json=DRAW)
    assert (drawn["population"], drawn["drawn"], drawn["drawn_by"]) == (3, 2, QIN)
    contact = ask(caller, "GET", "/conduct/draws/1/contacts/1")
    assert contact["texts"] == {"message": "We are looking for it."}
    failed = MARKS | {"answer": {"outcome": "failed", "note": "No date."}, "closing": {"outcome": "not_observed"}}
    sheet = ask(caller, "POST", "/conduct/draws/1/contacts/1/sheets", json={"revision": 0, "marks": failed})
    assert (sheet["score"], sheet["observed"], sheet["revision"]) == (77.78, 90, 1)
    assert [each["score"] for each in ask(caller, "GET", "/conduct/draws/1")["contacts"]] == [77.78, None]
    [own] = ask(caller, "GET", "/conduct/own-sheets", AGENT)["sheets"]
    ask(caller, "POST", f"/conduct/sheets/{own['id']}/objection", AGENT, json={"text": "I named one."})
    ask(caller, "POST", f"/conduct/sheets/{own['id']}/answer", QIN, 403, json={"text": "No."})
    ask(caller, "POST", f"/conduct/sheets/{own['id']}/answer", QIU, json={"text": "You did."})
    [own] = ask(caller, "GET", "/conduct/own-sheets", AGENT)["sheets"]
    assert (own["objection"], own["answer"], own["answered_by"]) == ("I named one.", "You did.", QIU)
    [amy] = ask(caller, "GET", "/conduct/figures", AUDITOR, params=DAYS)["groups"]
    assert (amy["name"], amy["drawn"], amy["unscored"], amy["checklists"][0]["share"]) == (AGENT, 2, 1, 0.7778)
    assert ask(caller, "GET", "/conduct/draws", AUDITOR)["draws"][0]["scored"] == 1


def test_a_repeated_request_draws_and_scores_once(caller: TestClient):
    key = {"Idempotency-Key": "0d4bd63e"}
    for _ in range(2):
        assert ask(caller, "POST", "/conduct/draws", json=DRAW, headers=key)["id"] == 1
        body = {"revision": 0, "marks": MARKS}
        sheet = ask(caller, "POST", "/conduct/draws/1/contacts/1/sheets", json=body, headers=key)
        assert sheet["revision"] == 1


def test_marks_that_are_missing_are_named(caller: TestClient):
    ask(caller, "POST", "/conduct/draws", json=DRAW)
    left_out = {item: mark for item, mark in MARKS.items() if item != "greeting"}
    body = {"revision": 0, "marks": left_out | {"answer": {"outcome": "failed"}}}
    problem = ask(caller, "POST", "/conduct/draws/1/contacts/1/sheets", status=422, json=body)
    assert problem["code"] == "bad_request"
    assert {each["field"] for each in problem["errors"]} == {"greeting", "note_answer"}


def test_the_checklists_in_force_are_listed(caller: TestClient):
    assert [each["name"] for each in ask(caller, "GET", "/checklists")["checklists"]] == list(checklists())
