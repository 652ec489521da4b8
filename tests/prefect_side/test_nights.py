"""What `prefect.yaml` says is on the server, no more and no less, and is really scheduled and run."""

import asyncio
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from apps.prefect_server import Server, worker
from engine.create_store import create_store, set_clock
from engine.settings import Settings
from flows.scheduled_work import watch_scheduled
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import DAY, SECRET, START
from tests.prefect_side.conftest import until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect


def night(name: str, entrypoint: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"### {name}",
        "entrypoint": f"sample_flows.{entrypoint}",
        "tags": ["closeloop"],
        "schedules": [{"cron": "30 3 * * *", "timezone": "Asia/Shanghai"}],
        "work_pool": {"name": "closeloop"},
        "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 300},
        "parameters": {},
        **changes,
    }


def written(folder: Path, *nights: dict[str, Any]) -> Path:
    file = folder / "prefect.yaml"
    file.write_text(yaml.safe_dump({"name": "closeloop", "deployments": nights}))
    return file


NIGHT, MORNING = night("escalation", "night", parameters={"depth": 2}), night("report", "morning")


def scheduled(client: "SyncPrefectClient", name: str) -> set[str]:
    from prefect.client.schemas.filters import DeploymentFilter

    only = DeploymentFilter.model_validate({"name": {"any_": [name]}})
    runs = client.read_flow_runs(deployment_filter=only)
    return {f"{run.id} {run.expected_start_time}" for run in runs if run.state_name == "Scheduled"}


@pytest.mark.usefixtures("home")
def test_the_nights_of_the_house():
    from apps.declared_deployments import read_nights

    nights = {each.name: each for each in read_nights()}
    assert {name: each.schedules[0].cron for name, each in nights.items()} == {
        "overnight-escalation": "30 3 * * *",
        "callback-plan": "0 7 * * *",
        "morning-report": "30 7 * * *",
        "complaint-analysis": "30 6 1 * *",
        "evaluation": "0 6 1 * *",
        "supervision": "15 6 1 * *",
        "period-report": "45 6 1 * *",
        "integrity": "30 4 * * sun",
        "classifier-training": "0 5 * * sun",
        "forecast-training": "15 5 * * sun",
        "care": "50 6 * * *",
        "catch-up": "*/15 * * * *",
    }
    for each in nights.values():
        assert each.schedules[0].timezone == "Asia/Shanghai"
        assert each.concurrency_limit is not None
        assert (each.work_pool.name, each.concurrency_limit.limit) == ("closeloop", 1)
        assert "Shanghai time" in each.description
        assert "上海时间" in each.description


@pytest.mark.usefixtures("home")
def test_a_misspelt_key_and_a_function_that_is_no_flow_are_refused(tmp_path: Path):
    from pydantic import ValidationError

    from apps.declared_deployments import read_nights

    with pytest.raises(ValidationError, match="shedules"):
        read_nights(written(tmp_path, night("escalation", "night", shedules=[])))
    without_hours = {name: value for name, value in night("escalation", "night").items() if name != "schedules"}
    with pytest.raises(ValidationError, match="has no schedules"):
        read_nights(written(tmp_path, without_hours))
    (no_flow,) = read_nights(written(tmp_path, night("escalation", "no_flow")))
    with pytest.raises(TypeError, match="no_flow is no flow"):
        no_flow.flow()


def test_writing_them_twice_changes_nothing(server: Server, client: "SyncPrefectClient", tmp_path: Path):
    from apps.up_deployments import ensure_pool_and_deployments

    both = written(tmp_path, NIGHT, MORNING)
    first = ensure_pool_and_deployments(server.api_url, both)
    assert first.made == ("sample-night/escalation", "sample-morning/report")
    deployment = client.read_deployment_by_name("sample-night/escalation")
    assert deployment.parameter_openapi_schema is not None
    assert deployment.parameter_openapi_schema["properties"]["depth"]["type"] == "integer"
    assert (deployment.parameters, deployment.description) == ({"depth": 2}, "### escalation")
    before = until(lambda: scheduled(client, "escalation"))

    again = ensure_pool_and_deployments(server.api_url, both)
    assert (again.made, again.changed, again.removed) == ((), (), ())
    assert len(again.unchanged) == 2
    assert scheduled(client, "escalation") >= before


