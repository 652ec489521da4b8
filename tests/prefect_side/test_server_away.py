"""Without a server, or with one that only seems to be there, the work is done without one: once, and soon."""

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from apps.prefect_server import Server, free_port
from engine.store import Store
from flows.run_info import RunInfo, RunResult
from flows.work import Work
from tests.prefect_side.conftest import until
from tests.prefect_side.faulty import Relay, healthy_but_stuck, mute
from tests.prefect_side.sample_work import RUN_INFO, ClaimedWork, observer_of, tools

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.prefect_ui.observer import PrefectObserver

pytestmark = [pytest.mark.prefect, pytest.mark.long]

AS_SHIPPED = {"probe_seconds": 0.4, "start_seconds": 0.9}
PATIENT = {"probe_seconds": 5, "start_seconds": 10}


async def timed(observer: "PrefectObserver", work: Work, body: ClaimedWork) -> tuple[RunResult[int], float]:
    began = time.monotonic()
    seen = await observer.run(RUN_INFO, work, body)
    return seen, time.monotonic() - began


@pytest.mark.usefixtures("home")
def test_without_a_server_it_is_plain_and_the_next_ones_do_not_even_ask(sqlite_store: Store):
    async def scene() -> None:
        body, work = ClaimedWork(), tools(sqlite_store)
        async with observer_of(f"http://127.0.0.1:{free_port()}/api", body, **AS_SHIPPED) as plain:
            seen, _ = await timed(plain, work, body)
            assert (seen.result, seen.observed, seen.run_id) == (1, False, None)
            assert plain.breaker_open
            for _ in range(100):
                await timed(plain, work, body)
            assert (body.begun, plain.counts.plain, plain.counts.no_probe) == (101, 101, 1)

    asyncio.run(scene())


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("faulty", [mute, healthy_but_stuck])
def test_with_a_server_that_hangs_it_is_plain_once_and_soon(faulty: Any, sqlite_store: Store):
    async def scene() -> None:
        body, work = ClaimedWork(), tools(sqlite_store)
        async with faulty() as url, observer_of(url, body, **AS_SHIPPED) as plain:
            seen, took = await timed(plain, work, body)
            assert (seen.result, seen.observed, body.done) == (1, False, 1)
            assert took < 2.5  # promised are 0.9 s; the machine may be busy
            seen, took = await timed(plain, work, body)
            assert (seen.observed, took < 0.4) == (False, True)
            await plain.aclose(0.1)
            assert (body.begun, body.done) == (2, 1)

    asyncio.run(scene())


def test_a_run_that_begins_too_late_finds_nothing_and_says_so(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    body, work = ClaimedWork(), tools(sqlite_store)

    async def scene() -> None:
        relay = Relay(server.api_url)
        relay.slow = 1.0
        async with relay.open() as url, observer_of(url, body, **AS_SHIPPED | {"probe_seconds": 5}) as plain:
            seen = await plain.run(RunInfo("react", "too late"), work, body)
            assert (seen.result, seen.observed, plain.counts.no_start) == (1, False, 1)
            assert await plain.closed(30)
            assert (body.begun, body.done) == (2, 1)
            (run,) = [run for run in client.read_flow_runs() if run.name == "too late"]
            assert (run.state_name, run.state.message if run.state else "") == ("Completed", None)
            wanted = {"logs": {"flow_run_id": {"any_": [str(run.id)]}}}
            [line] = await asyncio.to_thread(until, lambda: client.request("POST", "/logs/filter", json=wanted).json())
            assert line["message"].startswith("This run began late")

    asyncio.run(scene())


def test_two_late_runs_that_meet_hold_up_nobody(server: Server, client: "SyncPrefectClient", sqlite_store: Store):
    """Each does what is left, which is nothing; their callers do not wait for them, and both end soon."""
    bodies, work = [ClaimedWork("first"), ClaimedWork("second")], tools(sqlite_store)

    async def late(url: str, number: int) -> tuple[float, bool]:
        async with observer_of(url, bodies[number], **AS_SHIPPED | {"probe_seconds": 5}) as observer:
            began = time.monotonic()
            await observer.run(RunInfo("react", f"late {number}"), work, bodies[number])
            return time.monotonic() - began, await observer.closed(60)

    async def scene() -> list[tuple[float, bool]]:
        relay = Relay(server.api_url)
        relay.slow = 1.0
        async with relay.open() as url:
            return list(await asyncio.gather(late(url, 0), late(url, 1)))

    ended = asyncio.run(scene())
    assert max(took for took, _ in ended) < 8
    assert [closed for _, closed in ended] == [True, True]
    assert [(body.begun, body.done) for body in bodies] == [(2, 1), (2, 1)]
    runs = {run.name: run.state_name for run in client.read_flow_runs() if run.name.startswith("late ")}
    assert runs == {"late 0": "Completed", "late 1": "Completed"}


def test_a_server_that_dies_during_the_work_costs_neither_result_nor_time(
    server: Server, client: "SyncPrefectClient", sqlite_store: Store
):
    done: list[int] = []

    async def scene() -> RunResult[int]:
        relay = Relay(server.api_url)
        async with relay.open() as url:
            loop = asyncio.get_running_loop()

            async def body(_work: Work) -> int:
                done.append(1)
                relay.slow = 60.0
                loop.call_soon_threadsafe(relay.cut)
                return 5

            async with observer_of(url, body, **PATIENT) as observed:
                began = time.monotonic()
                seen = await observed.run(RUN_INFO, tools(sqlite_store), body)
                assert time.monotonic() - began < 11
                await observed.aclose(0.1)
                return seen

    seen = asyncio.run(scene())
    assert (seen.result, seen.observed, done) == (5, True, [1])
    assert seen.run_id is not None
    assert client.read_flow_run(UUID(seen.run_id)).state_name == "Running"  # for the reconciliation to find


def test_when_the_server_is_back_runs_are_observed_again(server: Server, sqlite_store: Store):
    async def scene() -> None:
        body, work, port = ClaimedWork(), tools(sqlite_store), free_port()
        relay = Relay(server.api_url)
        url = f"http://127.0.0.1:{port}/api"
        async with observer_of(url, body, **PATIENT, breaker_seconds=0.05) as observed:
            assert not (await observed.run(RUN_INFO, work, body)).observed
            async with relay.open(port):
                await asyncio.sleep(0.1)  # longer than the breaker stays open
                assert (await observed.run(RUN_INFO, work, body)).observed
                await observed.aclose(15)
        assert (body.begun, body.done) == (2, 1)

    asyncio.run(scene())


def test_sigterm_stays_with_the_process_during_a_run(server: Server, sqlite_store: Store):
    """Prefect handles it in the main thread alone; were that to change, the body would be cut short."""
    import signal

    async def scene() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, told.set)

        async def body(_work: Work) -> int:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.wait_for(told.wait(), 10), loop))
            return 5

        async with observer_of(server.api_url, body, **PATIENT) as observed:
            seen = await observed.run(RUN_INFO, tools(sqlite_store), body)
        assert (seen.result, seen.observed) == (5, True)

    asyncio.run(scene())


def test_until_gives_up():
    with pytest.raises(AssertionError, match="nothing within"):
        until(lambda: None, seconds=0.1)
