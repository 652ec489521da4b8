"""Runs the whole system as children of one command: Prefect server and UI, workers, REST API, and the driver."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from apps.child_process import Child
from apps.driver import drive
from apps.killed_up import outlive_killed_driver, wait_for_orphans
from apps.listening import Listening, check_listening
from apps.mailboxes import keep_visiting
from apps.prefect_login import LOGIN_FILE, LOGIN_VARIABLE
from apps.prefect_server import (
    PortTaken,
    PrefectServerError,
    Server,
    acts_worker,
    api_server,
    prefect_server,
    worker,
)
from apps.prefect_settings import prefect_environment
from apps.process_health import DRIVER_NOTE, SERVER_NOTE, read_note
from apps.process_state import process_facts
from apps.up_children import KeptChild, keep_alive
from apps.up_notices import NoticeWatch, watch_notices
from apps.up_site import announce_site
from apps.xml_parser import xml_parser_health
from classifier.category_tree import bring_tree
from engine.audit.lifecycle_check import check_store
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from flows.work import Work, work_from
from statemachines.lifecycle import Refused

Tell = Callable[..., None]


def bring_up(settings: Settings, port: int, tell: Tell, listening: Listening) -> None:
    """Start everything and keep it up until Ctrl-C. Raises ``Refused`` for a taken port or a simulated store."""
    _refuse_simulated(settings)
    wait_for_orphans(settings.where)
    check_listening(listening)
    work = _work_of_today(settings, tell)
    if (parser := xml_parser_health()).code == "old":
        tell("up.xml_old", **parser.facts)
    tell("up.starting", home=str(settings.where))
    try:
        with prefect_server(settings.where, port) as server:
            os.environ.update(prefect_environment(settings.where, server.api_url))
            _prepare_server(server, tell)
            _close_abandoned(server, tell)
            with (
                worker(settings.where, server.api_url) as worker_process,
                acts_worker(settings.where, server.api_url) as acts_process,
                api_server(settings.where, listening) as api_process,
            ):
                children = _kept(server, {"worker": worker_process, "acts": acts_process}, tell)
                children.append(KeptChild("api", api_process, listening.answers))

                laid_out = asyncio.Event()

                def ready() -> None:
                    tell("up.ready", ui=server.ui_url, api=server.api_url, home=str(settings.where))
                    tell_login(server, tell)
                    laid_out.set()

                site = announce_site(settings, listening, api_process.log, tell, laid_out)
                beside = (keep_alive(children, tell), site, keep_visiting(settings, work))
                asyncio.run(_drive(work, server.api_url, tell, beside, ready))
    except PortTaken:
        raise Refused("port_taken", port=port) from None
    except PrefectServerError as error:
        raise Refused("server_died", log=str(error)) from None


def _work_of_today(settings: Settings, tell: Tell) -> Work:
    """Return the tools on the store, which is made or brought to this release first."""
    from engine.audit.upgrade import upgrade_store
    from engine.commands.complete_parties import complete_parties
    from engine.create_store import create_store

    if (upgraded := upgrade_store(settings, system_now())) is not None:
        tell("upgraded", before=upgraded.before, after=upgraded.after, backup=str(upgraded.backup))
    create_store(settings, system_now())
    work = work_from(settings)
    bring_tree(work.store)
    complete_parties(work.store, system_now())
    _check_lifecycles(work.store, tell)
    return work


def tell_login(server: Server, tell: Tell) -> None:
    """Print the login that the UI asks for, or where it was given."""
    if server.credentials.login_given:
        tell("up.login_given", variable=LOGIN_VARIABLE)
    else:
        tell("up.login", login=server.credentials.login, file=str(server.home / LOGIN_FILE))


def _refuse_simulated(settings: Settings) -> None:
    """Refuse a simulated store; in a home without a store a real one is created."""
    simulated = False
    with contextlib.suppress(Refused), contextlib.closing(settings.store(any_schema=True)) as store:
        simulated = store.simulated
    if simulated:
        raise Refused("simulated_store")


def _prepare_server(server: Server, tell: Tell) -> None:
    """Put pool, deployments and automations on the server, which may be new or may have been wiped."""
    from apps.up_automations import ensure_automations
    from apps.up_deployments import ensure_pool_and_deployments

    for key, apply in (("up.nights", ensure_pool_and_deployments), ("up.automations", ensure_automations)):
        applied = apply(server.api_url)
        tell(key, count=len(applied.made) + len(applied.changed) + len(applied.unchanged))


def _close_abandoned(server: Server, tell: Tell) -> None:
    from apps.up_runs import close_abandoned

    if abandoned := close_abandoned(server.api_url):
        tell("up.abandoned", count=abandoned)


def _kept(server: Server, workers: Mapping[str, Child], tell: Tell) -> list[KeptChild]:
    """Return the children to start again; the workers, by their parts' names, only where their server answers."""

    def server_is_back() -> None:
        _prepare_server(server, tell)
        _post_restart(server, server)

    kept = KeptChild("server", server, server.takes_writes, server_is_back)
    again = partial(_post_restart, server)
    begun_again = (KeptChild(name, child, prepare=partial(again, child), needs=kept) for name, child in workers.items())
    return [kept, *begun_again]


