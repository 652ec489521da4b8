"""Commands over the mailboxes from which contacts come in: mailbox list, fetch."""

from collections import Counter

import typer

from apps.cli.context import Json, cli, table
from apps.mailbox_health import mailboxes
from apps.mailboxes import visit
from flows.mail_intake import Outcome
from statemachines.refused import Refused

mailbox = typer.Typer(no_args_is_help=True)


@mailbox.command("list")
def list_(json: Json = False) -> None:
    """The mailboxes of the file mailboxes.toml in the home."""
    boxes = mailboxes(cli.settings.where, cli.locale)
    rows = [(box.name, box.user, f"{box.host}:{box.port}", box.kind, box.pack, box.channel.value) for box in boxes]
    names = ("name", "user", "server", "kind", "pack", "channel")
    columns = [cli.translate(f"mailbox.column.{name}") for name in names]
    documents = [box.model_dump(mode="json", exclude={"password_file"}) for box in boxes]
    shown = table(cli.translate("mailbox.title"), columns, rows) if rows else cli.translate("mailbox.none")
    cli.give({"mailboxes": documents}, shown)


@mailbox.command()
def fetch(json: Json = False) -> None:
    """Take in now what waits in each mailbox; a driver does so every half minute."""
    ended = Counter[Outcome]()
    store = cli.store
    for box in mailboxes(cli.settings.where, cli.locale):
        try:
            ended += visit(cli.settings, store, box).ended
        except OSError as error:
            raise Refused("mailbox_away", mailbox=box.name, host=box.host, reason=str(error)[:200]) from None
    document = {outcome.value: ended[outcome] for outcome in Outcome}
    cli.give({"mails": ended.total(), **document}, cli.translate("mailbox.fetched", mails=ended.total(), **document))
