"""Commands about what will probably break: forecast train, evaluate, show, list (K1)."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import As, Json, cli, local, table
from apps.cli.number_options import whole_option
from locales.translation import label, translate
from models.columns import from_micros

if TYPE_CHECKING:
    from apps.principal_forecast import Forecasts

forecast = typer.Typer(no_args_is_help=True)

Limit = Annotated[int, whole_option(least=1, most=10_000)]
CaseNumber = Annotated[str | None, typer.Option("--case")]
COLUMNS = ("case", "clause", "department", "due", "probability", "ends", "reasons")


@forecast.command()
def train(json: Json = False) -> None:
    """Learn from the promises of the past, judge what was learned, and use it if it is good enough."""
    from apps.page import Page  # Markdown: `case clocks` shows forecasts without it
    from forecast.forecast_text import training_page
    from forecast.training import train as train_now

    trained = train_now(cli.store, cli.store.now())
    cli.give(trained.document(), Page(training_page(trained, cli.locale)))


@forecast.command()
def evaluate(json: Json = False) -> None:
    """How good forecasts of the promises of the past would have been; nothing is kept."""
    from apps.page import Page
    from forecast.forecast_text import training_page
    from forecast.training import judge

    judged = judge(cli.store, cli.store.now())
    cli.give(judged.document(), Page(training_page(judged, cli.locale)))


@forecast.command()
def show(json: Json = False) -> None:
    """The model in use and how good it is, or why nothing is forecast."""
    from forecast.training import in_use

    used = in_use(cli.store.home)
    about = {} if used.newest is None else dict(used.newest.about)
    document = {"used": used.model is not None, "why": used.why or None, "model": about or None}
    broken = [list(each) for each in used.broken]
    cli.give({**document, "broken": broken}, *_shown(used))


def _shown(used: Any) -> Iterator[Any]:
    from apps.page import Page
    from forecast.forecast_text import scores_table, why_empty

    if used.model is None:
        yield why_empty(used, cli.locale)
    if used.newest is not None:
        about = used.newest.about
        if used.model is not None:
            yield _text(
                "model",
                version=used.model.version,
                at=local(datetime.fromisoformat(about["at"])),
                timers=about["timers"],
            )
        yield Page("\n".join(scores_table(about["scores"], cli.locale)) + "\n")
    for name, reason in used.broken:
        yield translate(
            cli.locale, "classifier.broken", file=name, why=translate(cli.locale, f"classifier.why.{reason}")
        )


@forecast.command("list")
def list_(limit: Limit = 20, case_: CaseNumber = None, as_: As = None, json: Json = False) -> None:
    """The open promises that will most probably break, the likeliest first, with the reasons."""
    from apps.forecast_documents import forecasts_document
    from apps.principal_forecast import forecasts_of_case, forecasts_seen

    now, principal = cli.store.now(), cli.principal(as_)
    if case_ is None:
        found = forecasts_seen(cli.store, principal, now, limit)
    else:
        found = forecasts_of_case(cli.store, case_, now)
    cli.give(forecasts_document(found, cli.locale), *forecast_parts(found))


def forecast_parts(found: "Forecasts") -> Iterator[Any]:
    """Yield the table of forecasts and how many it leaves out, or why there are none."""
    from forecast.forecast_text import why_empty

    if found.used.model is None:
        yield why_empty(found.used, cli.locale)
    elif not found.listed:
        yield _text("none")
    else:
        heads = [_text(f"column.{name}") for name in COLUMNS]
        yield table(_text("list", at=local(found.at)), heads, map(_row, found.listed))
        if found.count > len(found.listed):
            yield _text("more", count=found.count - len(found.listed))


def _row(found: Any) -> tuple[str, ...]:
    from forecast.forecast_text import probability_text, reasons_text

    timer = found.forecast.timer
    return (
        timer.number,
        label(cli.locale, timer.kind, "clause", timer.clause),
        label(cli.locale, "", "department", timer.department) if timer.department else "–",
        local(from_micros(timer.due_at)),
        probability_text(found.forecast.probability),
        local(from_micros(found.forecast.ends_at)),
        reasons_text(found.reasons, timer.situation, cli.locale),
    )


def _text(name: str, **params: object) -> str:
    return translate(cli.locale, f"forecast.{name}", **params)
