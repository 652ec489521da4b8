"""Commands that run or deploy the system's processes: drive, up, demo, deploy, acts."""

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import Json, cli
from apps.cli.number_options import whole_option
from apps.listening import PORT, Listening
from statemachines.refused import Refused

if TYPE_CHECKING:
    from apps.up_deployments import Applied

Port = Annotated[int, whole_option(least=1, most=65_535)]
Keep = Annotated[bool, typer.Option("--keep")]
Api = Annotated[str | None, typer.Option("--api")]
Limit = Annotated[int | None, whole_option(least=1)]


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(drive)
    app.command()(up)
    app.command()(demo)
    app.command()(deploy)
    app.command()(acts)
    app.command()(worker)


def drive(json: Json = False) -> None:
    """Drive this store until Ctrl-C: deliver events, fire timers, make calls."""
    from apps.up import drive_here

    cli.err.print(cli.translate("driving", home=str(cli.settings.where)))
    asyncio.run(drive_here(cli.settings, tell))
    cli.give({"stopped": True}, cli.translate("stopped"))


def up(prefect_port: Port = 4200, api_port: Port = PORT, json: Json = False) -> None:
    """The whole system: Prefect server and UI, worker, nights, driver, REST API. Ctrl-C ends all of it."""
    from apps.up import bring_up

    bring_up(cli.settings, prefect_port, tell, Listening(port=api_port))
    cli.give({"stopped": True}, cli.translate("stopped"))


def tell(key: str, **params: Any) -> None:
    """Print a message of a process; a fault is red. No line is broken, so that an address is copied whole."""
    text = cli.translate(key, **params)
    fault = text.startswith("✗")
    cli.err.print(text, style="bold red" if fault else "", markup=False, highlight=not fault, soft_wrap=True)


def demo(keep: Keep = False, json: Json = False) -> None:
    """The main job in miniature: sixty contacts, a simulated fortnight, a real Prefect server."""
    from apps.demo import keep_open, show

    def present(document: dict[str, Any], shown: list[Any]) -> None:
        cli.give(document, *shown)

    show(cli.locale, cli.as_json, present, partial(keep_open, tell=tell) if keep else None)


def deploy(api: Api = None, json: Json = False) -> None:
    """Put work pool, deployments and automations on a Prefect server of your own."""
    url = _prepare(api)
    from apps.up_automations import ensure_automations
    from apps.up_deployments import ensure_pool_and_deployments
    from apps.up_runs import read_retention

    deployments, automations = ensure_pool_and_deployments(url), ensure_automations(url)
    kept = read_retention(url)
    retention = {"run_days": kept.run_days, "event_days": kept.event_days, "ours": kept.ours}
    document = {
        "api": url,
        "deployments": _document(deployments),
        "automations": _document(automations),
        "retention": retention,
    }
    lines = [_line("deployments", deployments), _line("automations", automations)]
    lines.append(cli.translate("deploy.retention" if kept.ours else "deploy.retention_other", **retention))
    cli.give(document, *lines)


def acts(api: Api = None, json: Json = False) -> None:
    """Serve the acts of supervisors on your own Prefect server until Ctrl-C; `up` does so, too."""
    url = _prepare(api)
    from apps.up_acts import run

    cli.err.print(cli.translate("acts.serving", api=url))
    asyncio.run(run(cli.settings))
    cli.give({"stopped": True}, cli.translate("stopped"))


def worker(api: Api = None, limit: Limit = None, json: Json = False) -> None:
    """Run the scheduled work of your own Prefect server until Ctrl-C; `up` does so, too."""
    url = _prepare(api)
    from apps.declared_deployments import NIGHTS
    from apps.night_worker import serve

    cli.err.print(cli.translate("worker.serving", api=url))
    asyncio.run(serve(limit, NIGHTS))
    cli.give({"stopped": True}, cli.translate("stopped"))


def _prepare(api: str | None) -> str:
    """Return the server's address, after setting the environment before Prefect is imported. Raises ``Refused``."""
    import httpx

    from apps.prefect_login import process_credential
    from apps.prefect_server import takes_writes
    from apps.prefect_settings import prefect_environment
    from apps.up import served

    url = (api or os.environ.get("PREFECT_API_URL") or served(cli.settings.where) or "").rstrip("/")
    if not url:
        raise Refused("no_prefect")
    try:
        writes = takes_writes(url, process_credential(cli.settings.where, url))
    except httpx.InvalidURL:
        writes = False
    if not writes:
        raise Refused("prefect_away", api=url)
    os.environ.update(prefect_environment(cli.settings.where, url))
    return url


def _document(applied: "Applied") -> dict[str, Any]:
    return {change: list(getattr(applied, change)) for change in ("made", "changed", "unchanged", "removed")}


def _line(sort: str, applied: "Applied") -> str:
    counts = {name: len(names) for name, names in _document(applied).items()}
    return cli.translate(f"deploy.{sort}", **counts)
