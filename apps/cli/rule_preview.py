"""The answer of the commands that say what a file of rules would do to the open cases, before it is published."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apps.cli.context import cli, local, table
from apps.cli.text_files import read_file
from apps.principal_rule_preview import preview_of_text
from apps.rule_preview_documents import preview_document
from engine.rules.in_force import Sort
from locales.translation import label, translate
from reports.rule_preview import RulePreview

EVERY_CASE: Final = 2**31
COUNTED = ("earlier", "later", "started", "ended", "paused")


def give_preview(sort: Sort, file: Path, begins: datetime | None, as_: str | None) -> None:
    """Answer which deadlines the rules of a file would move; nothing is written."""
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
