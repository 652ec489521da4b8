"""Commands that take in what came from outside: import, import-bounces."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import FileEncoding, Json, cli
from apps.cli.problem_text import note_lines, notes_document, problem_text
from engine.commands.arrivals import Source, record, take_due
from engine.commands.follow_up import follow_up_fault
from engine.outbox.bounces import BounceOutcome, record_bounce
from engine.rules.in_force import rules_of
from gateways.bounces import MailSort, mail_reports
from gateways.contact_mapping import ContactMapping
from gateways.contacts import Check, check, contacts
from gateways.mapping_file import BadMapping, load_mapping
from gateways.regular_files import is_regular
from models.columns import to_micros
from models.telephone_numbers import HOME_REGION
from statemachines.lifecycle import Refused

MappingFile = Annotated[Path | None, typer.Option("--mapping")]
KeepGood = Annotated[bool, typer.Option("--keep-good")]


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("import")(import_)
    app.command("import-bounces")(import_bounces)


def import_(
    file: Path,
    mapping: MappingFile = None,
    keep_good: KeepGood = False,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Take contacts in from a CSV, XLSX or JSONL file: all of it, or nothing."""
    columns = _mapping(file, mapping)
    case_fault = cache(_case_fault)
    checked = check(file, columns, _region(columns.source.pack), case_fault)
    if not checked.accepted and not (keep_good and checked.contacts):
        raise Refused("bad_file", file=file.name, count=checked.problem_count, problems=_problems(checked))
    source = Source(columns.source.name, columns.source.kind, columns.source.pack)
    recorded = record(cli.store, source, contacts(file, columns, case_fault), keep_good=keep_good)
    opened = 0
    while arrived := take_due(cli.store, cli.working_time()):
        opened += len(arrived)
    document = {
        "file": file.name,
        "rows": checked.rows,
        "contacts": checked.contacts,
        "replies": checked.replies,
        "follow_ups": checked.follow_ups,
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


def _region(pack: str) -> str:
    """Return the region of a pack; that of an unknown one is refused when the first contact is opened."""
    try:
        return rules_of(cli.store).pack(pack, to_micros(cli.store.now())).region
    except Refused:
        return HOME_REGION


def import_bounces(path: Path, json: Json = False) -> None:
    """Read mails that came back (.eml, mbox or a folder): the promises that they had met are open again."""
    store, at = cli.store, cli.working_time()
    counts: Counter[str] = Counter()
    try:
        for report in mail_reports(path):
            bounced = report.sort is MailSort.BOUNCE
            counts[record_bounce(store, report.key, report.addresses, at) if bounced else report.sort] += 1
    except OSError:
        raise Refused("unreadable_body", file=str(path)) from None
    sorts = [*BounceOutcome, *(sort for sort in MailSort if sort is not MailSort.BOUNCE)]
    document = {"mails": counts.total(), **{sort.value: counts[sort] for sort in sorts}}
    cli.give(document, cli.translate("bounces", path=path.name, **document))


def _case_fault(number: str) -> str:
    """Return why no contact can follow up the case; empty if one can."""
    with cli.store.looking() as tx:
        return follow_up_fault(tx, number)


def _mapping(file: Path, given: Path | None) -> ContactMapping:
    path = given or Path(file.parent, f"{file.stem}.toml")
    if given is None and not is_regular(path):
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
