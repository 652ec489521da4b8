"""Commands about greetings (D3): care answer, figures."""

from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, table
from apps.cli.surveys import BEGINNING, Since, Until, midnight
from apps.principal_care import care_figures_seen
from engine.care.consent import ConsentAnswer, ConsentSource, record_consent

care = typer.Typer(no_args_is_help=True)


class Says(StrEnum):
    """What a customer says of greetings."""

    AGREES = "agrees"
    WITHDRAWS = "withdraws"


@care.command()
def answer(
    number: str,
    says: Annotated[Says, typer.Option()],
    source: Annotated[ConsentSource, typer.Option()],
    birthday: Annotated[str | None, typer.Option(metavar="MM-DD")] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Record whether the customer of a case agrees to greetings, as he told you. For the desk."""
    principal, agrees = cli.principal(cli.actor(as_)), says is Says.AGREES
    record_consent(cli.store, principal, number, ConsentAnswer(agrees, birthday), source, cli.working_time())
    document = {"case": number, "agrees": agrees, "source": source.value}
    cli.give(document, cli.translate(f"care.{'agreed' if agrees else 'withdrew'}", number=number))


@care.command()
def figures(since: Since = None, until: Until = None, as_: As = None, json: Json = False) -> None:
    """The greetings of a period: sent, waiting, withheld and why; and how many customers agree or have withdrawn."""
    begin = BEGINNING if since is None else midnight(since)
    end = cli.store.now() + timedelta.resolution if until is None else midnight(until, 1)
    found = care_figures_seen(cli.store, cli.principal(as_), begin, end)
    rows = [
        (
            each.occasion,
            str(each.sent),
            str(each.waiting),
            ", ".join(f"{cli.translate(f'care.reason.{reason}')}: {n}" for reason, n in sorted(each.withheld.items()))
            or "–",
        )
        for each in found.occasions
    ]
    columns = [cli.translate(f"care.column.{name}") for name in ("occasion", "sent", "waiting", "withheld")]
    totals = {name: getattr(found, name) for name in ("agreed", "withdrawn", "opt_outs")}
    occasions = [{**asdict(each), "withheld": dict(each.withheld)} for each in found.occasions]
    document = {"since": begin, "until": end, **totals, "occasions": occasions}
    cli.give(document, table(cli.translate("care.title"), columns, rows), cli.translate("care.totals", **totals))
