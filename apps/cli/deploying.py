"""The command that puts what we declare on a Prefect server of one's own: deploy."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import Json, cli
from statemachines.refused import Refused

if TYPE_CHECKING:
    from apps.up_deployments import Applied

Api = Annotated[
    str | None, typer.Option("--api", help="The server's API, http://HOST:4200/api; else PREFECT_API_URL, else `up`'s.")
]


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(deploy)


def deploy(api: Api = None, json: Json = False) -> None:
    """Put work pool, deployments and automations on a Prefect server of your own."""
    url = _ready(api)
    from apps.prefect_settings import with_credential
    from apps.up_automations import ensure_automations
    from apps.up_deployments import ensure_pool_and_deployments
    from apps.up_retention import read_retention

    there = with_credential(url)
    deployments, automations, kept = (
        ensure_pool_and_deployments(there),
        ensure_automations(there),
        read_retention(there),
    )
    retention = {"run_days": kept.run_days, "event_days": kept.event_days, "ours": kept.ours}
    document = {
        "api": url,
        "deployments": _told(deployments),
        "automations": _told(automations),
        "retention": retention,
    }
    shown = [_line("deployments", deployments), _line("automations", automations)]
    shown.append(cli.translate("deploy.retention" if kept.ours else "deploy.retention_other", **retention))
    cli.give(document, *shown)


def _ready(api: str | None) -> str:
    """The server's address, and our settings in place before Prefect is imported. Raises ``Refused``."""
    import httpx

    from apps.prefect_server import takes_writes
    from apps.prefect_settings import prefect_environment
    from apps.up import served

    url = (api or os.environ.get("PREFECT_API_URL") or served(cli.settings.where) or "").rstrip("/")
    if not url:
        raise Refused("no_prefect")
    try:
        writes = takes_writes(url)
    except httpx.InvalidURL:
        writes = False
    if not writes:
        raise Refused("prefect_away", api=url)
    os.environ.update(prefect_environment(cli.settings.where, url))
    return url


def _told(applied: "Applied") -> dict[str, Any]:
    return {what: list(getattr(applied, what)) for what in ("made", "changed", "unchanged", "removed")}


def _line(what: str, applied: "Applied") -> str:
    counts = {name: len(names) for name, names in _told(applied).items()}
    return cli.translate(f"deploy.{what}", **counts)
