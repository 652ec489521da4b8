"""Runs the whole system as children of one command: Prefect server and UI, worker, nights, and the driver."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from apps.driver import drive
from apps.prefect_server import PortTaken, PrefectServerError, Server, acts_worker, prefect_server, worker
from apps.prefect_settings import prefect_environment, with_credential
from engine.audit.lifecycle_check import check_store
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from flows.work import Work, work_from
from statemachines.lifecycle import Refused

Tell = Callable[..., None]
DRIVER_NOTE = "driver.json"


def bring_up(settings: Settings, port: int, tell: Tell) -> None:
    """Start everything and keep it up until Ctrl-C. Raises ``Refused`` for a taken port or a simulated store."""
    from engine.create_store import create_store

    _refuse_simulated(settings)
    create_store(settings, system_now())
    work = work_from(settings)
    _check_lifecycles(work.store, tell)
    tell("up.starting", home=str(settings.where))
    try:
        with prefect_server(settings.where, port) as server:
            os.environ.update(prefect_environment(settings.where, server.api_url))
            _prepare_server(server, tell)
            with worker(settings.where, server.api_url), acts_worker(settings.where, server.api_url):
                tell("up.ready", ui=server.ui_url, api=server.api_url, home=str(settings.where))
                asyncio.run(_drive(work, server.api_url))
    except PortTaken:
        raise Refused("port_taken", port=port) from None
    except PrefectServerError as error:
        raise Refused("server_died", log=str(error)) from None


def _refuse_simulated(settings: Settings) -> None:
    """Refuse a simulated store; in a home without a store a real one is created."""
    simulated = False
    with contextlib.suppress(Refused), contextlib.closing(settings.store()) as store:
        simulated = store.simulated
    if simulated:
        raise Refused("simulated_store")


def _prepare_server(server: Server, tell: Tell) -> None:
    from apps.up_automations import ensure_automations
    from apps.up_deployments import ensure_pool_and_deployments
    from apps.up_runs import close_abandoned

    api_url = with_credential(server.api_url)
    for key, apply in (("up.nights", ensure_pool_and_deployments), ("up.automations", ensure_automations)):
        applied = apply(api_url)
        tell(key, count=len(applied.made) + len(applied.changed) + len(applied.unchanged))
    if abandoned := close_abandoned(api_url):
        tell("up.abandoned", count=abandoned)


def _check_lifecycles(store: Store, tell: Tell) -> None:
    """Name a store whose cases must be carried over. Raises ``Refused('lifecycle_unsafe')`` where something is lost."""
    checked = check_store(store, changes=False)
    checked.refuse_unsafe()
    if checked.to_carry:
        tell("up.lifecycle_needs", count=checked.to_carry)


async def drive_here(settings: Settings, tell: Tell) -> None:
    """Drive this store, observed on PREFECT_API_URL or on the Prefect server that ``up`` started, if there is one.

    Raises ``Refused('lifecycle_unsafe')``.
    """
    work = work_from(settings)
    _check_lifecycles(work.store, tell)
    await _drive(work, os.environ.get("PREFECT_API_URL") or served(settings.where))


def served(home: Path) -> str | None:
    """Return the API of the Prefect server that ``up`` started for this home, if one runs."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return json.loads((home / "run" / "prefect-server.json").read_text("utf-8"))["api_url"]
    return None


async def _drive(work: Work, api_url: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    note = work.store.home / "run" / DRIVER_NOTE
    note.parent.mkdir(parents=True, exist_ok=True)
    try:
        if api_url is None:
            note.write_text(json.dumps({"pid": os.getpid(), "api_url": None}))
            await drive(work, stop)
            return
        os.environ.update(prefect_environment(work.store.home, api_url))
        from flows.deployments.driver_flows import FLOWS
        from flows.prefect_ui.observer import PrefectObserver

        async with PrefectObserver(api_url, FLOWS) as observer:
            await observer.warm_up()  # so that the first pass is observed, too
            work.observer = observer
            note.write_text(json.dumps({"pid": os.getpid(), "api_url": api_url}))
            await drive(work, stop)
    finally:
        note.unlink(missing_ok=True)
        work.store.close()
