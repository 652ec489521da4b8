"""Commands about what was given up: dead list, dead retry, dead drop."""

from typing import Annotated

import typer

from apps.cli.door import Json, door, table
from engine.clocks.parking import parked, release, release_all
from engine.outbox.dead_letters import drop, revive, revive_all
from flows.reports.figures import dead as dead_letters
from flows.wording import say
from statemachines.refused import Refused

dead = typer.Typer(help="Deliveries that were given up after their last try.", no_args_is_help=True)


@dead.command("list")
def list_(json: Json = False) -> None:
    """The dead deliveries and the parked cases, oldest case first."""
    with door.store.looking() as tx:
        found, stuck = dead_letters(tx), parked(tx)
    rows = [(one.number, one.seq, one.reaction, one.error) for one in found]
    waiting = [(one.number, one.work, one.reason) for one in stuck]
    document = {
        "dead": [{"case": n, "seq": s, "reaction": r, "error": e} for n, s, r, e in rows],
        "parked": [{"case": one.number, "work": one.work, "reason": one.reason, "tries": one.tries} for one in stuck],
    }
    shown = [table(door.say("dead_title", count=len(rows)), _heads("case", "seq", "reaction", "error"), rows)]
    if waiting:
        told = [(number, say(door.locale, f"parked.{work}"), reason) for number, work, reason in waiting]
        shown.append(table(door.say("parked_title", count=len(told)), _heads("case", "reaction", "reason"), told))
    door.give(document, *shown)


def _heads(*names: str) -> tuple[str, ...]:
    return tuple(door.say(f"column.{name}") for name in names)


@dead.command()
def retry(
    case: Annotated[str | None, typer.Argument(help="The case; or none and --all.")] = None,
    seq: Annotated[
        int | None, typer.Argument(help="The delivery's step; without it a parked case is released.")
    ] = None,
    reaction: Annotated[str | None, typer.Argument(help="The delivery's reaction.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is dead or parked, as after an outage.")] = False,
    json: Json = False,
) -> None:
    """Give a dead delivery its tries back, or release a parked case; or all of them."""
    if everything or case is None:
        _retry_all(everything, case)
        return
    if seq is None:
        release(door.store, case)
        door.give({"case": case, "status": "released"}, door.say("parked_released"))
        return
    if reaction is None:
        raise Refused("not_dead", number=case, seq=seq, reaction="–")
    revive(door.store, case, seq, reaction, door.store.now())
    door.give({"case": case, "seq": seq, "reaction": reaction, "status": "waiting"}, door.say("dead_revived"))


def _retry_all(everything: bool, case: str | None) -> None:
    if not everything or case is not None:
        raise Refused("one_or_all")
    revived, released = revive_all(door.store, door.store.now()), release_all(door.store)
    words = door.say("all_retried", revived=revived, released=released)
    door.give({"revived": revived, "released": released}, words)


@dead.command("drop")
def drop_(case: str, seq: int, reaction: str, json: Json = False) -> None:
    """Give a dead delivery up for good."""
    drop(door.store, case, seq, reaction, door.store.now())
    door.give({"case": case, "seq": seq, "reaction": reaction, "status": "done"}, door.say("dead_dropped"))
