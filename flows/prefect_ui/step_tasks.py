"""Shows a piece of work in the Prefect run that does it: its steps as tasks, its lines in the run's log."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.prefect_ui.run_log import ensure_filtered
from flows.prefect_ui.run_states import code_of
from flows.run_text import RunText
from flows.work import Log, Step, Work

# Note [Results stay here]
# A task returns a state without data and never raises: its result or error goes to the caller by a variable. So neither
# reaches Prefect's events, where a task's exception would stand with its text. See Note [What Prefect may know].

T = TypeVar("T")

ensure_filtered()  # Prefect is loaded now, and so is its logging configuration

RETRY_SECONDS: list[float] = [1, 5]
"""The time before each retry of a step; the last one holds for all further ones."""


def shown(work: Work) -> Work:
    """Return the tools for the run of this context, which owns leases of its own: by their owner the run is known."""
    run_id = str(flow_run.id)
    return replace(work, step=steps(work.locale), log=log_of(work.locale), run_id=run_id, name=f"{work.name}-{run_id}")


def log_of(locale: str) -> Log:
    """Return the function that writes log lines of the run or task of the context in which it is called."""

    def log(text: RunText, level: int = logging.INFO) -> None:
        # The record carries the text itself, by which the filter knows it: see flows/prefect_ui/run_log.py.
        get_run_logger().log(level, "%s", text.text(locale), extra={"run_text": text, "run_locale": locale})

    return log


def steps(locale: str) -> Step:
    """Return the function that runs a step as a task of the run of this context."""

    async def step(
        name: str,
        body: Callable[[], Awaitable[T]],
        title: RunText,
        *,
        retries: int = 0,
        failure: Callable[[T], str | None] | None = None,
    ) -> T:
        results: list[T] = []
        errors: list[Exception] = []

        async def attempt() -> State[Any]:
            errors.clear()
            try:
                result = await body()
            except Exception as error:  # noqa: BLE001 (raised below; see Note [Results stay here])
                errors.append(error)
                return Failed(message=code_of(error))
            results.append(result)
            code = failure(result) if failure is not None else None
            return Failed(message=code) if code else Completed()

        try:
            shown_task: Any = _task(name, 0 if failure is not None else retries)  # typed for a call without a state
            await shown_task(title.text(locale), attempt, return_state=True)
        except Exception as error:  # noqa: BLE001 (Prefect failed, not the step)
            if not results and not errors:
                logging.getLogger(__name__).warning("a step is not shown: %s", type(error).__name__)
                return await body()
        if results:
            return results[0]
        raise errors[0]

    return step


@task(task_run_name="{title}", persist_result=False, cache_policy=NO_CACHE, log_prints=False)
async def _run(title: str, attempt: Callable[[], Awaitable[State[Any]]]) -> State[Any]:  # noqa: ARG001
    """Run a step; ``title`` is the task's name."""
    return await attempt()


@cache
def _task(name: str, retries: int) -> Task[[str, Callable[[], Awaitable[State[Any]]]], Any]:
    return _run.with_options(name=name, retries=retries, retry_delay_seconds=RETRY_SECONDS if retries else 0)
