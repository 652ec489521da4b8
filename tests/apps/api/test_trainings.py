"""The routes of trainings: a year's plan and the certificates, as far as the caller may read them (J1, J2)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from engine.actors import NewActor, add_actor
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.conftest import client
from tests.case_actions import AGENT, HANDLER, SUPERVISOR
from tests.engine.commands.certified_people import certify

pytestmark = [pytest.mark.requirement("J2"), pytest.mark.any_database]


@pytest.fixture
def caller(settings: Settings, store: Store) -> Iterator[TestClient]:
    with store.writing() as tx:
        add_actor(tx, NewActor("hera", (Role.HR,)))
        add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,)))
    certify(store, HANDLER)
    with client(settings) as opened:
        yield opened


@pytest.mark.requirement("J1")
@pytest.mark.parametrize(("who", "sees"), [(HANDLER, 1), (SUPERVISOR, 1), ("hera", 1), (AGENT, 0)])
def test_everybody_reads_his_own_and_supervisors_their_departments(caller: TestClient, who: str, sees: int):
    headers = {"Authorization": f"Bearer {who}"}
    plan = caller.get("/api/v1/trainings/plan", params={"year": 2026}, headers=headers).json()
    certificates = caller.get("/api/v1/trainings/certificates", headers=headers).json()["certificates"]
    assert (plan["year"], len(plan["courses"]), len(certificates)) == (2026, sees, sees)
    for held in certificates:
        assert (held["trainee"], held["course"], held["ends_at"][:10]) == (HANDLER, "service", "2027-03-02")


def test_a_year_that_is_none_is_refused(caller: TestClient):
    answer = caller.get("/api/v1/trainings/plan", params={"year": 20}, headers={"Authorization": "Bearer hera"})
    assert answer.status_code == 422
