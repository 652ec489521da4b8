"""A production set-up on one machine: two Prefect APIs, two workers, two drivers on one Postgres."""

import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.prefect_side.conftest import until
from tests.prefect_side.production import AUTH, StoreInfo, house, needs_debian

pytestmark = [pytest.mark.prefect, pytest.mark.long]


def api_request(here: StoreInfo, api: int, method: str, path: str, **body: Any) -> Any:
    """Send a request to one of the Prefect APIs and return its JSON."""
    url = f"http://127.0.0.1:{here.apis[api]}/api{path}"
    user, _, password = AUTH.partition(":")
    with httpx.Client(auth=(user, password), trust_env=False, timeout=30.0) as client:
        answer = client.request(method, url, json=body or None)
    answer.raise_for_status()
    return answer.json()


def ready(here: StoreInfo, api: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{here.apis[api]}/api/ready", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def all_delivered(here: StoreInfo) -> bool:
    """Return whether every delivery is done."""
    with psycopg.connect(f"{here.database}/closeloop") as raw:
        statuses = [row[0] for row in raw.execute("SELECT status FROM delivery").fetchall()]
    return bool(statuses) and set(statuses) == {"done"}


def test_a_scheduled_run_completes_although_a_worker_a_driver_and_an_api_are_killed(tmp_path: Path):
    needs_debian()
    with house(tmp_path) as here:
        for api in (0, 1):
            until(lambda api=api: ready(here, api), seconds=60)
        anonymous = httpx.post(f"http://127.0.0.1:{here.apis[0]}/api/flows/filter", json={}, trust_env=False)
        assert anonymous.status_code == 401

        here.does("closeloop", "init", "--json")
        deployed = json.loads(here.does("closeloop", "deploy", "--json"))
        assert "overnight-escalation/overnight-escalation" in deployed["deployments"]["made"]
        assert deployed["retention"]["ours"]
        night = api_request(here, 0, "GET", "/deployments/name/overnight-escalation/overnight-escalation")["id"]

        for n in (0, 1):
            here.starts(f"driver{n}", "closeloop", "drive", api=n)
            here.starts(f"worker{n}", "closeloop", "worker", api=n)
        until(
            lambda: len(api_request(here, 1, "POST", "/work_pools/closeloop/workers/filter", limit=10)) == 2, seconds=90
        )
        here.kills("worker0", "driver0", "api0")

        here.does("closeloop", "actor", "add", "amy", "--role", "agent")
        here.does("closeloop", "case", "open", "--text", "My parcel is broken.", "--as", "amy")
        run = api_request(here, 1, "POST", f"/deployments/{night}/create_flow_run", state={"type": "SCHEDULED"})["id"]
        until(lambda: api_request(here, 1, "GET", f"/flow_runs/{run}")["state"]["type"] == "COMPLETED", seconds=120)
        until(lambda: all_delivered(here))  # by the driver that is left
        assert json.loads(here.does("closeloop", "verify", "--json"))["ok"]
