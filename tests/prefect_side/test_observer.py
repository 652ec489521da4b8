"""With a server there, the work is a run that a supervisor finds, and knows nothing it should not."""

import asyncio
import gc
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import psutil
import pytest

from apps.prefect_server import Server
from engine.store import Store
from flows.run_info import RunInfo, RunResult
from flows.run_text import RunText
from flows.work import Work
from tests.prefect_side.conftest import until
from tests.prefect_side.sample_work import NAME, RUN_INFO, Body, files_below, observer_of, tools

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.prefect_ui.observer import ObserverCounts, PrefectObserver

pytestmark = pytest.mark.prefect

T = TypeVar("T")
CANARY = "canary-zhang-san-13800138000"
SAID = "log.planned"


class Lost(Exception):
    pass


async def five(_work: Work) -> int:
    return 5


def observe(
    server: Server,
    body: Body,
    scene: Callable[["PrefectObserver"], Awaitable[T]],
    **options: Any,
) -> tuple[T, "ObserverCounts"]:
    """Play the scene with an observer of this body."""

    async def play() -> tuple[T, "ObserverCounts"]:
        async with observer_of(server.api_url, body, **options) as observer:
            result = await scene(observer)
            await observer.aclose(15)
            return result, observer.counts

    return asyncio.run(play())


def run_of(client: "SyncPrefectClient", seen: RunResult[Any]) -> Any:
    assert seen.run_id is not None
    return client.read_flow_run(UUID(seen.run_id))


def tasks_of(client: "SyncPrefectClient", seen: RunResult[Any], count: int) -> list[dict[str, Any]]:
    """Return the tasks of a run, oldest first, once there are as many as are expected and all have ended.

    The server writes a task with its type of state first and the state itself after it: both are waited for.
    """

    def ended() -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"id": {"any_": [seen.run_id]}}}
        tasks = client.request("POST", "/task_runs/filter", json=wanted).json()
        final = {"COMPLETED", "FAILED", "CRASHED"}
        complete = [task for task in tasks if task["state"] and {task["state_type"], task["state"]["type"]} <= final]
        return complete if len(complete) == len(tasks) == count else []

    return sorted(until(ended), key=lambda task: task["start_time"])


def lines_of(client: "SyncPrefectClient", seen: RunResult[Any], count: int) -> list[str]:
    """Return the log lines of a run and its tasks, once there are as many as are expected."""
    wanted = {"logs": {"flow_run_id": {"any_": [seen.run_id]}}, "sort": "TIMESTAMP_ASC"}

    def written() -> list[str]:
        lines = [line["message"] for line in client.request("POST", "/logs/filter", json=wanted).json()]
        return lines if len(lines) >= count else []

    return until(written)


def test_it_is_done_once_and_found_by_its_name_and_tags(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    done: list[str | None] = []

    async def body(work: Work) -> int:
        done.append(work.run_id)
        return 5

    seen, counts = observe(server, body, lambda observer: observer.run(RUN_INFO, tools(sqlite_store), body))
    assert (seen.result, seen.observed, done) == (5, True, [seen.run_id])
    assert (counts.observed, counts.plain, counts.unclosed) == (1, 0, 0)

    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter

    (run,) = client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": ["react"]}}),
        flow_run_filter=FlowRunFilter.model_validate(
            {"name": {"any_": [NAME]}, "tags": {"all_": ["closeloop", "complaint"]}}
        ),
    )
    assert str(run.id) == seen.run_id
    assert run.parameters == {"cases": ["cp-26-000123"]}
    assert run.state is not None
    assert run.state.is_completed()


def test_steps_are_tasks_and_lines_are_in_the_log(server: Server, client: "SyncPrefectClient", sqlite_store: Store):
    async def fail() -> int:
        raise Lost(CANARY)

    async def body(work: Work) -> int:
        async def say() -> str:
            work.log(RunText("log.delivered", number="cp-26-000123", reaction="route_case"))
            return "the address of Zhang San"

        text = await work.step("deliver", say, RunText("step.deliver", number="cp-26-000123", reaction="route_case"))
        await work.step("deliver", say, RunText("step.report"), failure=lambda _: "SMTPException")
        with pytest.raises(Lost, match=CANARY):
            await work.step("verify", fail, RunText("step.verify"))
        work.log(RunText("log.nothing_due"), logging.WARNING)
        return len(text)

    seen, _ = observe(server, body, lambda observer: observer.run(RUN_INFO, tools(sqlite_store), body))
    assert seen.result == 24
    tasks = tasks_of(client, seen, 3)
    assert [(task["name"], task["state_type"], task["state"]["message"]) for task in tasks] == [
        ("cp-26-000123 · Route", "COMPLETED", ""),
        ("Write the morning report", "FAILED", "SMTPException"),
        ("Verify the record", "FAILED", "Lost"),
    ]
    done = "cp-26-000123 · Route: done."
    assert lines_of(client, seen, 3) == [done, done, "Nothing was due."]


