"""The command that shows a ledger: recoveries."""

from dataclasses import asdict

import typer

from apps.cli.context import Json, cli, table
from locales.translation import label
from reports.linked_cases import RecoveryClaim, recovery_claims
from statemachines.recovery import RECOVERY

COLUMNS = ("number", "complaint", "claimed", "recovered", "written_off", "outstanding", "state")


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(recoveries)


def recoveries(json: Json = False) -> None:
    """What is claimed back because of complaints, and what has come in of it."""
    found = recovery_claims(cli.store)
    document = {"recoveries": [{**asdict(entry), "outstanding": entry.outstanding} for entry in found]}
    if not found:
        cli.give(document, cli.translate("recoveries.none"))
        return
    heads = tuple(cli.translate(f"recoveries.{name}") for name in COLUMNS)
    cli.give(document, table(cli.translate("recoveries.title"), heads, map(_row, found)))


def _row(entry: RecoveryClaim) -> tuple[str | None, ...]:
    amounts = (entry.claimed, entry.recovered, entry.written_off, entry.outstanding)
    state = label(cli.locale, RECOVERY.kind, "state", entry.state)
    return entry.number, entry.complaint, *map(_yuan, amounts), state


def _yuan(fen: int) -> str:
    """An amount of fen as people read it: 123456 is 1,234.56."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan:,}.{rest:02}"
