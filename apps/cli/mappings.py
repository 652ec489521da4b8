"""Commands about the mappings of other systems' logs: mapping suggest, check."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import FileEncoding, Json, cli, local
from apps.cli.event_logs import mapping_of
from apps.cli.problem_text import note_lines, notes_document, problem_text
from apps.cli.targets import check_target
from apps.safe_console import write_out
from engine.commands.open_case import OPEN, Opened
from engine.rules.policy import names
from gateways.logs.draft.column_guess import ChosenColumns, UnknownColumn
from gateways.logs.draft.toml_draft import draft_of
from gateways.logs.events import events
from gateways.logs.mapping import BLANK, LogMapping, Named
from gateways.problems import BadCell, Notes, Problem, Unreadable
from locales.translation import translate
from models.log_event import LogEvent
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

mapping = typer.Typer(no_args_is_help=True)

Out = Annotated[Path | None, typer.Option("--out")]
WordColumns = Annotated[str | None, typer.Option("--word")]
CaseColumn = Annotated[str | None, typer.Option("--case")]
TimeColumn = Annotated[str | None, typer.Option("--at")]
HEAD_LINES = 3
"""The first lines of a draft: what it is of, whether it can be used, where to look."""
LISTED = 20
"""The most words and faults that are listed; all are counted."""


@mapping.command()
def suggest(
    log: Path,
    out: Out = None,
    word: WordColumns = None,
    case: CaseColumn = None,
    at: TimeColumn = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Draft a mapping from a log: its columns, its times, its words, with a remark on each guess."""
    check_target(out)
    words, notes = tuple(filter(None, (name.strip() for name in (word or "").split(",")))), Notes()
    try:
        chosen = ChosenColumns(case or "", words, at or "")
        text, usable = draft_of(log, partial(translate, cli.locale), chosen, cli.encoding, notes.add)
    except Unreadable as error:
        raise _refused(log, error) from None
    except UnknownColumn as error:
        raise Refused("unknown_column", file=log.name, column=error.column, known=", ".join(error.known)) from None
    text = _with_notes(text, notes)
    document = {"log": log.name, "mapping": text, "usable": usable, **notes_document(notes.kept, notes.count)}
    if out is None:
        cli.give(document) if cli.as_json else write_out(text)
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise Refused("log_exists", file=str(out)) from None
    except OSError as error:
        raise Refused("cannot_write", file=out.name, why=str(error.strerror)) from None
    noted = note_lines(notes.kept, notes.count)
    cli.give({"file": str(out), **document}, *noted, _translate("drafted", file=out, log=log))


def _with_notes(text: str, notes: Notes) -> str:
    """Return a draft with the remarks on its log as comments below its head."""
    *head, body = text.split("\n", HEAD_LINES)
    noted = [f"# {' '.join(line.split())}" for line in note_lines(notes.kept, notes.count)]
    return "\n".join([*head, *noted, body])