def test_the_lines_are_there_when_the_observer_is_closed_whenever_prefect_would_send_them(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    """Sent when the process ends, they would come after the end of a server that the same process has started."""
    from prefect.settings import PREFECT_LOGGING_TO_API_BATCH_INTERVAL, temporary_settings

    async def body(work: Work) -> None:
        work.log(RunText("log.nothing_due"))

    async def play() -> RunResult[None]:
        async with observer_of(server.api_url, body) as observer:
            return await observer.run(RUN_INFO, tools(sqlite_store), body)

    rarely: dict[Any, Any] = {PREFECT_LOGGING_TO_API_BATCH_INTERVAL: 3600.0}
    with temporary_settings(rarely):
        seen = asyncio.run(play())
    wanted = {"logs": {"flow_run_id": {"any_": [seen.run_id]}}}
    assert [line["message"] for line in client.request("POST", "/logs/filter", json=wanted).json()] == [
        "Nothing was due."
    ]


def test_a_step_that_raises_is_run_again_as_often_as_it_says(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
):
    from flows.prefect_ui import step_tasks

    monkeypatch.setattr(step_tasks, "RETRY_SECONDS", [0.01])
    tries: list[int] = []

    async def fail_twice() -> int:
        tries.append(len(tries))
        if len(tries) < 3:
            raise Lost(CANARY)
        return 7

    async def body(work: Work) -> int:
        return await work.step("retried-here", fail_twice, RunText("step.verify"), retries=2)

    seen, _ = observe(server, body, lambda observer: observer.run(RUN_INFO, tools(sqlite_store), body))
    assert (seen.result, tries) == (7, [0, 1, 2])
    [task] = tasks_of(client, seen, 1)
    assert (task["state_type"], task["run_count"]) == ("COMPLETED", 3)


def test_the_caller_does_not_wait_for_what_is_left_in_the_run(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    answered = threading.Event()

    async def leave(_work: Work, result: int) -> None:
        from prefect.artifacts import acreate_markdown_artifact

        await asyncio.to_thread(answered.wait, 30)
        await acreate_markdown_artifact(f"**{result}**", key="cp-26-000123")

    async def scene(observer: "PrefectObserver") -> RunResult[int]:
        seen = await observer.run(RUN_INFO, tools(sqlite_store), five)
        answered.set()
        return seen

    seen, counts = observe(server, five, scene, leave=leave)
    assert counts.left_nothing == 0
    assert run_of(client, seen).state.is_completed()
    left = client.request("POST", "/artifacts/filter", json={}).json()
    assert [each["data"] for each in left if each["flow_run_id"] == seen.run_id] == ["**5**"]


def test_artifacts_that_cannot_be_left_change_nothing(server: Server, client: "SyncPrefectClient", sqlite_store: Store):
    async def leave(_work: Work, _result: int) -> None:
        raise Lost(CANARY)

    seen, counts = observe(
        server, five, lambda observer: observer.run(RUN_INFO, tools(sqlite_store), five), leave=leave
    )
    assert (seen.result, counts.left_nothing) == (5, 1)
    assert run_of(client, seen).state.is_completed()


def test_an_error_reaches_the_caller_whole_and_prefect_by_its_type(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    async def body(_work: Work) -> int:
        raise Lost(CANARY)

    async def scene(observer: "PrefectObserver") -> None:
        with pytest.raises(Lost, match=CANARY):
            await observer.run(RunInfo("react", "an error"), tools(sqlite_store), body)

    observe(server, body, scene)
    (run,) = [run for run in client.read_flow_runs() if run.name == "an error"]
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Failed", "Lost")


def test_prefect_keeps_no_word_of_results_arguments_errors_and_foreign_log_lines(
    server: Server, client: "SyncPrefectClient", home: Path, sqlite_store: Store
):
    """Whatever a body, a library or Prefect's own engine logs in a run, only our templates reach the server."""
    from prefect import get_run_logger
    from prefect.settings import get_current_settings

    async def body(work: Work, given: str = CANARY) -> dict[str, str]:
        print("printed", given, end="")  # noqa: T201
        get_run_logger().error("foreign line: %s", given)
        get_run_logger().warning(given, extra={"run_text": RunText("log.nothing_due"), "run_locale": "en"})
        work.log(RunText("log.delivery_failed", number=given, reaction=given, code=f"王 {given}"))
        work.log(RunText("log.planned", count=1))

        async def leak() -> dict[str, str]:
            try:
                raise ValueError(CANARY)
            except ValueError as cause:
                get_run_logger().exception("foreign traceback")
                raise Lost(CANARY) from cause

        with pytest.raises(Lost):
            await work.step("leak", leak, RunText("step.deliver", number=given, reaction=f"王 {given}"))
        return {"result": given}

    async def lose(work: Work) -> None:
        await body(work)
        raise Lost(CANARY)

    seen, _ = observe(server, body, lambda observer: observer.run(RUN_INFO, tools(sqlite_store), body))
    assert seen.result == {"result": CANARY}

    async def scene(observer: "PrefectObserver") -> None:
        with pytest.raises(Lost):
            await observer.run(RUN_INFO, tools(sqlite_store), lose)

    observe(server, lose, scene)
    tasks_of(client, seen, 1)
    lines = lines_of(client, seen, 2)
    assert lines[0].startswith("– · –: try {tries} of {most} failed (–)")
    assert lines[1:] == ["1 callbacks planned."]
    places = [home, get_current_settings().home / "storage"]
    kept = [file for place in places for file in files_below(place)]
    assert any(file.name == "prefect.db" for file in kept)
    assert [file for file in kept if CANARY.encode() in file.read_bytes()] == []


def test_a_caller_that_is_cancelled_takes_the_work_with_it(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    ends: list[str] = []
    begun = threading.Event()

    async def body(_work: Work) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def scene(observer: "PrefectObserver") -> None:
        caller = asyncio.create_task(observer.run(RunInfo("react", "cut short"), tools(sqlite_store), body))
        assert await asyncio.to_thread(begun.wait, 30)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert ends == ["cancelled"]

    observe(server, body, scene)

    def crashed() -> bool:
        runs = [run for run in client.read_flow_runs() if run.name == "cut short"]
        return [run.state_name for run in runs] == ["Crashed"]

    until(crashed)


@pytest.mark.long
def test_a_long_life_leaves_nothing_behind(server: Server, sqlite_store: Store):
    async def scene(observer: "PrefectObserver") -> tuple[int, int]:
        work = tools(sqlite_store)
        await observer.run(RUN_INFO, work, five)
        await observer.closed(15)
        threads = threading.active_count()
        for number in range(20):
            await observer.run(RunInfo("react", f"run {number}"), work, five)
        await observer.aclose(15)
        until(lambda: threading.active_count() <= threads)  # the threads of heartbeats end within a second
        return threading.active_count() - threads, len(asyncio.all_tasks())

    (threads, tasks), counts = observe(server, five, scene)
    assert counts.observed + counts.plain == 21
    assert (threads <= 0, tasks) == (True, 1)


def test_a_run_leaves_no_connection_open(server: Server, sqlite_store: Store):
    """Not even until the next collection of garbage, which may take its time."""
    port = urlsplit(server.api_url).port

    def connections() -> int:
        return sum(bool(each.raddr) and each.raddr.port == port for each in psutil.Process().net_connections("tcp4"))

    async def scene(observer: "PrefectObserver") -> list[int]:
        counts: list[int] = []
        for number in range(4):
            await observer.run(RunInfo("react", f"run {number}"), tools(sqlite_store), five)
            assert await observer.closed(30)
            counts.append(connections())
        return counts

    gc.disable()
    try:
        counts, _ = observe(server, five, scene)
    finally:
        gc.enable()
    assert counts[-1] <= counts[1], "the first two runs open what Prefect keeps for the whole process"


def test_the_first_run_after_warming_up_begins_in_time(server: Server, sqlite_store: Store):
    """In a process of its own nothing of Prefect's is loaded yet; here it is, so only that it does no harm is tried."""

    async def scene(observer: "PrefectObserver") -> bool:
        await observer.warm_up()
        return (await observer.run(RUN_INFO, tools(sqlite_store), five)).observed

    assert observe(server, five, scene)[0]
