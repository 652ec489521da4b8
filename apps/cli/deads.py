"""Commands about dead letters: dead list, dead retry, dead drop."""

import typer

from apps.cli.door import Json, door, table
from engine.deliveries import drop, revive
from flows.figures import dead as dead_letters

dead = typer.Typer(help="Deliveries that were given up after their last try.", no_args_is_help=True)


@dead.command("list")
def list_(json: Json = False) -> None:
    """The dead deliveries, oldest case first."""
    with door.store.looking() as tx:
        found = dead_letters(tx)
    rows = [(one.number, one.seq, one.reaction, one.error) for one in found]
    document = {"dead": [{"case": n, "seq": s, "reaction": r, "error": e} for n, s, r, e in rows]}
    heads = tuple(door.say(f"column.{name}") for name in ("case", "seq", "reaction", "error"))
    door.give(document, table(door.say("dead_title", count=len(rows)), heads, rows))


@dead.command()
def retry(case: str, seq: int, reaction: str, json: Json = False) -> None:
    """Give a dead delivery its tries back."""
    revive(door.store, case, seq, reaction, door.store.now())
    door.give({"case": case, "seq": seq, "reaction": reaction, "status": "waiting"}, door.say("dead_revived"))


@dead.command("drop")
def drop_(case: str, seq: int, reaction: str, json: Json = False) -> None:
    """Give a dead delivery up for good."""
    drop(door.store, case, seq, reaction, door.store.now())
    door.give({"case": case, "seq": seq, "reaction": reaction, "status": "done"}, door.say("dead_dropped"))