def _post_restart(server: Server, child: Child) -> None:
    """Post to Prefect's event feed that a child was started again."""
    from flows.prefect_ui.events import post

    event = {
        "id": str(uuid4()),
        "event": "process.restarted",
        "occurred": system_now().isoformat(),
        "resource": {"prefect.resource.id": f"closeloop.process.{child.name}", "prefect.resource.name": child.name},
        "payload": {"restarts": child.restarts},
    }
    asyncio.run(post(server.api_url, server.credentials.process, [event]))


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
    api_url = os.environ.get("PREFECT_API_URL") or served(settings.where)
    await _drive(work, api_url, tell, [keep_visiting(settings, work)])


def served(home: Path) -> str | None:
    """Return the API of the Prefect server that ``up`` started for this home, if one runs."""
    note = read_note(home, SERVER_NOTE)
    return note["api_url"] if note else None


async def _drive(
    work: Work,
    api_url: str | None,
    tell: Tell,
    beside: Sequence[Coroutine[Any, Any, None]] = (),
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Drive until a signal comes; what is ``beside`` runs as long.

    ``ready`` is called once the pages in Prefect are there.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    note = work.store.home / "run" / DRIVER_NOTE
    note.parent.mkdir(parents=True, exist_ok=True)
    tasks = [asyncio.create_task(each) for each in beside]
    watch = NoticeWatch(work.store, work.locale, tell)
    try:
        async with contextlib.nullcontext(()) if api_url is None else _observed(work, api_url, ready) as page_tasks:
            tasks += [asyncio.create_task(each) for each in (*page_tasks, watch_notices(watch))]
            await outlive_killed_driver(work, stop)
            note.write_text(json.dumps({**process_facts(os.getpid()), "api_url": api_url}))
            await drive(work, stop)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        note.unlink(missing_ok=True)
        work.store.close()


@contextlib.asynccontextmanager
async def _observed(
    work: Work, api_url: str, ready: Callable[[], None]
) -> AsyncIterator[Sequence[Coroutine[Any, Any, None]]]:
    """Have the work observed on Prefect; yield what keeps its pages and its event feed while the driver runs."""
    os.environ.update(prefect_environment(work.store.home, api_url))
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.event_feed import EventFeed
    from flows.prefect_ui.observer import PrefectObserver
    from flows.prefect_ui.page_keeper import PageKeeper

    keeper = PageKeeper(work)
    await keeper.lay_out_first()
    ready()
    async with PrefectObserver(api_url, FLOWS) as observer:
        await observer.warm_up()  # so that the first pass is observed, too
        work.observer = observer
        yield keeper.run(), EventFeed(work).run()
