"""The sweepers as Prefect tasks, in threads of this process or in processes of a Dask cluster."""

import asyncio
from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from engine.escalation.id_ranges import Range, made_at
from engine.settings import Settings
from flows.fire_timers import Swept, fire_timers
from flows.run_text import RunText
from flows.work import work_from

Outcome = tuple[Swept, str]
"""What a sweeper did, and the type of the error that stopped it, or "". See Note [What Prefect may know]."""


@task(
    name="fire-range",
    task_run_name="{title}",
    retries=0,  # the caller fires what is left
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
)
def fire_range(title: str, low: int, high: int, store: int) -> Outcome:  # noqa: ARG001 (the name of the task)
    """Fire what is due in a range, on the store that the settings of this process name; ``title`` is shown.

    That must be the store created at ``store`` (microseconds): a machine whose settings name another one does nothing.
    """
    try:
        work = work_from(Settings())
        try:
            if made_at(work.store) != store:
                return Swept((), ()), "AnotherStore"
            return asyncio.run(fire_timers(work, low, high)), ""
        finally:
            work.store.close()
    except Exception as error:  # noqa: BLE001
        return Swept((), ()), type(error).__name__


def fire_shares(shares: Sequence[Range], store: int, settings: Settings, locale: str) -> list[Outcome]:
    """Fire each range in a task of its own; what a sweeper could not do is left to the caller."""
    with runner_of(settings) as runner:
        futures = [runner.submit(fire_range, _parameters(share, store, locale)) for share in shares]
        return [_outcome(future) for future in futures]


def _parameters(share: Range, store: int, locale: str) -> dict[str, Any]:
    title = RunText("step.fire_range", low=share.low, high=share.high, count=share.cases).text(locale)
    return {"title": title, "low": share.low, "high": share.high, "store": store}


def runner_of(settings: Settings) -> TaskRunner[Any]:
    """Return threads, the Dask cluster at the configured address, or a local one made for this night alone."""
    if not settings.on_dask:
        return ThreadPoolTaskRunner(max_workers=settings.sweep_parts)
    from prefect_dask.task_runners import DaskTaskRunner

    if settings.dask_address:
        return DaskTaskRunner(address=settings.dask_address)
    local = {"n_workers": settings.sweep_parts, "threads_per_worker": 1, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=local)


def _outcome(future: PrefectFuture[Any]) -> Outcome:
    try:
        return future.result()
    except Exception as failure:  # noqa: BLE001 (its machine is gone)
        return Swept((), ()), type(failure).__name__
