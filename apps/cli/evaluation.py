"""The command that shows the evaluation report of a period."""

import typer

from apps.cli.context import As, Json, cli, instant
from apps.cli.indicators import AsOf, PeriodName
from apps.evaluation_documents import evaluation_document
from apps.page import Page
from apps.principal_evaluation import evaluation_seen
from reports.evaluation_report_text import render


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluation)


def evaluation(period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """The evaluation report of a period: figures beside the period before, causes by numbers, improvement plans."""
    now = cli.store.now()
    then = now if as_of is None else instant(as_of)
    report = evaluation_seen(cli.store, cli.principal(as_), period, then, now)
    cli.give(evaluation_document(report), Page(render(report, cli.locale)))
