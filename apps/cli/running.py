"""Commands that keep running: drive, up, and the demo that ends by itself."""

import asyncio
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli

Port = Annotated[int, typer.Option(help="Where the Prefect server and its UI listen, on 127.0.0.1.")]


def join(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command()(drive)
    app.command()(up)
    app.command()(demo)


def drive(json: Json = False) -> None:
    """Drive this store until Ctrl-C: deliver moments, fire clocks, make calls."""
    from apps.up import drive_here

    cli.err.print(cli.translate("driving", home=str(cli.settings.where)))
    asyncio.run(drive_here(cli.settings, _tell))
    cli.give({"stopped": True}, cli.translate("stopped"))


def up(prefect_port: Port = 4200, json: Json = False) -> None:
    """The whole system: Prefect server and UI, worker, nights, driver. Ctrl-C ends all of it."""
    from apps.up import bring_up

    bring_up(cli.settings, prefect_port, _tell)
    cli.give({"stopped": True}, cli.translate("stopped"))


def _tell(key: str, **params: Any) -> None:
    cli.err.print(cli.translate(key, **params))


def demo(json: Json = False) -> None:
    """The main job in miniature: sixty contacts, a simulated fortnight, a real Prefect server."""
    from apps.demo import show

    document, shown = show(cli.locale, quiet=cli.as_json)
    cli.give(document, *shown)