def test_a_cron_deployment_really_gets_its_runs(server: Server, client: "SyncPrefectClient", tmp_path: Path):
    """The canary for the locked set: with a wrong SQLAlchemy the scheduler fails in silence."""
    from apps.up_deployments import ensure_pool_and_deployments

    ensure_pool_and_deployments(server.api_url, written(tmp_path, NIGHT, MORNING))
    runs = until(lambda: scheduled(client, "report"), seconds=60)
    assert all("19:30:00" in run for run in runs)  # 03:30 in Shanghai is 19:30 UTC


def test_changed_is_rewritten_removed_is_deleted_foreign_is_left(
    server: Server, client: "SyncPrefectClient", tmp_path: Path
):
    from apps.up_deployments import ensure_pool_and_deployments

    ensure_pool_and_deployments(server.api_url, written(tmp_path, NIGHT, MORNING))
    foreign = client.create_deployment(client.create_flow_from_name("not-ours"), "foreign", tags=["theirs"])
    later = {**NIGHT, "schedules": [{"cron": "45 3 * * *", "timezone": "Asia/Shanghai"}]}
    applied = ensure_pool_and_deployments(server.api_url, written(tmp_path, later))
    assert (applied.changed, applied.removed) == (("sample-night/escalation",), ("report",))
    deployment = client.read_deployment_by_name("sample-night/escalation")
    assert [each.schedule.model_dump()["cron"] for each in deployment.schedules] == ["45 3 * * *"]
    assert client.read_deployment(foreign).name == "foreign"


@pytest.mark.long
def test_a_worker_runs_what_is_due(server: Server, client: "SyncPrefectClient", home: Path, tmp_path: Path):
    from apps.up_deployments import ensure_pool_and_deployments

    declared = written(tmp_path, NIGHT)
    ensure_pool_and_deployments(server.api_url, declared)
    deployment = client.read_deployment_by_name("sample-night/escalation")
    with worker(home, server.api_url, declared) as child:
        run = client.create_flow_run_from_deployment(deployment.id)

        def ended() -> Any:
            state = client.read_flow_run(run.id).state
            assert child.alive, child.log.read_text()
            return state if state and state.is_final() else None

        assert until(ended, seconds=60).is_completed(), child.log.read_text()
    assert not child.alive
    assert (home / "mark").read_text() == f"depth 2 in {home}"


async def analysed(work: Work, api_url: str, name: str, *instants: datetime) -> None:
    """The monthly work of this name is done at these instants, under the eyes of the server."""
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver

    async with PrefectObserver(api_url, FLOWS, start_seconds=10.0, probe_seconds=5.0, breaker_seconds=0.0) as observer:
        work.observer = observer
        for at in instants:
            set_clock(work.store, at)
            assert (await watch_scheduled(work, name)).observed


@pytest.mark.requirement("B7")
def test_each_month_leaves_its_analysis_under_one_key(server: Server, client: "SyncPrefectClient", tmp_path: Path):
    from prefect.client.schemas.filters import ArtifactFilter

    settings = Settings(home=tmp_path, database_url=None, secret=SECRET)
    create_store(settings, START, START)
    with closing(settings.store()) as store:
        work = Work(store, FakeMailer(), FakeTelephone())
        asyncio.run(analysed(work, server.api_url, "complaint-analysis", START, START + 30 * DAY))
    only = ArtifactFilter.model_validate({"key": {"any_": ["complaint-analysis"]}})
    left = sorted(str(one.data).splitlines()[0] for one in client.read_artifacts(artifact_filter=only))
    assert left == ["# 投诉分析报告 2026-02", "# 投诉分析报告 2026-03"]


@pytest.mark.requirement("E2")
def test_each_period_leaves_its_report_under_a_key_of_its_own(
    server: Server, client: "SyncPrefectClient", tmp_path: Path
):
    from prefect.client.schemas.filters import ArtifactFilter

    settings = Settings(home=tmp_path, database_url=None, secret=SECRET)
    create_store(settings, START, START)
    with closing(settings.store()) as store:
        work = Work(store, FakeMailer(), FakeTelephone())
        instants = (START + 30 * DAY, START + 31 * DAY)
        asyncio.run(analysed(work, server.api_url, "period-report", *instants))
    keys = ["period-report-2026-03", "period-report-2026-q1"]
    only = ArtifactFilter.model_validate({"key": {"any_": keys}})
    left = sorted((one.key or "", str(one.data).splitlines()[0]) for one in client.read_artifacts(artifact_filter=only))
    assert left == [(keys[0], "# 2026-03 服务质量报告")] * 2 + [(keys[1], "# 2026-Q1 服务质量报告")] * 2
