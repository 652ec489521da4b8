"""The work is done once, by whoever claims it first, and its end reaches the caller."""

import asyncio
import subprocess
import sys

import pytest

from flows.prefect_ui.run_attempt import Attempt, Owner
from flows.run_info import RunInfo, Unobserved

SIGHT = RunInfo("react", "cp-26-000001 · received · round 1")


class Lost(Exception):
    pass


async def five() -> int:
    return 5


async def lose() -> int:
    raise Lost("the parcel of Zhang San")


def test_the_second_to_claim_does_not_get_the_work():
    async def scene() -> None:
        pairs: list[tuple[Owner, Owner]] = [("flow", "plain"), ("plain", "flow"), ("nobody", "flow"), ("flow", "flow")]
        for first, second in pairs:
            attempt = Attempt(SIGHT, five)
            assert attempt.claim(first)
            assert not attempt.claim(second)
            assert attempt.owner == first

    asyncio.run(scene())


def test_work_in_the_flow_ends_at_the_caller():
    async def scene() -> None:
        attempt = Attempt(SIGHT, five)
        assert attempt.claim("flow")
        await attempt.work_in_flow("run-1")
        seen = await attempt.result()
        assert (seen.result, seen.observed, seen.run_id) == (5, True, "run-1")

    asyncio.run(scene())


def test_an_error_stays_inside_the_flow_and_is_raised_at_the_caller():
    async def scene() -> None:
        attempt = Attempt(SIGHT, lose)
        await attempt.work_in_flow("run-1")
        with pytest.raises(Lost, match="Zhang San"):
            await attempt.result()

    asyncio.run(scene())


def test_what_nobody_waits_for_any_more_is_never_begun():
    async def scene() -> None:
        attempt = Attempt(SIGHT, five)
        await attempt.abandon()
        assert not attempt.claim("flow")

    asyncio.run(scene())


def test_unobserved_is_the_body_and_nothing_else():
    async def scene() -> None:
        left: list[int] = []

        async def leave(result: int) -> None:
            left.append(result)

        seen = await Unobserved().run(SIGHT, five, leave)
        assert (seen.result, seen.observed, seen.run_id) == (5, False, None)
        assert left == []
        with pytest.raises(Lost):
            await Unobserved().run(SIGHT, lose)

    asyncio.run(scene())


def test_a_simulation_does_not_load_prefect():
    code = "import flows.prefect_ui.run_attempt, flows.run_info, sys; sys.exit('prefect' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
