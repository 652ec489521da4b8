"""Commands that keep running: drive, up, and the demo that ends by itself."""

import asyncio
from typing import Annotated

import typer

from apps.cli.door import Json, door

Port = Annotated[int, typer.Option(help="Where the Prefect server and its UI listen, on 127.0.0.1.")]


def join(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command()(drive)
    app.command()(up)
    app.command()(demo)


def drive(json: Json = False) -> None:
    """Drive this store until Ctrl-C: deliver moments, fire clocks, make calls."""
    from apps.up import drive_here

    door.err.print(door.say("driving", home=str(door.settings.where)))
    asyncio.run(drive_here(door.settings))
    door.give({"stopped": True}, door.say("stopped"))


def up(prefect_port: Port = 4200, json: Json = False) -> None:
    """The whole system: Prefect server and UI, worker, nights, driver. Ctrl-C ends all of it."""
    from apps.up import bring_up

    bring_up(door.settings, prefect_port, lambda key, **params: door.err.print(door.say(key, **params)))
    door.give({"stopped": True}, door.say("stopped"))


def demo(json: Json = False) -> None:
    """The main job in miniature: sixty contacts, a simulated fortnight, a real Prefect server."""
    from apps.demo import show

    document, shown = show(door.locale, quiet=door.as_json)
    door.give(document, *shown)
