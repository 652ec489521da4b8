"""Commands about the mappings of other systems' logs: mapping suggest, check."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli, local
from apps.cli.problem_text import problem_text
from apps.cli.replay_log import mapped
from engine.commands.open_case import OPEN, Opened
from engine.rules.policy import names
from gateways.logs.draft.toml_draft import suggest as drafted
from gateways.logs.events import events
from gateways.logs.mapping import BLANK, LogMapping, Named
from gateways.problems import BadCell, Problem, Unreadable
from locales.translation import translate
from models.log_event import LogEvent
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

mapping = typer.Typer(
    help="Mappings 映射: what the columns and words of another system's log mean.", no_args_is_help=True
)

Out = Annotated[Path | None, typer.Option("--out", help="The file to write; without it the draft is shown.")]
LISTED = 20
"""So many words and faults are listed; all are counted."""


@mapping.command()
def suggest(log: Path, out: Out = None, json: Json = False) -> None:
    """Draft a mapping from a log: its columns, its times, its words, with a remark on each guess."""
    try:
        text = drafted(log, partial(translate, cli.locale))
    except Unreadable as error:
        raise _refused(log, error) from None
    if out is None:
        cli.give({"log": log.name, "mapping": text}) if cli.as_json else typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise Refused("log_exists", file=str(out)) from None
    except OSError as error:
        raise Refused("cannot_write", file=out.name, why=str(error.strerror)) from None
    document = {"log": log.name, "file": str(out), "mapping": text}
    cli.give(document, _translate("drafted", file=out, log=log))


@mapping.command()
def check(mapping: Path, log: Annotated[Path | None, typer.Argument()] = None, json: Json = False) -> None:
    """Check a mapping by itself, and against a log: what its words become, and what has no place in it."""
    read = mapped(log or mapping, mapping)
    if problems := list(_misfits(mapping, read)):
        raise Refused("bad_log_mapping", file=mapping.name, problems=problems)
    document: dict[str, Any] = {
        "mapping": mapping.name,
        "kind": read.source.kind,
        "pack": read.source.pack,
        **{table: len(getattr(read, table)) for table in ("moves", "states", "ignored")},
    }
    shown = [_translate("sound", file=mapping.name, **document)]
    if log is not None:
        found = _read(log, read)
        document["log"] = found.document(log.name)
        shown += _shown(log, found)
    cli.give(document, *shown)


def _misfits(path: Path, read: LogMapping) -> Iterator[str]:
    """A pack that nobody knows, and fields that no form has."""
    if read.source.pack not in names():
        yield _problem("unknown_pack", file=path.name, value=read.source.pack, known=", ".join(names()))
    table = lifecycle_of(read.source.kind)
    for named in read.named():
        fields = _fields(table, named)
        for wrong in sorted({*named.fields} - fields):
            yield _problem(
                "unknown_field", file=path.name, value=wrong, key=f"{named.key}.form", near=", ".join(sorted(fields))
            )


def _fields(table: Lifecycle, named: Named) -> set[str]:
    """What may stand in the form of a move; of a word with several moves, what any of them asks for."""
    if named.sort == "state":
        return set()
    form = Opened if named.name == OPEN else table.rows[named.name][0].form
    return {*form.model_fields} if named.fields else set()


@dataclass(slots=True)
class _Found:
    """What a log holds, seen through its mapping."""

    events: int = 0
    untimed: int = 0
    cases: set[int] = field(default_factory=set[int])
    steps: Counter[str] = field(default_factory=Counter[str])
    unknown: Counter[str] = field(default_factory=Counter[str])
    seen: set[str] = field(default_factory=set[str])
    unused: list[str] = field(default_factory=list[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    rules: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, str] = field(default_factory=dict[str, str])
    first: datetime | None = None
    last: datetime | None = None

    def document(self, name: str) -> dict[str, Any]:
        """For programs."""
        counted = ("steps", "unknown", "faults", "rules")
        plain = {"file": name, "events": self.events, "cases": len(self.cases), "untimed": self.untimed}
        spans = {"first": self.first, "last": self.last, "unused": self.unused}
        return plain | spans | {name: dict(getattr(self, name)) for name in counted}


def _read(log: Path, read: LogMapping) -> _Found:
    """The whole log. Raises ``Refused('bad_log')``."""
    found = _Found()
    try:
        for event in events(log, read):
            found.events += 1
            _count(found, event, read)
    except Unreadable as error:
        raise _refused(log, error) from None
    words = (word for table in (read.moves, read.states, read.ignored) for word in table)
    found.unused = sorted(word for word in words if word not in found.seen)
    return found


def _count(found: _Found, event: LogEvent | Problem, read: LogMapping) -> None:
    if isinstance(event, Problem):
        found.faults[translate(cli.locale, event.code, **event.params)] += 1
        return
    found.cases.add(hash(event.case))
    found.seen.add(event.word)
    if event.at is None:
        found.untimed += 1
    else:
        found.first = event.at if found.first is None else min(found.first, event.at)
        found.last = event.at if found.last is None else max(found.last, event.at)
    for rule in event.flags:
        found.rules[rule] += 1
        found.examples.setdefault(rule, event.case)
    try:
        step = read.step(event)
    except BadCell as flaw:
        found.faults[translate(cli.locale, flaw.code, **flaw.params)] += 1
        return
    if step.unknown:
        found.unknown[step.unknown] += 1
    else:
        found.steps[step.move or step.state or "ignored"] += 1


def _shown(log: Path, found: _Found) -> list[str]:
    told = {"events": found.events, "cases": len(found.cases), "untimed": found.untimed}
    times = {"first": local(found.first), "last": local(found.last)}
    counts = {"unknown": found.unknown.total(), "faulty": found.faults.total()}
    lines = [_translate("unknown_word", word=word, count=count) for word, count in found.unknown.most_common()]
    lines += [_translate("unused_word", word=word) for word in found.unused if word != BLANK]
    lines += [_translate("faults", text=text, count=count) for text, count in found.faults.most_common()]
    lines += [
        _translate("contradictions", rule=rule, count=count, example=found.examples[rule])
        for rule, count in found.rules.most_common()
    ]
    more = [_translate("more", count=len(lines) - LISTED)] if len(lines) > LISTED else []
    return [_translate("read", log=log.name, **told, **times, **counts), *lines[:LISTED], *more]


def _refused(log: Path, error: Unreadable) -> Refused:
    problems = [problem_text(problem) for problem in error.problems]
    return Refused("bad_log", file=log.name, problems=problems)


def _problem(code: str, **params: Any) -> str:
    return translate(cli.locale, f"bad_mapping.{code}", **params)


def _translate(key: str, **params: Any) -> str:
    return cli.translate(f"mapping.{key}", **params)
