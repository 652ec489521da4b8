"""Measures the cost of an observed run to Prefect: seconds, and bytes of its database.

Run it with ``python -m benchmarks.prefect_load [runs]``. It starts its own server on SQLite, and stops it first.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from apps.prefect_server import prefect_server
from apps.prefect_settings import prefect_environment
from engine.clock import system_now
from engine.create_store import create_store
from engine.settings import Settings
from flows.run_info import RunInfo
from flows.run_text import RunText
from flows.work import Work, work_from

STEPS = 4
"""The tasks of a run, each with a log line: as many as a new complaint has."""


async def _steps(work: Work) -> None:
    """The work: steps that only show themselves, so that only being seen is measured."""

    async def step() -> None:
        work.log(RunText("log.nothing_due"))

    for _ in range(STEPS):
        await work.step("deliver", step, RunText("step.report"))


async def observe_runs(home: Path, api_url: str, runs: int) -> float:
    from prefect import flow

    from flows.prefect_ui.flow_body import SHELL, driver_run_name, run_body
    from flows.prefect_ui.observer import PrefectObserver

    @flow(name="react", flow_run_name=driver_run_name, **SHELL)
    async def react(cases: list[str]) -> Any:  # noqa: ARG001 (shown as the run's parameter)
        return await run_body(_steps)

    settings = Settings(home=home, database_url=None, secret="only-for-this-benchmark")  # noqa: S106 (a store for a minute)
    create_store(settings, system_now())
    work = work_from(settings)
    async with PrefectObserver(api_url, {"react": react}, start_seconds=10.0, probe_seconds=5.0) as observer:
        await observer.warm_up()
        began = time.perf_counter()
        for n in range(runs):
            run_info = RunInfo(
                "react", f"cp-26-{n:06} · classified · round 1", ("closeloop", "complaint"), {"cases": [str(n)]}
            )
            result = await observer.run(run_info, work, _steps)
            assert result.observed
        return time.perf_counter() - began


def database_bytes(home: Path) -> int:
    """Return the bytes of the database, with what waits in its journal."""
    with sqlite3.connect(home / "prefect" / "prefect.db") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, free, size = (
            raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with prefect_server(home) as server:
            os.environ.update(prefect_environment(home, server.api_url))
        empty = database_bytes(home)
        with prefect_server(home) as server:
            os.environ.update(prefect_environment(home, server.api_url))
            seconds = asyncio.run(observe_runs(home, server.api_url, runs))
            time.sleep(5)  # the last events have arrived by then
        size = (database_bytes(home) - empty) // runs
        print(f"{runs} runs in {seconds:.1f} s, {seconds / runs:.3f} s each, {size} bytes each")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
