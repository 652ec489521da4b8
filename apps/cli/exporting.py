"""The command that exports histories for other programs: export."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, instant
from apps.cli.private_files import opened
from engine.audit.export_access import Taken, record_export, require_whole_log
from gateways.writing.formats import BINARY, FORMATS
from models.columns import to_micros
from reports.event_log_objects import log_of
from reports.event_log_queries import CaseFilter, usual_pack
from reports.pseudonymisation import Pseudonymisation
from reports.replay_mapping import replay_mapping
from statemachines.kinds import lifecycles
from statemachines.refused import Refused


class Format(StrEnum):
    XES = "xes"
    CSV = "csv"
    OCEL2 = "ocel2"
    XLSX = "xlsx"
    JSONL = "jsonl"


FormatName = Annotated[Format, typer.Option("--format")]
Since = Annotated[str | None, typer.Option()]
KindName = Annotated[str, typer.Option()]
Out = Annotated[Path | None, typer.Option()]
MappingOut = Annotated[Path | None, typer.Option("--mapping")]
Whole = Annotated[bool, typer.Option("--whole")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(export)


def export(
    format_: FormatName,
    since: Since = None,
    kind: KindName = "",
    out: Out = None,
    mapping: MappingOut = None,
    whole: Whole = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Histories as a standard log, people under pseudonyms: XES, CSV, OCEL 2.0, XLSX or JSONL."""
    selection = CaseFilter(_kind(kind), 0 if since is None else max(to_micros(instant(since)), 0))
    linked = format_ is Format.OCEL2
    _check_target(format_, out)
    if mapping is not None:
        _write_mapping(mapping, selection, linked=linked)
    if whole:
        handle = cli.actor(as_)
        now = cli.store.now()
        require_whole_log(cli.store, handle, now)
        record_export(cli.store, Taken(format_, handle, selection.kind, selection.since), now)
    pseudonymisation = Pseudonymisation(cli.store.secret, whole)
    with opened(out) as target, cli.store.looking() as tx:
        log, totals = log_of(tx, pseudonymisation, selection, linked=linked)
        FORMATS[format_](target, log)
    if out is not None:
        document = {"file": str(out), "format": format_, "cases": totals.cases, "events": totals.moves, "whole": whole}
        cli.give(document, cli.translate("exported", file=out, cases=totals.cases, events=totals.moves))


def _kind(name: str) -> str:
    """Return a known kind. Raises ``Refused('unknown_kind')``."""
    if name and name not in lifecycles():
        raise Refused("unknown_kind", kind=name[:40], known=sorted(lifecycles()))
    return name


def _check_target(format_: Format, out: Path | None) -> None:
    """Refuse two documents on standard output, and a binary one on a terminal."""
    if out is None and cli.as_json:
        raise Refused("export_needs_out", format=format_)
    if out is None and format_ in BINARY and sys.stdout.isatty():
        raise Refused("export_binary", format=format_)


def _write_mapping(file: Path, selection: CaseFilter, *, linked: bool) -> None:
    """Write the mapping with which another store replays the log. Raises ``Refused('export_mapping_kind')``."""
    if not selection.kind:
        raise Refused("export_mapping_kind", known=sorted(lifecycles()))
    with cli.store.looking() as tx:
        text = replay_mapping(selection.kind, usual_pack(tx, selection), linked=linked)
    with opened(file) as target:
        target.write(text.encode())
