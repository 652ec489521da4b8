"""What Prefect does by itself when a run goes wrong: declared once, kept as declared, and really done."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from apps.prefect_server import Server
from engine.clock import system_now
from tests.prefect_side.conftest import until
from tests.prefect_side.test_nights import night, written

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import Automation, AutomationCore

pytestmark = [pytest.mark.prefect, pytest.mark.long]

NAMES = {
    "closeloop · 僵死运行 zombie runs",
    "closeloop · 滞留 Pending stuck",
    "closeloop · 夜间运行缺失 night missing",
    "closeloop · 运行失败通知 failure notice",
}
HOUSE = ("overnight-escalation", "callback-plan", "alert")
Apply = Callable[..., dict[str, tuple[str, ...]]]


def ours(client: "SyncPrefectClient") -> "dict[str, Automation]":
    return {each.name: each for each in client.read_automations() if each.name.startswith("closeloop · ")}


@pytest.fixture
def apply(server: Server, client: "SyncPrefectClient", tmp_path: Path) -> Iterator[Apply]:
    """Puts deployments of these names on the server, then the automations; tells what became of the latter."""
    from apps.up_automations import ensure_automations
    from apps.up_deployments import ensure_pool_and_deployments

    def applied(*names: str) -> dict[str, tuple[str, ...]]:
        flows = {"alert": "flows.deployments.alert_flow.tell_supervisors"}
        entries = [night(name, "morning", schedules=[]) for name in names or HOUSE]
        entries = [each | {"entrypoint": flows.get(each["name"], each["entrypoint"])} for each in entries]
        ensure_pool_and_deployments(server.api_url, written(tmp_path, *entries))
        done = ensure_automations(server.api_url)
        return {what: getattr(done, what) for what in ("made", "changed", "unchanged", "removed")}

    yield applied
    remove(client)


def remove(client: "SyncPrefectClient") -> None:
    for each in ours(client).values():
        client.delete_automation(each.id)


def run_of(client: "SyncPrefectClient", name: str, state: Any) -> UUID:
    """A run of that deployment, as Prefect would have brought it to that state."""
    deployment = client.read_deployment_by_name(f"sample-morning/{name}")
    run = client.create_flow_run_from_deployment(deployment.id)
    client.set_flow_run_state(run.id, state, force=True)
    return run.id


def past(client: "SyncPrefectClient", event: str, run: UUID, ago: timedelta) -> dict[str, Any]:
    """An event of this run, started by the callback plan, that occurred so long ago."""
    found = client.read_deployment_by_name("sample-morning/callback-plan")
    return {
        "id": str(uuid4()),
        "event": event,
        "occurred": (system_now() - ago).isoformat(),
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
        "related": [{"prefect.resource.id": f"prefect.deployment.{found.id}", "prefect.resource.role": "deployment"}],
    }


def crashed_after(apply: Apply, client: "SyncPrefectClient", run: UUID, events: Callable[[], list[Any]]) -> str:
    """Apply the automations, send these events of the past, and return why the run is crashed then.

    Prefect looks at an automation within 5 s after it is made, and again only when its whole `within` is over;
    meanwhile it sweeps the events of the past away. When the first look comes before the events, the automations are
    made anew.
    """
    for _ in range(5):
        remove(client)
        apply()
        client.request("POST", "/events", json=events())
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if why := crashed(client, run):
                return why
            time.sleep(0.1)
    raise AssertionError("no look at the automations came after the events")


def crashed(client: "SyncPrefectClient", run: UUID) -> str | None:
    state = client.read_flow_run(run).state
    return state.message if state and state.is_crashed() else None


def test_they_are_made_once_and_then_left_alone(apply: Apply, client: "SyncPrefectClient"):
    assert set(apply()["made"]) == NAMES == set(ours(client))
    before = {name: each.id for name, each in ours(client).items()}
    again = apply()
    assert (again["made"], again["changed"], again["removed"]) == ((), (), ())
    assert set(again["unchanged"]) == NAMES
    assert {name: each.id for name, each in ours(client).items()} == before


def test_a_changed_one_is_mended_and_stays_switched_off(apply: Apply, client: "SyncPrefectClient"):
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    apply()
    stuck = ours(client)["closeloop · 滞留 Pending stuck"]
    assert isinstance(stuck.trigger, EventTrigger)
    tampered = stuck.trigger.model_copy(update={"within": timedelta(hours=9)})
    client.update_automation(stuck.id, AutomationCore(name=stuck.name, trigger=tampered, actions=stuck.actions))
    client.pause_automation(stuck.id)
    assert apply()["changed"] == (stuck.name,)
    mended = ours(client)[stuck.name]
    assert isinstance(mended.trigger, EventTrigger)
    assert (mended.trigger.within, mended.enabled, mended.id) == (timedelta(minutes=10), False, stuck.id)


def test_without_its_deployment_an_automation_goes_and_a_foreign_one_stays(apply: Apply, client: "SyncPrefectClient"):
    from prefect.events.actions import DoNothing
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    apply()
    quiet = EventTrigger(expect={"theirs.alone"})  # one that answers every event answers its own for ever
    foreign = client.create_automation(AutomationCore(name="theirs", trigger=quiet, actions=[DoNothing()]))
    try:
        assert apply("overnight-escalation", "callback-plan")["removed"] == ("closeloop · 运行失败通知 failure notice",)
        assert (found := client.read_automation(foreign)) is not None
        assert found.name == "theirs"
    finally:
        client.delete_automation(foreign)


@pytest.mark.parametrize(
    ("state", "event", "ago", "why"),
    [
        ("Pending", "prefect.flow-run.Pending", timedelta(minutes=10), "taken, but never begun"),
        ("Running", "prefect.flow-run.heartbeat", timedelta(seconds=90), "no heartbeat: its process is gone"),
    ],
    ids=["a run that never began frees its slot", "a run whose heart stopped is a zombie"],
)
def test_a_run_that_goes_no_further_is_crashed(
    apply: Apply, client: "SyncPrefectClient", state: str, event: str, ago: timedelta, why: str
):
    """Prefect is told of the past, so nobody has to wait for it. The run's own events, of now, name no deployment."""
    from prefect import states

    apply()
    run = in_state(client, getattr(states, state)())
    assert crashed_after(apply, client, run, lambda: [past(client, event, run, ago)]) == why


