"""With a server there, the work is a run that a supervisor finds, and knows nothing it should not."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import pytest

from apps.prefect_server import Server
from flows.run_info import RunInfo, RunResult
from tests.prefect_side.conftest import until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.prefect_ui.observer import ObserverCounts, PrefectObserver

pytestmark = pytest.mark.prefect

T = TypeVar("T")
NAME = "cp-26-000123 · classified · round 1"
SIGHT = RunInfo("react", NAME, ("closeloop", "complaint"), {"cases": ["cp-26-000123"], "delivery": 7})
CANARY = "canary-zhang-san-13800138000"


class Lost(Exception):
    pass


async def five() -> int:
    return 5


def observe(
    server: Server, scene: Callable[["PrefectObserver"], Awaitable[T]], **patience: float
) -> tuple[T, "ObserverCounts"]:
    """Play the scene with an observer that is patient enough for a loaded machine."""
    from flows.prefect_ui.observer import PrefectObserver

    async def play() -> tuple[T, "ObserverCounts"]:
        async with PrefectObserver(server.api_url, probe_seconds=5, start_seconds=10, **patience) as observer:
            result = await scene(observer)
            await observer.aclose(15)
            return result, observer.counts

    return asyncio.run(play())


def state_of(client: "SyncPrefectClient", seen: RunResult[Any]) -> Any:
    assert seen.run_id is not None
    return client.read_flow_run(UUID(seen.run_id)).state


def test_it_is_done_once_and_found_by_its_name_and_tags(server: Server, client: "SyncPrefectClient"):
    done: list[int] = []

    async def body() -> int:
        done.append(1)
        return 5

    seen, counts = observe(server, lambda observer: observer.run(SIGHT, body))
    assert (seen.result, seen.observed, done) == (5, True, [1])
    assert (counts.observed, counts.plain, counts.unclosed) == (1, 0, 0)

    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter

    (run,) = client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": ["react"]}}),
        flow_run_filter=FlowRunFilter.model_validate(
            {"name": {"any_": [NAME]}, "tags": {"all_": ["closeloop", "complaint"]}}
        ),
    )
    assert str(run.id) == seen.run_id
    assert run.parameters == {"ids": {"cases": ["cp-26-000123"], "delivery": 7}}
    assert run.state is not None
    assert run.state.is_completed()


def test_the_caller_does_not_wait_for_what_is_left_in_the_run(server: Server, client: "SyncPrefectClient"):
    async def scene(observer: "PrefectObserver") -> RunResult[int]:
        answered = asyncio.Event()

        async def leave(result: int) -> None:
            from prefect.artifacts import acreate_markdown_artifact

            await answered.wait()
            await acreate_markdown_artifact(f"**{result}**", key="cp-26-000123")

        seen = await observer.run(SIGHT, five, leave)
        answered.set()
        return seen

    seen, counts = observe(server, scene)
    assert counts.left_nothing == 0
    assert state_of(client, seen).is_completed()
    left = client.request("POST", "/artifacts/filter", json={}).json()
    assert [each["data"] for each in left if each["flow_run_id"] == seen.run_id] == ["**5**"]


def test_artifacts_that_cannot_be_left_change_nothing(server: Server, client: "SyncPrefectClient"):
    async def leave(result: int) -> None:
        raise Lost(CANARY)

    seen, counts = observe(server, lambda observer: observer.run(SIGHT, five, leave))
    assert (seen.result, counts.left_nothing) == (5, 1)
    assert state_of(client, seen).is_completed()


def test_an_error_reaches_the_caller_whole_and_prefect_by_its_type(server: Server, client: "SyncPrefectClient"):
    async def body() -> int:
        raise Lost(CANARY)

    async def scene(observer: "PrefectObserver") -> None:
        with pytest.raises(Lost, match=CANARY):
            await observer.run(RunInfo("react", "an error"), body)

    observe(server, scene)
    (run,) = [run for run in client.read_flow_runs() if run.name == "an error"]
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Failed", "Lost")


def test_prefect_keeps_no_word_of_results_arguments_and_errors(server: Server, home: Path):
    from prefect.settings import get_current_settings

    async def body(given: str = CANARY) -> dict[str, str]:
        print("printed", given, end="")  # noqa: T201
        return {"result": given}

    async def lose() -> None:
        try:
            raise ValueError(CANARY)
        except ValueError as cause:
            raise Lost(CANARY) from cause

    async def scene(observer: "PrefectObserver") -> None:
        seen = await observer.run(SIGHT, body)
        assert seen.result == {"result": CANARY}
        with pytest.raises(Lost):
            await observer.run(SIGHT, lose)

    observe(server, scene)
    places = [home, get_current_settings().home / "storage"]
    kept = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert any(file.name == "prefect.db" for file in kept)
    assert [file for file in kept if CANARY.encode() in file.read_bytes()] == []


def test_a_caller_that_is_cancelled_takes_the_work_with_it(server: Server, client: "SyncPrefectClient"):
    ends: list[str] = []

    async def scene(observer: "PrefectObserver") -> None:
        begun = asyncio.Event()

        async def body() -> None:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ends.append("cancelled")
                raise

        caller = asyncio.create_task(observer.run(RunInfo("react", "cut short"), body))
        await begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert ends == ["cancelled"]

    observe(server, scene)

    def crashed() -> bool:
        runs = [run for run in client.read_flow_runs() if run.name == "cut short"]
        return [run.state_name for run in runs] == ["Crashed"]

    until(crashed)


def test_a_long_life_leaves_nothing_behind(server: Server):
    async def scene(observer: "PrefectObserver") -> tuple[int, int]:
        await observer.run(SIGHT, five)
        threads = threading.active_count()
        for number in range(20):
            await observer.run(RunInfo("react", f"run {number}"), five)
        await observer.aclose(15)
        return threading.active_count() - threads, len(asyncio.all_tasks())

    (threads, tasks), counts = observe(server, scene)
    assert counts.observed + counts.plain == 21
    assert (threads <= 0, tasks) == (True, 1)
