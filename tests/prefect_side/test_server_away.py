"""Without a server, or with one that only seems to be there, the work is done plainly: once, and soon."""

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from apps.prefect_server import Server, free_port
from flows.run_info import RunInfo, RunResult
from tests.prefect_side.conftest import until
from tests.prefect_side.faulty import Relay, healthy_but_stuck, mute

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.prefect_ui.observer import PrefectObserver

pytestmark = pytest.mark.prefect

SIGHT = RunInfo("react", "cp-26-000123 · classified · round 1")


class Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self) -> int:
        self.done += 1
        return self.done


def observer(url: str, **patience: Any) -> "PrefectObserver":
    from flows.prefect_ui.observer import PrefectObserver

    return PrefectObserver(url, **patience)


async def timed(observer: "PrefectObserver", work: Work) -> tuple[RunResult[int], float]:
    began = time.monotonic()
    seen = await observer.run(SIGHT, work)
    return seen, time.monotonic() - began


@pytest.mark.usefixtures("home")
def test_without_a_server_it_is_plain_and_the_next_ones_do_not_even_ask():
    async def scene() -> None:
        work = Work()
        async with observer(f"http://127.0.0.1:{free_port()}/api") as plain:
            seen, _ = await timed(plain, work)
            assert (seen.result, seen.observed, seen.run_id) == (1, False, None)
            assert plain.breaker_open
            for _ in range(100):
                await timed(plain, work)
            assert (work.done, plain.counts.plain, plain.counts.no_probe) == (101, 101, 1)

    asyncio.run(scene())


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("faulty", [mute, healthy_but_stuck])
def test_with_a_server_that_hangs_it_is_plain_once_and_soon(faulty: Any):
    async def scene() -> None:
        work = Work()
        async with faulty() as url, observer(url) as plain:
            seen, took = await timed(plain, work)
            assert (seen.result, seen.observed, work.done) == (1, False, 1)
            assert took < 2.5  # promised are 0.9 s; the machine may be busy
            seen, took = await timed(plain, work)
            assert (seen.result, took < 0.4) == (2, True)
            await plain.aclose(0.1)
            assert work.done == 2

    asyncio.run(scene())


def test_a_run_that_begins_too_late_does_not_do_the_work_again(server: Server, client: "SyncPrefectClient"):
    work = Work()

    async def scene() -> None:
        relay = Relay(server.api_url)
        relay.slow = 1.0
        async with relay.open() as url, observer(url, probe_seconds=5) as plain:
            seen = await plain.run(RunInfo("react", "too late"), work)
            assert (seen.result, seen.observed, plain.counts.no_start) == (1, False, 1)
            await plain.aclose(20)

    asyncio.run(scene())
    assert work.done == 1
    (run,) = [run for run in client.read_flow_runs() if run.name == "too late"]
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Cancelled", "done without observation")


def test_a_server_that_dies_during_the_work_costs_neither_result_nor_time(server: Server, client: "SyncPrefectClient"):
    done: list[int] = []

    async def scene() -> RunResult[int]:
        relay = Relay(server.api_url)
        async with relay.open() as url, observer(url, probe_seconds=5, start_seconds=10) as observed:

            async def body() -> int:
                done.append(1)
                relay.cut()
                relay.slow = 60.0
                return 5

            began = time.monotonic()
            seen = await observed.run(SIGHT, body)
            assert time.monotonic() - began < 11
            await observed.aclose(0.1)
            return seen

    seen = asyncio.run(scene())
    assert (seen.result, seen.observed, done) == (5, True, [1])
    assert seen.run_id is not None
    assert client.read_flow_run(UUID(seen.run_id)).state_name == "Running"  # for the reconciliation to find


def test_when_the_server_is_back_runs_are_observed_again(server: Server):
    async def scene() -> None:
        work, port = Work(), free_port()
        relay = Relay(server.api_url)
        async with observer(
            f"http://127.0.0.1:{port}/api", probe_seconds=5, start_seconds=10, breaker_seconds=0.05
        ) as observed:
            assert not (await observed.run(SIGHT, work)).observed
            async with relay.open(port):
                await asyncio.sleep(0.1)  # longer than the breaker stays open
                assert (await observed.run(SIGHT, work)).observed
                await observed.aclose(15)
        assert work.done == 2

    asyncio.run(scene())


def test_sigterm_stays_with_the_process_during_a_run(server: Server):
    import signal

    async def scene() -> None:
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)

        async def body() -> int:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(told.wait(), 10)
            return 5

        async with observer(server.api_url, probe_seconds=5, start_seconds=10) as observed:
            seen = await observed.run(SIGHT, body)
        assert (seen.result, seen.observed) == (5, True)

    asyncio.run(scene())


def test_until_gives_up():
    with pytest.raises(AssertionError, match="nothing within"):
        until(lambda: None, seconds=0.1)