@pytest.mark.parametrize("name", ["Done", "Refused", "Completed"])
def test_a_run_that_ended_is_no_zombie_whatever_its_state_is_called(
    apply: Apply, client: "SyncPrefectClient", name: str
):
    """Both had a heartbeat; of the one nothing more is heard, the other ends. The server has both as running."""
    from prefect.states import Running

    apply()
    zombie, ended = (in_state(client, Running()) for _ in range(2))

    def events() -> list[Any]:
        beats = [past(client, "prefect.flow-run.heartbeat", run, timedelta(seconds=100)) for run in (zombie, ended)]
        end = past(client, f"prefect.flow-run.{name}", ended, timedelta(seconds=95))
        return [*beats, end | {"follows": beats[1]["id"]}]  # the events of one request are processed side by side

    assert crashed_after(apply, client, zombie, events)
    assert crashed(client, ended) is None


def in_state(client: "SyncPrefectClient", state: Any) -> UUID:
    """A run of no deployment, brought to this state."""
    flow = client.create_flow_from_name("sample-morning")
    run = UUID(client.request("POST", "/flow_runs/", json={"flow_id": str(flow)}).json()["id"])
    client.set_flow_run_state(run, state, force=True)
    return run


@pytest.mark.parametrize("how", ["Failed", "Crashed"])
def test_a_failed_run_is_told_of_by_its_id_alone(apply: Apply, client: "SyncPrefectClient", how: str):
    from prefect import states

    apply()
    run = run_of(client, "callback-plan", getattr(states, how)(message="Exception"))
    alert = until(lambda: alerts(client).get(str(run)))
    told = {"what": "run_failed", "run": str(run), "flow": "sample-morning", "state": f"prefect.flow-run.{how}"}
    assert alert == told


