"""Runs a simulation with its scenario, a progress bar, and optionally an observing Prefect server."""

import asyncio
import contextlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from apps.prefect_server import Server, prefect_server
from apps.prefect_settings import prefect_environment
from apps.safe_console import SafeConsole
from apps.scenario import Staff, hire, load_scenario, staff
from apps.simulation import Lived, Nobody, run_until
from apps.simulation import Progress as ReportProgress
from engine.settings import Settings
from flows.work import Work, in_this_thread, work_from
from gateways.telephone import FakeTelephone

PATIENT = {"probe_seconds": 5.0, "start_seconds": 10.0}
"""Nobody waits in simulated time, so Prefect gets longer to begin a run than from a driver."""


def run_simulation(
    settings: Settings, end: datetime, scenario: Path | None, observed: bool, quiet: bool, encoding: str | None = None
) -> Lived:
    """Simulate until ``end``; with ``observed``, on a Prefect server of its own. ``encoding`` is the scenario's."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(prefect_server(settings.where)) if observed else None
        work, cast = prepare(settings, scenario, encoding)
        stack.callback(work.store.close)
        report = stack.enter_context(progress(work.store.now(), end, quiet))
        return asyncio.run(run_observed(work, cast, end, server, report))


def prepare(settings: Settings, scenario: Path | None, encoding: str | None = None) -> tuple[Work, Staff | Nobody]:
    """Return the tools and the cast of a simulation."""
    work = work_from(settings)
    if scenario is None:
        return work, Nobody()
    script = load_scenario(scenario, encoding)
    hire(work.store, script)
    work.telephone = FakeTelephone(script.script)
    return work, staff(work.store, script, work.store.now())


async def run_observed(
    work: Work, cast: Staff | Nobody, end: datetime, server: Server | None, report: ReportProgress | None
) -> Lived:
    """Run the simulation, observed on ``server`` if there is one."""
    if server is None:
        in_this_thread.set(True)
        return await run_until(work, end, cast, report)
    os.environ.update(prefect_environment(work.store.home, server.api_url))
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver

    async with PrefectObserver(server.api_url, FLOWS, **PATIENT) as observer:
        work.observer = observer
        return await run_until(work, end, cast, report)


@contextmanager
def progress(start: datetime, end: datetime, quiet: bool) -> Generator[ReportProgress | None]:
    """Show the simulated day as a bar on standard error."""
    if quiet:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=SafeConsole(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{start:%Y-%m-%d %H:%M}", total=max((end - start).total_seconds(), 1))

        def report(now: datetime) -> None:
            at = now.astimezone(start.tzinfo)
            bar.update(task, completed=(now - start).total_seconds(), description=f"{at:%Y-%m-%d %H:%M}")

        yield report
