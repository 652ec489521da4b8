"""The command that imports contacts from a file: import."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import FileEncoding, Json, cli
from apps.cli.problem_text import note_lines, notes_document, problem_text
from engine.commands.arrivals import Source, record, take_due
from gateways.contact_mapping import ContactMapping
from gateways.contacts import Check, check, contacts
from gateways.mapping_file import BadMapping, load_mapping
from statemachines.lifecycle import Refused

MappingFile = Annotated[Path | None, typer.Option("--mapping", help="Says which column is which; FILE.toml if absent.")]
KeepGood = Annotated[bool, typer.Option("--keep-good", help="Take the good rows of a bad file.")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_)


def import_(
    file: Path,
    mapping: MappingFile = None,
    keep_good: KeepGood = False,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Take contacts in from a CSV, XLSX or JSONL file: all of it, or nothing."""
    columns = _mapping(file, mapping)
    checked = check(file, columns)
    if not checked.accepted and not (keep_good and checked.contacts):
        raise Refused("bad_file", file=file.name, count=checked.problem_count, problems=_problems(checked))
    source = Source(columns.source.name, columns.source.kind, columns.source.pack)
    recorded = record(cli.store, source, contacts(file, columns), keep_good=keep_good)
    opened = 0
    while arrived := take_due(cli.store, cli.store.now()):
        opened += len(arrived)
    document = {
        "file": file.name,
        "rows": checked.rows,
        "contacts": checked.contacts,
        "replies": checked.replies,
        "new": recorded.new,
        "known": recorded.known,
        "conflicts": recorded.conflicts,
        "duplicates": checked.duplicates,
        "refused": checked.problem_count,
        "taken": opened,
        **notes_document(checked.notes, checked.note_count),
        "problems": _problems(checked),
    }
    text = cli.translate("imported" if recorded.new else "nothing_new", **document)
    cli.give(document, text, *note_lines(checked.notes, checked.note_count), *document["problems"])


def _mapping(file: Path, given: Path | None) -> ContactMapping:
    path = given or file.with_suffix(".toml")
    if given is None and not path.exists():
        raise Refused("no_mapping", file=file.name, expected=path.name)
    try:
        mapping = load_mapping(path, ContactMapping)
    except BadMapping as error:
        problems = [problem_text(problem) for problem in error.problems]
        raise Refused("bad_mapping", file=path.name, problems=problems) from None
    return mapping.in_encoding(cli.encoding) if cli.encoding else mapping


def _problems(checked: Check) -> list[str]:
    shown = [problem_text(problem) for problem in checked.problems]
    more = checked.problem_count - len(shown)
    return [*shown, cli.translate("more_problems", count=more)] if more > 0 else shown