def alerts(client: "SyncPrefectClient") -> dict[str, dict[str, Any]]:
    from prefect.client.schemas.filters import DeploymentFilter

    only = DeploymentFilter.model_validate({"name": {"any_": ["alert"]}})
    return {run.parameters.get("run", ""): run.parameters for run in client.read_flow_runs(deployment_filter=only)}


def test_an_alert_that_fails_is_not_told_of_for_ever(apply: Apply, client: "SyncPrefectClient"):
    apply()
    deployments = {each.name: str(each.id) for each in client.read_deployments()}
    watched = _related(ours(client)["closeloop · 运行失败通知 failure notice"])
    assert f"prefect.deployment.{deployments['callback-plan']}" in watched
    assert f"prefect.deployment.{deployments['alert']}" not in watched


def _related(automation: "AutomationCore") -> list[str]:
    from prefect.events.schemas.automations import EventTrigger
    from prefect.events.schemas.events import ResourceSpecification

    assert isinstance(automation.trigger, EventTrigger)
    assert isinstance(automation.trigger.match_related, ResourceSpecification)
    return automation.trigger.match_related["prefect.resource.id"]


def test_a_missing_night_is_run_and_told_of(apply: Apply, client: "SyncPrefectClient"):
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import EventTrigger

    apply()
    missing = ours(client)["closeloop · 夜间运行缺失 night missing"]
    deployments = {each.name: each.id for each in client.read_deployments()}
    runs = [each for each in missing.actions if isinstance(each, RunDeployment)]
    assert [each.deployment_id for each in runs] == [deployments["overnight-escalation"], deployments["alert"]]
    assert isinstance(missing.trigger, EventTrigger)
    assert (missing.trigger.posture.value, missing.trigger.within) == ("Proactive", timedelta(hours=26))
    assert (missing.trigger.after, missing.trigger.expect) == (set(), {"prefect.flow-run.Completed"})


TWICE = "import sys; from apps.cli import run; sys.exit(run(sys.argv[1:]) or run(sys.argv[1:]))"


def deployed_twice(api_url: str, home: Path) -> list[dict[str, Any]]:
    """The answers of the command, entered twice; in a process of its own, for it sets the environment of Prefect."""
    command = [sys.executable, "-c", TWICE, "deploy", "--api", api_url, "--json"]
    environment = {**os.environ, "CLOSELOOP_HOME": str(home)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.long
def test_one_command_puts_the_nights_of_the_house_on_a_server(
    server: Server, client: "SyncPrefectClient", tmp_path: Path, apply: Apply
):
    first, again = deployed_twice(server.api_url, tmp_path)
    assert "closeloop · 夜间运行缺失 night missing" in first["automations"]["made"]
    for what in ("deployments", "automations"):
        before = [*first[what]["made"], *first[what]["changed"], *first[what]["unchanged"]]
        assert sorted(again[what]["unchanged"]) == sorted(before)
        assert again[what]["made"] == again[what]["changed"] == again[what]["removed"] == []
    assert first["retention"] == {"run_days": 30, "event_days": 7, "ours": True}
    apply()  # the nights of the house are gone again


@pytest.mark.usefixtures("home")
def test_every_name_of_our_environment_is_a_setting_of_the_installed_prefect(tmp_path: Path):
    import prefect.settings

    from apps.prefect_settings import prefect_environment

    ours = [name for name in prefect_environment(tmp_path, "http://x/api") if name.startswith("PREFECT_")]
    assert [name for name in ours if not hasattr(prefect.settings, name)] == []
    assert not hasattr(prefect.settings, "PREFECT_NO_SUCH_SETTING")


def test_the_server_keeps_runs_for_a_month_and_events_for_a_week(server: Server):
    from apps.up_runs import Retention, read_retention

    assert read_retention(server.api_url) == Retention(run_days=30, event_days=7, vacuums=True)
    assert read_retention(server.api_url).ours
    assert not Retention(run_days=90, event_days=7, vacuums=True).ours
    assert not Retention(run_days=30, event_days=7, vacuums=False).ours