@mapping.command()
def check(
    mapping: Path,
    log: Annotated[Path | None, typer.Argument()] = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Check a mapping by itself, and against a log: what its words become, and what has no place in it."""
    log_mapping = mapping_of(log or mapping, mapping)
    if problems := list(_faults(mapping, log_mapping)):
        raise Refused("bad_log_mapping", file=mapping.name, problems=problems)
    document: dict[str, Any] = {
        "mapping": mapping.name,
        "kind": log_mapping.source.kind,
        "pack": log_mapping.source.pack,
        **{table: len(getattr(log_mapping, table)) for table in ("moves", "states", "ignored")},
    }
    shown = [_translate("sound", file=mapping.name, **document)]
    if log is not None:
        summary = _summarise(log, log_mapping)
        notes = summary.notes
        document["log"] = {**summary.document(log.name), **notes_document(notes.kept, notes.count)}
        shown += [*note_lines(notes.kept, notes.count), *_lines(log, summary)]
    cli.give(document, *shown)


def _faults(path: Path, mapping: LogMapping) -> Iterator[str]:
    """Yield what is wrong: an unknown pack, and fields that no form has."""
    if mapping.source.pack not in names():
        yield _problem("unknown_pack", file=path.name, value=mapping.source.pack, known=", ".join(names()))
    table = lifecycle_of(mapping.source.kind)
    for named in mapping.named():
        fields = _fields(table, named)
        for wrong in sorted({*named.fields} - fields):
            yield _problem(
                "unknown_field", file=path.name, value=wrong, key=f"{named.key}.form", near=", ".join(sorted(fields))
            )


def _fields(table: Lifecycle, named: Named) -> set[str]:
    """Return the fields that the form of a move may have."""
    if named.sort == "state":
        return set()
    form = Opened if named.name == OPEN else table.rows[named.name][0].form
    return {*form.model_fields} if named.fields else set()


@dataclass(slots=True)
class _LogSummary:
    """The contents of a log as read by its mapping."""

    events: int = 0
    untimed: int = 0
    cases: set[int] = field(default_factory=set[int])
    steps: Counter[str] = field(default_factory=Counter[str])
    unknown: Counter[str] = field(default_factory=Counter[str])
    used: set[str] = field(default_factory=set[str])
    unused: list[str] = field(default_factory=list[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    rules: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, str] = field(default_factory=dict[str, str])
    notes: Notes = field(default_factory=Notes)
    first: datetime | None = None
    last: datetime | None = None

    def document(self, name: str) -> dict[str, Any]:
        """Return the summary for programs."""
        counted = ("steps", "unknown", "faults", "rules")
        plain = {"file": name, "events": self.events, "cases": len(self.cases), "untimed": self.untimed}
        spans = {"first": self.first, "last": self.last, "unused": self.unused}
        return plain | spans | {name: dict(getattr(self, name)) for name in counted}


def _summarise(log: Path, mapping: LogMapping) -> _LogSummary:
    """Read the whole log. Raises ``Refused('bad_log')``."""
    summary = _LogSummary()
    try:
        for event in events(log, mapping, summary.notes.add):
            summary.events += 1
            _count(summary, event, mapping)
    except Unreadable as error:
        raise _refused(log, error) from None
    mapped = (word for table in (mapping.moves, mapping.states, mapping.ignored) for word in table)
    summary.unused = sorted(word for word in mapped if word not in summary.used)
    return summary


def _count(summary: _LogSummary, event: LogEvent | Problem, mapping: LogMapping) -> None:
    if isinstance(event, Problem):
        summary.faults[translate(cli.locale, event.code, **event.params)] += 1
        return
    summary.cases.add(hash(event.case))
    summary.used.add(event.word)
    if event.at is None:
        summary.untimed += 1
    else:
        summary.first = event.at if summary.first is None else min(summary.first, event.at)
        summary.last = event.at if summary.last is None else max(summary.last, event.at)
    for rule in event.flags:
        summary.rules[rule] += 1
        summary.examples.setdefault(rule, event.case)
    try:
        step = mapping.step(event)
    except BadCell as flaw:
        summary.faults[translate(cli.locale, flaw.code, **flaw.params)] += 1
        return
    if step.unknown:
        summary.unknown[step.unknown] += 1
    else:
        summary.steps[step.move or step.state or "ignored"] += 1


def _lines(log: Path, summary: _LogSummary) -> list[str]:
    sizes = {"events": summary.events, "cases": len(summary.cases), "untimed": summary.untimed}
    times = {"first": local(summary.first), "last": local(summary.last)}
    counts = {"unknown": summary.unknown.total(), "faulty": summary.faults.total()}
    lines = [_translate("unknown_word", word=word, count=count) for word, count in summary.unknown.most_common()]
    lines += [_translate("unused_word", word=word) for word in summary.unused if word != BLANK]
    lines += [_translate("faults", text=text, count=count) for text, count in summary.faults.most_common()]
    lines += [
        _translate("contradictions", rule=rule, count=count, example=summary.examples[rule])
        for rule, count in summary.rules.most_common()
    ]
    more = [_translate("more", count=len(lines) - LISTED)] if len(lines) > LISTED else []
    return [_translate("read", log=log.name, **sizes, **times, **counts), *lines[:LISTED], *more]


def _refused(log: Path, error: Unreadable) -> Refused:
    return Refused("bad_log", file=log.name, problems=list(map(problem_text, error.problems)))


def _problem(code: str, **params: Any) -> str:
    return translate(cli.locale, f"bad_mapping.{code}", **params)


def _translate(key: str, **params: Any) -> str:
    return cli.translate(f"mapping.{key}", **params)
