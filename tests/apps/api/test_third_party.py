"""The routes of third parties' evaluations: scores handed in once, by those who collect, and listed (E1)."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from engine.actors import NewActor, add_actor
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.conftest import client
from tests.case_actions import AGENT

pytestmark = pytest.mark.requirement("E1")

ADDRESS = "/api/v1/third-party-evaluations"
SCORE = {"department": "claims", "criterion": "attitude", "score": 6250}


@pytest.fixture
def caller(settings: Settings, store: Store) -> Iterator[TestClient]:
    with store.writing() as tx:
        for actor in (NewActor("mak", (Role.MARKET,)), NewActor("eva", (Role.EVALUATION_GROUP,))):
            add_actor(tx, actor)
    with client(settings) as opened:
        yield opened


def hand_in(caller: TestClient, who: str, *scores: dict[str, Any]) -> Response:
    body = {"assessor": "SGS", "announcement": "unannounced", "period": "2026-02", "scores": scores or [SCORE]}
    return caller.post(ADDRESS, json=body, headers={"Authorization": f"Bearer {who}"})


def test_scores_are_recorded_once_and_listed(caller: TestClient):
    first, again = (hand_in(caller, "mak").json() for _ in range(2))
    assert (first["new"], again) == (True, {"number": first["number"], "new": False})
    found = caller.get(ADDRESS, headers={"Authorization": "Bearer eva"}).json()["evaluations"]
    assert [(each["number"], each["assessor"], each["state"]) for each in found] == [(first["number"], "SGS", "scored")]


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("who", [AGENT, "eva"])
def test_only_those_who_collect_hand_scores_in(caller: TestClient, who: str):
    assert hand_in(caller, who).status_code == 403


@pytest.mark.parametrize(
    ("scores", "code"),
    [
        ([SCORE | {"criterion": "manners"}], "unknown_criterion"),
        ([SCORE | {"department": "clams"}], "unknown_department"),
        ([SCORE, SCORE | {"score": 7000}], "scored_twice"),
    ],
)
def test_scores_of_what_is_not_scored_are_refused_whole(caller: TestClient, scores: list[dict[str, Any]], code: str):
    refused = hand_in(caller, "mak", {**SCORE, "department": "hotline"}, *scores)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert caller.get(ADDRESS, headers={"Authorization": "Bearer mak"}).json()["evaluations"] == []
