"""The commands that say what a file of rules would do to the open cases: policy preview and calendar preview."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from apps.cli.context import As, FileEncoding, Json, cli, local, table
from apps.cli.current_rules import effective
from apps.cli.text_files import read_file
from apps.principal_rule_preview import preview_of_text
from apps.rule_preview_documents import preview_document
from engine.rules.in_force import Sort
from engine.rules.policy import parsed
from locales.translation import label, translate
from reports.rule_preview import RulePreview

Effective = Annotated[str | None, typer.Option("--effective")]
EVERY_CASE: Final = 2**31
COUNTED = ("earlier", "later", "started", "ended", "paused")


def preview_pack(
    file: Path, effective_from: Effective = None, encoding: FileEncoding = None, as_: As = None, json: Json = False
) -> None:
    """Which deadlines of open cases a pack from a file would move; nothing is published."""
    begins: datetime | None = None
    if effective_from is not None:
        begins = effective(effective_from, parsed(read_file(file), file.name).zone, cli.store.now())
    _preview(Sort.PACK, file, begins, as_)


def preview_calendar(file: Path, encoding: FileEncoding = None, as_: As = None, json: Json = False) -> None:
    """Which deadlines of open cases a calendar from a file would move; nothing is published."""
    _preview(Sort.CALENDAR, file, None, as_)


def _preview(sort: Sort, file: Path, begins: datetime | None, as_: str | None) -> None:
    principal = cli.principal(as_)
    at = cli.store.now()
    proposed, preview = preview_of_text(
        cli.store, principal, sort, read_file(file), file.name, at, begins, EVERY_CASE
    )  # fmt: skip
    cli.give(preview_document(proposed, preview), *_shown(preview))


def _shown(preview: RulePreview) -> Iterator[Any]:
    counts = {"reckoned": preview.reckoned, "touched": preview.touched}
    yield f"{_text('reckoned', at=local(preview.begins), **counts)} {_text('nothing_written')}"
    if preview.failed:
        yield _text("failed", count=preview.failed)
    if not preview.by_clause:
        yield _text("none_moves")
        return
    rows = [
        (label(cli.locale, "", "kind", kind), label(cli.locale, kind, "clause", clause), *map(counts.get, COUNTED))
        for kind, clause, counts in preview.by_clause
    ]
    heads = (cli.translate("column.kind"), _text("clause"), *(_text(f"moves_{each}") for each in COUNTED))
    yield table(_text("by_clause"), heads, rows)
    moved = [
        (move.number, label(cli.locale, move.kind, "clause", move.clause), _when(move.before), _when(move.after),
         _text(f"moves_{move.sort}"))
        for move in preview.largest
    ]  # fmt: skip
    if moved:
        yield table(_text("largest"), tuple(map(_text, ("case", "clause", "before", "after", "change"))), moved)


def _when(at: datetime | None) -> str:
    return "–" if at is None else local(at)


def _text(key: str, **params: Any) -> str:
    return translate(cli.locale, f"console.rules.{key}", **params)
