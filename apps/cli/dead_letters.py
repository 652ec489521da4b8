"""Commands of administrators over deliveries that were given up: dead list, retry and drop."""

from typing import Annotated

import typer

from apps.cli.context import Json, cli, table
from apps.cli.number_options import whole_argument
from engine.outbox.dead_letters import drop, revive, revive_all
from engine.timers.parking import parked, release, release_all
from locales.translation import translate
from reports.run_figures import dead as dead_letters
from statemachines.refused import Refused

dead = typer.Typer(no_args_is_help=True)


@dead.command("list")
def list_dead(json: Json = False) -> None:
    """The dead deliveries and the parked cases, oldest case first."""
    with cli.store.looking() as tx:
        letters, cases = dead_letters(tx), parked(tx)
    rows = [(letter.number, letter.seq, letter.reaction, letter.error) for letter in letters]
    document = {
        "dead": [{"case": n, "seq": s, "reaction": r, "error": e} for n, s, r, e in rows],
        "parked": [
            {"case": case.number, "work": case.work, "reason": case.reason, "tries": case.tries} for case in cases
        ],
    }
    tables = [table(cli.translate("dead_title", count=len(rows)), _columns("case", "seq", "reaction", "error"), rows)]
    if cases:
        rows = [(case.number, translate(cli.locale, f"parked.{case.work}"), case.reason) for case in cases]
        title = cli.translate("parked_title", count=len(rows))
        tables.append(table(title, _columns("case", "reaction", "reason"), rows))
    cli.give(document, *tables)


@dead.command()
def retry(
    case: Annotated[str | None, typer.Argument()] = None,
    seq: Annotated[int | None, whole_argument(least=1)] = None,
    reaction: Annotated[str | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    json: Json = False,
) -> None:
    """Give a dead delivery its tries back, or release a parked case; or all of them."""
    if everything or case is None:
        _retry_all(everything, case)
        return
    if seq is None:
        release(cli.store, case)
        cli.give({"case": case, "status": "released"}, cli.translate("parked_released"))
        return
    if reaction is None:
        raise Refused("not_dead", number=case, seq=seq, reaction="–")
    revive(cli.store, case, seq, reaction, cli.working_time())
    cli.give({"case": case, "seq": seq, "reaction": reaction, "status": "waiting"}, cli.translate("dead_revived"))


def _retry_all(everything: bool, case: str | None) -> None:
    if not everything or case is not None:
        raise Refused("one_or_all")
    revived, released = revive_all(cli.store, cli.working_time()), release_all(cli.store)
    text = cli.translate("all_retried", revived=revived, released=released)
    cli.give({"revived": revived, "released": released}, text)


@dead.command("drop")
def drop_dead(case: str, seq: Annotated[int, whole_argument(least=1)], reaction: str, json: Json = False) -> None:
    """Give a dead delivery up for good."""
    drop(cli.store, case, seq, reaction, cli.working_time())
    cli.give({"case": case, "seq": seq, "reaction": reaction, "status": "done"}, cli.translate("dead_dropped"))


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in names)
