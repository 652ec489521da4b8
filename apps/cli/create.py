"""Commands that create a store, show its health, and draw a lifecycle: init, status, diagram."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli, instant, table
from engine.clock import system_now
from statemachines.diagram import mermaid
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

At = Annotated[str | None, typer.Option()]


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(init)
    app.command()(status)
    app.command()(diagram)


def init(simulated: bool = False, at: At = None, json: Json = False) -> None:
    """Make a store here: real, or simulated with a clock that only `run-until` moves."""
    from apps.prefect_login import BadCredential, ensure_credentials
    from classifier.category_tree import bring_tree
    from engine.audit.upgrade import upgrade_store
    from engine.commands.complete_parties import complete_parties
    from engine.create_store import create_store
    from engine.duplicates.fingerprints import catch_up
    from engine.duplicates.similar import RECENTLY

    if simulated != (at is not None):
        raise Refused("simulated_needs_at")
    upgraded = upgrade_store(cli.settings, system_now())
    new = create_store(cli.settings, system_now(), instant(at) if at else None)
    if not new:  # a store of an earlier release
        catch_up(cli.store, cli.store.now(), RECENTLY)
        bring_tree(cli.store)
        complete_parties(cli.store, cli.store.now())
    try:
        ensure_credentials(cli.settings.where)
    except BadCredential as bad:
        raise Refused("bad_prefect_login", problem=str(bad)) from None
    home = str(cli.settings.where)
    document: dict[str, Any] = {"home": home, "new": new, "simulated": simulated, "now": cli.store.now()}
    shown = [cli.translate("made" if new else "there_already", home=home)]
    if upgraded is not None:
        document["upgraded"] = asdict(upgraded)
        shown.insert(0, cli.translate("upgraded", **asdict(upgraded)))
    cli.give(document, *shown)


def status(json: Json = False) -> int:
    """The health of database, driver, Prefect server, worker, REST API and schedules; exit 2 if one is red."""
    from apps.status import check_health

    health = check_health(cli.settings, cli.store)
    rows = [(cli.translate(f"status.{part.part}"), "✓" if part.ok else "✗", part.text(cli.locale)) for part in health]
    document: dict[str, Any] = {
        "ok": all(part.ok for part in health),
        "parts": {part.part: part.document() for part in health},
    }
    cli.give(document, table(cli.translate("status.title"), ("", "", ""), rows))
    return 0 if document["ok"] else 2


def diagram(kind: str, json: Json = False) -> None:
    """Draw a lifecycle as a Mermaid state diagram."""
    text = mermaid(lifecycle_of(kind))
    if cli.as_json:
        cli.give({"kind": kind, "mermaid": text})
    else:
        typer.echo(text, nl=False)
