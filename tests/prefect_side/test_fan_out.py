"""The night shared out by Prefect over threads or a Dask cluster comes to the same as one process."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server, worker
from engine.audit.verify import verify
from engine.create_store import set_clock
from engine.escalation.fire import fire_due
from engine.escalation.id_ranges import made_at, ranges
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import DAY, SECRET, START, fired_steps_of, new_case
from tests.prefect_side.conftest import until
from tests.prefect_side.test_nights import night, written

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.postgres]

WEEK = START + 7 * DAY
PATIENCE = 300.0
"""Seconds: a worker's process starts, and the server writes tasks in batches; both take long on a busy machine."""

NIGHT_FLOW = '''
"""The night, as a deployment's flow; written to a file of its own because it loads Prefect."""
from prefect import flow
from engine.settings import Settings
from flows.nights.overnight_escalation import escalate_overnight
from flows.work import work_from

@flow(name="shared-night", persist_result=False)
async def shared_night() -> None:
    work = work_from(Settings())
    await escalate_overnight(work)
    work.store.close()
'''


@pytest.fixture
def settings(postgres_settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store on Postgres that every process of the test finds by its environment."""
    assert postgres_settings.database_url
    monkeypatch.setenv("CLOSELOOP_HOME", str(home))
    monkeypatch.setenv("CLOSELOOP_DATABASE_URL", postgres_settings.database_url)
    monkeypatch.setenv("CLOSELOOP_SECRET", SECRET)
    return Settings()


def a_week_passes(store: Store, cases: int) -> tuple[list[str], list[Any]]:
    """So many cases fall due; their numbers, and the rungs that one of their kind gets from one process."""
    alone = new_case(store)
    fire_due(store, WEEK)
    numbers = [new_case(store) for _ in range(cases)]
    set_clock(store, WEEK)
    return numbers, fired_steps_of(store, alone)


def shared_out(settings: Settings, store: Store) -> list[int]:
    """What a run's tasks fire, by task."""
    from prefect import flow

    from flows.nights.fan_out_shell import fire_shares

    shares, which = ranges(store, WEEK, settings.sweep_parts), made_at(store)

    @flow(name="share-out", persist_result=False)
    def share_out() -> list[int]:  # goes to Dask with all that it holds: no store, no connection
        return [swept.did for swept, _ in fire_shares(shares, which, settings, "en")]

    return share_out()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("runner", ["threads", pytest.param("dask", marks=pytest.mark.long)])
def test_tasks_fire_what_one_process_would(settings: Settings, monkeypatch: pytest.MonkeyPatch, runner: str):
    if runner == "dask":
        pytest.importorskip("prefect_dask", reason="the optional extra dask is not installed: uv sync --extra dask")
    monkeypatch.setattr(settings, "task_runner", runner)
    monkeypatch.setattr(settings, "sweep_parts", 2)
    store = settings.store()
    numbers, alone = a_week_passes(store, cases=10)
    assert shared_out(settings, store) == [5 * len(alone)] * 2
    assert [fired_steps_of(store, number) for number in numbers] == [alone] * 10
    assert shared_out(settings, store) == []
    assert verify(store).ok
    store.close()


@pytest.mark.usefixtures("server")
def test_a_machine_with_another_store_leaves_it_alone(settings: Settings):
    from flows.nights.fan_out_shell import fire_range

    store = settings.store()
    a_week_passes(store, cases=1)
    swept, why = fire_range.fn("cases 0–10", 0, 10, made_at(store) + 1)
    assert (swept.did, why) == (0, "AnotherStore")
    assert len(ranges(store, WEEK, 4)) == 1
    store.close()


def shares_in(names: Iterable[str]) -> list[str]:
    """Return the names of the tasks that are called after their range of cases."""
    return sorted(name for name in names if name.startswith("到点时限 · 第 "))


@pytest.mark.long
def test_the_night_shares_its_work_out(
    settings: Settings, server: Server, client: "SyncPrefectClient", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A worker runs the night: its run has a task for each range, and nothing is left due."""
    from apps.up_deployments import ensure_pool_and_deployments

    monkeypatch.setenv("CLOSELOOP_SWEEP_PARTS", "2")
    store = settings.store()
    numbers, alone = a_week_passes(store, cases=400)
    (settings.where / "night_flow.py").write_text(NIGHT_FLOW)
    monkeypatch.syspath_prepend(settings.where)
    entry = night("shared", "-") | {"entrypoint": "night_flow.shared_night"}
    declared = written(tmp_path, entry)
    ensure_pool_and_deployments(server.api_url, declared)
    deployment = client.read_deployment_by_name("shared-night/shared")
    with worker(settings.where, server.api_url, declared) as child:
        run = client.create_flow_run_from_deployment(deployment.id)
        state = until(lambda: (now := client.read_flow_run(run.id).state) and now.is_final() and now, PATIENCE)
        assert state.is_completed(), child.log.read_text()
    assert [fired_steps_of(store, number) for number in numbers] == [alone] * len(numbers)
    # The server gets a task's name after the task itself.
    names = until(lambda: shown if len(shown := shares_in(task_names(client, run.id))) >= 2 else None, PATIENCE)
    assert len(names) == len(task_names(client, run.id)) == 2, child.log.read_text()
    store.close()


def task_names(client: "SyncPrefectClient", run: Any) -> list[str]:
    from prefect.client.schemas.filters import FlowRunFilter

    only = FlowRunFilter.model_validate({"id": {"any_": [str(run)]}})
    body = {"flow_runs": only.model_dump(mode="json")}
    return [each["name"] for each in client.request("POST", "/task_runs/filter", json=body).json()]
