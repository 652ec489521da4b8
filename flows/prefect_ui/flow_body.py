"""Runs a plain function as the body of a flow, with its steps and log lines in the run, and returns the run's state."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from engine.settings import Settings
from flows.prefect_ui.run_start import STARTED, AnyStart
from flows.prefect_ui.run_states import (
    LEFT_NOTHING,
    code_of,
    collect_message,
    joined_message,
    state_after,
)
from flows.prefect_ui.step_tasks import shown
from flows.run_text import RunText
from flows.work import Work, work_from

T = TypeVar("T")
Body = Callable[[Work], Awaitable[T]]
Leave = Callable[[Work, T], Awaitable[None]]

SHELL: Final[dict[str, Any]] = {
    "retries": 0,  # what failed is due again; whoever runs the flow decides when
    "persist_result": False,
    "log_prints": False,
    "validate_parameters": False,
}
"""The options of all our flows."""

# Note [Tags of tasks]
# A task inherits the tags of its flow, and for each task with tags Prefect asks the server for a concurrency limit of
# each tag: a request that a hanging server never answers. So tasks have no tags.


def driver_run_name() -> str:
    """Return the name that the driver gave to the run it started; empty in a run of a worker."""
    start = STARTED.get()
    return start.run_info.name if start is not None else ""


async def leave_nothing(work: Work, result: object) -> None:
    """Leave no artifact."""


async def run_body(body: Body[T], leave: Leave[T] = leave_nothing) -> State[Any]:
    """Run ``body``, leave the artifacts of its result, and return the state of the run.

    A flow that a driver started works with the driver's tools and hands the result to it; one that a worker started
    opens the store that its settings name. Nothing is raised: see Note [What Prefect may know].
    """
    start = STARTED.get()
    with TagsContext(current_tags=set()):  # See Note [Tags of tasks]
        if start is not None:
            return await _in_driver(start, body, leave)
        return await on_store(lambda work: _and_leave(work, body, leave))


async def on_store(body: Body[State[Any] | None]) -> State[Any]:
    """Run ``body`` on the store that the settings of this process name; return the state of the run."""

    async def opened() -> State[Any] | None:
        work = work_from(Settings())
        try:
            return await body(shown(work))
        finally:
            work.store.close()

    return await state_after(opened)


async def _and_leave(work: Work, body: Body[T], leave: Leave[T]) -> None:
    await leave(work, await body(work))


async def _in_driver(start: AnyStart, body: Body[T], leave: Leave[T]) -> State[Any]:
    parts = collect_message()
    work = shown(start.work)
    if not start.note_begin(str(flow_run.id)):
        work.log(RunText("log.began_late"), logging.WARNING)
    try:
        result = await body(work)
    except Exception as error:  # noqa: BLE001 (the driver raises it)
        start.fail(error)
        work.log(RunText("log.failed", code=code_of(error)), logging.ERROR)
        return Failed(message=code_of(error))
    except BaseException as error:
        start.fail(error)
        raise
    start.end(result)
    try:
        await leave(work, result)
    except Exception as error:  # noqa: BLE001 (work that is done does not fail for want of an artifact)
        return Completed(message=f"{LEFT_NOTHING}: {code_of(error)}")
    return Completed(message=joined_message(parts))
