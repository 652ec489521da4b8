"""The command that shows a ledger: recoveries."""

from dataclasses import asdict

import typer

from apps.cli.door import Json, door, table
from flows.reports.recovery_ledger import Entry, ledger
from flows.wording import label
from statemachines.recovery import RECOVERY

COLUMNS = ("number", "complaint", "claimed", "recovered", "written_off", "outstanding", "state")


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(recoveries)


def recoveries(json: Json = False) -> None:
    """What is claimed back because of complaints, and what has come in of it."""
    found = ledger(door.store)
    document = {"recoveries": [{**asdict(entry), "outstanding": entry.outstanding} for entry in found]}
    if not found:
        door.give(document, door.say("recoveries.none"))
        return
    heads = tuple(door.say(f"recoveries.{name}") for name in COLUMNS)
    door.give(document, table(door.say("recoveries.title"), heads, map(_row, found)))


def _row(entry: Entry) -> tuple[str | None, ...]:
    amounts = (entry.claimed, entry.recovered, entry.written_off, entry.outstanding)
    state = label(door.locale, RECOVERY.kind, "state", entry.state)
    return entry.number, entry.complaint, *map(_yuan, amounts), state


def _yuan(fen: int) -> str:
    """An amount of fen as people read it: 123456 is 1,234.56."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan:,}.{rest:02}"
