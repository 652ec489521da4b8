"""Commands about trainings: training plan, certificates (J1, J2). A training itself is a case: ``case open``."""

from dataclasses import asdict
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, local, table
from apps.cli.number_options import whole_option
from apps.principal_trainings import certificates_seen, plan_seen
from locales.translation import label, translate

training = typer.Typer(no_args_is_help=True)

Year = Annotated[int | None, whole_option(least=2000, most=2199)]
COUNTS = ("enrolled", "attended", "passed", "certified", "retests", "judged", "lasting")


@training.command()
def plan(year: Year = None, as_: As = None, json: Json = False) -> None:
    """The courses of a year's plan: who was to take them, and what came of it."""
    now = cli.store.now()
    chosen = year or now.year
    found = plan_seen(cli.store, cli.principal(as_), chosen, now)
    rows = [
        (each.course, _department(each.department), *(str(getattr(each, name)) for name in COUNTS)) for each in found
    ]
    document = {"year": chosen, "courses": [asdict(each) for each in found]}
    columns = [_text(name) for name in ("course", "department", *COUNTS)]
    cli.give(document, table(_text("plan", year=chosen), columns, rows))


@training.command()
def certificates(as_: As = None, json: Json = False) -> None:
    """Who holds which certificate until when, the first to end first."""
    found = certificates_seen(cli.store, cli.principal(as_), cli.store.now())
    rows = [
        (
            each.trainee or "–",
            each.course,
            "–" if each.ends_at is None else local(each.ends_at),
            label(cli.locale, "training", "state", each.state),
            each.number,
        )
        for each in found
    ]
    document = {"certificates": [asdict(each) for each in found]}
    columns = [_text(name) for name in ("trainee", "course", "ends_at", "state", "case")]
    cli.give(document, table(_text("certificates"), columns, rows))


def _department(code: str | None) -> str:
    return label(cli.locale, "", "department", code) if code else "–"


def _text(name: str, **params: object) -> str:
    return translate(cli.locale, f"staff_matters.{name}", **params)
