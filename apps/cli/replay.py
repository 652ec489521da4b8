"""The command that replays another system's history: replay."""

import json as encoder
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import FileEncoding, Json, cli
from apps.cli.event_logs import buffer_events, mapping_of
from apps.cli.problem_text import note_lines, notes_document
from apps.cli.progress import progress_bar
from apps.cli.targets import check_target
from apps.page import Page
from engine.replay.event_buffer import EventBuffer
from engine.replay.replay import ReplayLog, replay
from engine.replay.session import ReplayOptions
from engine.rules.in_force import rules_of
from gateways.problems import Notes
from models.columns import to_micros
from reports.conformance import gather
from reports.conformance_figures import Conformance, SlaComparison
from reports.conformance_text import document, picture, render
from reports.judged_promises import moves_of_log
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

MappingFile = Annotated[Path | None, typer.Option("--mapping")]
Bridge = Annotated[bool, typer.Option("--bridge")]
Pack = Annotated[str | None, typer.Option("--pack")]
Report = Annotated[Path | None, typer.Option("--report")]
Picture = Annotated[Path | None, typer.Option("--picture")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("replay")(replay_)


def replay_(
    log: Path,
    mapping: MappingFile = None,
    bridge: Bridge = False,
    pack: Pack = None,
    report: Report = None,
    picture: Picture = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Take another system's history in, event by event, and say how it fits our lifecycle."""
    check_target(report)
    check_target(picture)
    log_mapping = mapping_of(log, mapping)
    store, at = cli.store, cli.working_time()
    options = ReplayOptions(bridge, cli.translate("replay.wordless"), log_mapping.newest_first)
    rules_of(store).pack(pack or log_mapping.source.pack, to_micros(at))
    source = ReplayLog(log_mapping.source.name, log_mapping.source.kind, pack or log_mapping.source.pack, options)
    notes = Notes()
    with EventBuffer(store.home) as buffer:
        with progress_bar(cli.translate("replay.reading"), None) as show_read:
            buffer_events(log, log_mapping, buffer, show_read, notes.add)
        with progress_bar(cli.translate("replay.living"), buffer.events) as show_replayed:
            replay(store, buffer, source, at, show_replayed)
        strays = buffer.strays()
    table = lifecycle_of(source.kind)
    named = list(log_mapping.named())
    moves, states = ([each.name for each in named if each.sort == sort] for sort in ("move", "state"))
    sla = SlaComparison(log_mapping.sla.clause or "") if log_mapping.sla else None
    empty = Conformance(source.source, table.kind, source.pack, bridge, sla=sla)
    conformance = gather(store, table, empty, strays, moves_of_log(table, moves, states))
    whole = {**document(conformance), **notes_document(notes.kept, notes.count)}
    _write(conformance, whole, report, picture)
    cli.give(whole, *note_lines(notes.kept, notes.count), Page(render(conformance, cli.locale, drawn=False)))


def _write(conformance: Conformance, whole: dict[str, Any], report: Path | None, drawn: Path | None) -> None:
    """Write the requested files. Raises ``Refused('cannot_write')``."""
    texts: dict[Path, str] = {}
    if report is not None:
        is_json = report.suffix.lower() == ".json"
        texts[report] = (
            encoder.dumps(whole, ensure_ascii=False, indent=2) + "\n" if is_json else render(conformance, cli.locale)
        )
    if drawn is not None:
        plain = picture(conformance, cli.locale)
        texts[drawn] = f"```mermaid\n{plain}```\n" if drawn.suffix.lower() == ".md" else plain
    for path, text in texts.items():
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise Refused("cannot_write", file=path.name, why=str(error.strerror)) from None
