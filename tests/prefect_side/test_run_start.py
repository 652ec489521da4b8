"""The start of a flow: who waits learns whether it began in time, and gets its result or its error."""

import asyncio
import gc
import subprocess
import sys
from typing import Any

import pytest

from flows.prefect_ui.run_start import Start
from flows.run_info import RunInfo
from flows.work import Unobserved, Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone

RUN_INFO = RunInfo("react", "cp-26-000001 · received · round 1")
RUN_ID = "0198c2f0"


class Lost(Exception):
    pass


def start() -> Start[int]:
    return Start(RUN_INFO, tools(), lambda: False)


def tools() -> Work:
    store: Any = None  # nothing here asks it
    return Work(store, FakeMailer(), FakeTelephone())


def test_a_flow_that_begins_in_time_hands_over_its_result():
    async def scene() -> None:
        started = start()
        assert started.note_begin(RUN_ID)
        assert await started.begins(1)
        started.end(5)
        assert await started.result() == (5, RUN_ID)

    asyncio.run(scene())


def test_a_flow_that_begins_late_learns_that_nobody_waits():
    async def scene() -> None:
        started = start()
        assert not await started.begins(0.01)
        assert not started.note_begin(RUN_ID)
        started.end(5)  # changes nothing

    asyncio.run(scene())


def test_the_error_of_the_body_is_raised_at_the_caller():
    async def scene() -> None:
        started = start()
        started.note_begin(RUN_ID)
        started.fail(Lost("the parcel of Zhang San"))
        started.fail(RuntimeError("the run ends, too"))
        with pytest.raises(Lost, match="Zhang San"):
            await started.result()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "error", [Lost("the parcel of Zhang San"), asyncio.CancelledError()], ids=["error", "cancelled"]
)
def test_the_error_of_a_cancelled_body_is_not_reported_as_lost(error: BaseException):
    reported: list[dict[str, Any]] = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        started = start()
        assert started.note_begin(RUN_ID)
        caller, waiting = asyncio.create_task(started.result()), asyncio.create_task(started.ends())
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
        started.fail(error)
        await waiting

    asyncio.run(scene())
    gc.collect()
    assert [context["message"] for context in reported] == []


def test_unobserved_is_the_body_and_nothing_else():
    async def five(work: Work) -> int:
        return 5 if work.run_id is None else 0

    async def lose(_work: Work) -> int:
        raise Lost("the parcel of Zhang San")

    async def scene() -> None:
        result = await Unobserved().run(RUN_INFO, tools(), five)
        assert (result.result, result.observed, result.run_id) == (5, False, None)
        with pytest.raises(Lost):
            await Unobserved().run(RUN_INFO, tools(), lose)

    asyncio.run(scene())


def test_a_simulation_does_not_load_prefect():
    code = "import flows.prefect_ui.run_start, flows.scheduled_work, sys; sys.exit('prefect' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
