"""The command with which an administrator hands a one-time code to somebody who cannot be reached by mail."""

from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, local
from engine.commands.one_time_codes import issue_by_hand


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(code)


def code(
    for_: Annotated[str, typer.Option("--for")],
    as_: As = None,
    json: Json = False,
) -> None:
    """A one-time code for one act of somebody; only an administrator makes it."""
    made = issue_by_hand(cli.store, for_, cli.actor(as_), cli.working_time())
    text = cli.translate("actor.code", handle=made.handle, code=made.code, until=local(made.until))
    cli.give({"handle": made.handle, "code": made.code, "until": made.until}, text)
