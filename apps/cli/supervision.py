"""Commands of supervision: audit completeness, evaluation, publish."""

from pathlib import Path

import typer

from apps.cli.context import As, FileEncoding, Json, cli, instant
from apps.cli.current_rules import publish_file
from apps.cli.indicators import AsOf, Effective, PeriodName, Why
from apps.page import Page
from apps.principal_supervision import evaluation_supervision_seen, record_audit_seen
from apps.record_audit_documents import record_audit_document, supervision_document
from engine.rules.in_force import Sort
from reports.evaluation_supervision_text import render as render_supervision
from reports.record_audit_text import render

audit = typer.Typer(no_args_is_help=True)


@audit.command()
def completeness(period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """Which records of the cases closed in a period are whole, what the others lack, and in which cases."""
    now = cli.store.now()
    then = now if as_of is None else instant(as_of)
    seen = record_audit_seen(cli.store, cli.principal(as_), period, then, now)
    cli.give(record_audit_document(seen), Page(render(seen.audit, seen.findings, cli.locale)))


@audit.command()
def evaluation(period: PeriodName = None, as_of: AsOf = None, as_: As = None, json: Json = False) -> None:
    """What casts doubt on the evaluation of a period: who did which part, whom nobody asked, late changes."""
    now = cli.store.now()
    then = now if as_of is None else instant(as_of)
    seen = evaluation_supervision_seen(cli.store, cli.principal(as_), period, then, now)
    cli.give(supervision_document(seen), Page(render_supervision(seen, cli.locale)))


@audit.command()
def publish(
    file: Path, reason: Why, effective_from: Effective, as_: As = None, encoding: FileEncoding = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Publish a checklist of records from a file: only the evaluation group does, with a date from which it judges."""
    publish_file(Sort.RECORD, file, reason, effective_from, as_)
