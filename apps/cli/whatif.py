"""The command that says what other rules would have done to the clocks of the past: whatif."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli, instant, local, table
from apps.cli.private_files import write_private
from apps.cli.text_files import read_file
from apps.principal_whatif import Asked, Reckoning, RuleText, changed_seen, reckoning, whatif_seen
from apps.whatif_documents import whatif_document
from engine.audit.export_access import Taken, record_export
from gateways.formula_cells import as_cell
from gateways.writing.figure_book import FigureSheet, figure_book
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports.whatif.whatif_text import (
    WhatIfTable,
    changed_row,
    changed_table,
    clause_table,
    load_table,
    remarks,
    sentences,
)
from statemachines.refused import Refused

Packs = Annotated[list[str] | None, typer.Argument(metavar="[PACK]...")]
CalendarName = Annotated[str | None, typer.Option("--calendar")]
Since = Annotated[str | None, typer.Option()]
Until = Annotated[str | None, typer.Option()]
KindName = Annotated[str | None, typer.Option("--kind")]
Of = Annotated[str | None, typer.Option("--of")]
Out = Annotated[Path | None, typer.Option()]
MOST = 100_000
"""The most clocks in a workbook, which is made in memory."""
MOST_PROCESSES = 4
"""So many processes read the record at most; each needs some 100 MB."""
WEEKS_SHOWN = 40
"""The most rows of the load by week that a terminal shows."""


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("whatif")(whatif)


def whatif(
    packs: Packs = None, calendar: CalendarName = None, since: Since = None, until: Until = None, kind: KindName = None,
    of: Of = None, out: Out = None, encoding: FileEncoding = None, as_: As = None, json: Json = False,
) -> None:  # fmt: skip
    """What another pack or calendar would have done to the promises of the past; nothing is written."""
    store, now = cli.store, cli.store.now()
    _check_format(out)
    span = (None if text is None else instant(text) for text in (since, until))
    calendar_text = None if calendar is None else _rule_text(calendar)
    asked = Asked([_rule_text(pack) for pack in packs or ()], calendar_text, *span, kind=kind, of=of)
    principal = cli.principal(as_)
    chosen = reckoning(store, principal, asked, now)
    if out is not None:
        _export(chosen, out, principal.actor.handle)
    cores = len(os.sched_getaffinity(0))
    results = whatif_seen(store, chosen, now, reader_zone(), processes=min(cores, MOST_PROCESSES))
    shown: list[Any] = [text for result in results for text in sentences(result, cli.locale)]
    shown.append(_shown(clause_table(results, cli.locale)))
    for result in results:
        load = load_table(result, cli.locale, only_changed=True)
        if result.first:
            shown.append(_shown(changed_table(result.first, cli.locale, _when)))
        if load.rows:
            shown.append(_shown(load._replace(rows=load.rows[-WEEKS_SHOWN:])))
        shown += remarks(result, cli.locale)
    document = whatif_document(results, now)
    if out is not None:
        document["file"] = str(out)
        shown.append(cli.translate("whatif.exported", file=out, count=results[0].changed))
    cli.give(document, *shown)


def _rule_text(name: str) -> RuleText:
    """Return rules by name, or the text of a file where the name is that of a TOML file."""
    return RuleText(name, read_file(Path(name))) if name.endswith(".toml") else RuleText(name)


def _shown(wanted: WhatIfTable) -> Any:
    return table(wanted.title, wanted.heads, wanted.rows)


def _when(at: int) -> str:
    return local(from_micros(at))


def _check_format(out: Path | None) -> None:
    if out is not None and out.suffix.lower() not in {".csv", ".xlsx"}:
        raise Refused("whatif_format", file=out.name[:40])


def _export(chosen: Reckoning, out: Path, handle: str) -> None:
    """Write every changed clock under the first pack to a file, and record that it was taken."""
    now, kind, since = cli.store.now(), chosen.chosen.kind or "", chosen.chosen.since
    format_ = out.suffix.lower().removeprefix(".")
    taken = Taken(format_, handle, kind, 0 if since is None else to_micros(since), reason=chosen.others[0].name)
    record_export(cli.store, taken, now)
    clocks = changed_seen(cli.store, chosen, now)
    rows = (changed_row(clock, cli.locale, lambda at: from_micros(at).isoformat()) for clock in clocks)
    heads = changed_table((), cli.locale, _when).heads
    write_private(out, _csv(heads, rows) if format_ == "csv" else _book(heads, rows))


def _csv(heads: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([as_cell(str(cell)) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _book(heads: list[str], rows: Iterable[tuple[Any, ...]]) -> bytes:
    """Return the workbook. Raises ``Refused('whatif_too_long')``."""
    listed: list[tuple[Any, ...]] = []
    for row in rows:
        if len(listed) == MOST:
            raise Refused("whatif_too_long", most=MOST)
        listed.append(row)
    return figure_book([FigureSheet(cli.translate("whatif.sheet"), heads, listed)])
