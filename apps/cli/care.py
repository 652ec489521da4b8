"""Commands about greetings (D3): care answer, figures, list."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from apps.cli.context import As, Json, cli, table
from apps.cli.indicators import PeriodName
from apps.cli.surveys import BEGINNING, Since, Until, midnight
from apps.greeting_documents import care_figures_document, greetings_document
from apps.principal_care import care_figures_seen, greetings_seen, words_of_greetings
from engine.care.consent import ConsentAnswer, ConsentSource, record_consent
from locales.translation import when
from reports.care import CareFigures
from reports.greeting_list import GreetingOutcome
from reports.greeting_text import COLUMNS, LISTED, GreetingWords, figure_row, greeting_row

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
    words = words_of_greetings(cli.store, cli.locale, cli.store.now())
    document = {"since": begin, "until": end, **care_figures_document(found)}
    cli.give(document, _figures(found, words), _totals(found))


@care.command("list")
def list_(
    period: PeriodName = None,
    outcome: Annotated[GreetingOutcome | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """The greetings of a month, quarter or year one by one: who was greeted, who was not and why, and who withdrew."""
    at = cli.store.now()
    seen = greetings_seen(cli.store, cli.principal(as_), period, outcome, at)
    words = words_of_greetings(cli.store, cli.locale, at)
    rows = [greeting_row(line, words) for line in seen.greetings]
    withdrawals = [
        (each.number or "–", words.text(f"source.{each.source}"), when(each.at)) for each in seen.withdrawals
    ]
    cli.give(
        greetings_document(seen),
        table(words.text("listed", period=seen.period.name), [words.text(f"column.{name}") for name in LISTED], rows),
        table(
            words.text("withdrawals"), [words.text(f"column.{name}") for name in ("case", "source", "at")], withdrawals
        ),
        _totals(seen.total),
    )


def _figures(found: CareFigures, words: GreetingWords) -> Any:
    columns = [words.text(f"column.{name}") for name in COLUMNS]
    return table(words.text("title"), columns, [figure_row(each, words) for each in found.occasions])


def _totals(found: CareFigures) -> str:
    return cli.translate("care.totals", agreed=found.agreed, withdrawn=found.withdrawn, opt_outs=found.opt_outs)
