"""Commands of administrators over deliveries that were given up: dead list, retry and drop."""

from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, table
from apps.cli.number_options import whole_argument
from engine.access.principal import Principal
from engine.outbox.dead_letters import DeadLetter, drop_dead, release_parked, retry_all, retry_dead
from engine.timers.parking import parked
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
    reason: Annotated[str, typer.Option()] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Give a dead delivery its tries back, or release a parked case; or all of them."""
    if everything != (case is None):
        raise Refused("one_or_all")
    principal = cli.principal(cli.actor(as_))
    if case is None:
        _retry_all(principal)
        return
    if seq is None:
        release_parked(cli.store, principal, case, reason, cli.working_time())
        cli.give({"case": case, "status": "released"}, cli.translate("parked_released"))
        return
    if reaction is None:
        raise Refused("not_dead", number=case, seq=seq, reaction="–")
    retry_dead(cli.store, principal, DeadLetter(case, seq, reaction), cli.working_time())
    cli.give({"case": case, "seq": seq, "reaction": reaction, "status": "waiting"}, cli.translate("dead_revived"))


def _retry_all(principal: Principal) -> None:
    retried = retry_all(cli.store, principal, cli.working_time())
    text = cli.translate("all_retried", revived=retried.revived, released=retried.released)
    cli.give({"revived": retried.revived, "released": retried.released}, text)


@dead.command("drop")
def drop_one(
    case: str,
    seq: Annotated[int, whole_argument(least=1)],
    reaction: str,
    reason: Annotated[str, typer.Option()] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    """Give a dead delivery up for good, and say why."""
    principal = cli.principal(cli.actor(as_))
    drop_dead(cli.store, principal, DeadLetter(case, seq, reaction), reason, cli.working_time())
    cli.give({"case": case, "seq": seq, "reaction": reaction, "status": "done"}, cli.translate("dead_dropped"))


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in names)
