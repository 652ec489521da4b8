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

from apps.prefect_server import prefect_server
from apps.prefect_settings import prefect_environment
from flows.run_info import RunInfo


async def _nothing() -> None:
    """Do no work, so that only the observation is measured."""


async def observe_runs(api_url: str, runs: int) -> float:
    from flows.prefect_ui.observer import PrefectObserver

    async with PrefectObserver(api_url, start_seconds=10.0, probe_seconds=5.0) as observer:
        await observer.run(RunInfo("warm-up", "warm-up"), _nothing)
        began = time.perf_counter()
        for n in range(runs):
            run_info = RunInfo(
                "react", f"cp-26-{n:06} · classified · round 1", ("closeloop", "complaint"), {"cases": [str(n)]}
            )
            result = await observer.run(run_info, _nothing)
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
            seconds = asyncio.run(observe_runs(server.api_url, runs))
            time.sleep(5)  # the last events have arrived by then
        size = (database_bytes(home) - empty) // runs
        print(f"{runs} runs in {seconds:.1f} s, {seconds / runs:.3f} s each, {size} bytes each")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
