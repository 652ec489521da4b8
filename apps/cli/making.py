"""Commands that make a store and look after it: init, status, diagram."""

from typing import Annotated

import typer

from apps.cli.door import Json, door, instant, table
from engine.clock import system_now
from statemachines.diagram import mermaid
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

At = Annotated[str | None, typer.Option(help="Where the simulated clock begins: ISO 8601 with offset.")]


def join(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command()(init)
    app.command()(status)
    app.command()(diagram)


def init(simulated: bool = False, at: At = None, json: Json = False) -> None:
    """Make a store here: real, or simulated with a clock that only `run-until` moves."""
    from engine.founding import found
    from engine.moves.fingerprints import catch_up
    from engine.moves.similar import RECENTLY

    if simulated != (at is not None):
        raise Refused("simulated_needs_at")
    new = found(door.settings, system_now(), instant(at) if at else None)
    if not new:  # a store of an earlier release
        catch_up(door.store, door.store.now(), RECENTLY)
    home = str(door.settings.where)
    document = {"home": home, "new": new, "simulated": simulated, "now": door.store.now()}
    door.give(document, door.say("made" if new else "there_already", home=home))


def status(json: Json = False) -> None:
    """The health of database, driver, Prefect server, worker and schedules."""
    from apps.status import look_around

    health = look_around(door.settings, door.store)
    rows = [(door.say(f"status.{one.part}"), "✓" if one.ok else "✗", one.text(door.locale)) for one in health]
    document = {"ok": all(one.ok for one in health), "parts": {one.part: one.document() for one in health}}
    door.give(document, table(door.say("status.title"), ("", "", ""), rows))


def diagram(kind: str, json: Json = False) -> None:
    """Draw a lifecycle as a Mermaid state diagram."""
    text = mermaid(lifecycle_of(kind))
    if door.as_json:
        door.give({"kind": kind, "mermaid": text})
    else:
        typer.echo(text, nl=False)
