"""Commands about the rules: policy list, check, show, publish, interpret."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from apps.cli.context import DONE, REFUSED, As, Json, cli, instant, local, table
from apps.cli.rules_here import Here, edition_told, effective, give_published, here, text_of
from engine.rules.in_force import Sort
from engine.rules.interpretations import InterpretationRow
from engine.rules.interpretations import interpret as record
from engine.rules.limits import Limit
from engine.rules.policy import Pack, names, parsed
from engine.rules.policy import pack as pack_of_file
from engine.rules.policy_gaps import Gap, Reason, agreed, asked, asked_bounds, gaps
from engine.rules.publishing import EditionRow
from engine.rules.publishing import publish as publish_text
from locales.translation import label, translate
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

policy = typer.Typer(help="Policy packs 时限规则包: what is promised, and from which document.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="[PACK]", help="One pack; without it all of them.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 2 if there is anything to name.")]
At = Annotated[str | None, typer.Option(help="As it stands at another instant: ISO 8601 with offset.")]
Effective = Annotated[
    str | None, typer.Option("--effective", help="From when on: a day where the pack lives, or an instant.")
]
Why = Annotated[str, typer.Option(help="Why it is published.")]
Said = Annotated[str, typer.Option("--text", help="How the clause is read.")]


@policy.command("list")
def list_(json: Json = False) -> None:
    """The packs in force, their versions and the documents they come from."""
    packs = list(_packs(here()))
    rows = [(one.name, one.version, one.document, since or _words("no_date")) for one, since in packs]
    keys = ("name", "version", "document", "effective_from")
    told = [dict(zip(keys, (one.name, one.version, one.document, since), strict=True)) for one, since in packs]
    document = {"packs": told}
    cli.give(document, table(_words("title"), _heads("pack", "version", "document", "effective_from"), rows))


def _packs(where: Here) -> Iterator[tuple[Pack, date | None]]:
    """The packs in force, and the day each took force; one whose first edition is still to come is none."""
    for name in where.rules.names(Sort.PACK):
        edition = where.rules.in_force(Sort.PACK, name, where.now)
        if edition is not None:
            found = where.rules.pack(name, where.now)
            yield found, from_micros(edition.effective_from).astimezone(ZoneInfo(found.zone)).date()
        elif name in names():
            yield pack_of_file(name), pack_of_file(name).effective_from


@policy.command()
def check(name: Name = None, strict: Strict = False, json: Json = False) -> int:
    """Name every limit that is blank or contradictory, and every clause that nobody asks for."""
    where, tables = here(), lifecycles().values()
    packs = [where.rules.pack(name, where.now)] if name else [one for one, _ in _packs(where)]
    found = [
        gap
        for one in packs
        for gap in gaps(one, asked(tables), _today(one, where.at), agreed(tables), asked_bounds(tables))
    ]
    editions = [one.edition for one in packs]
    document = {"ok": not found, "packs": editions, "places": [_told(gap) for gap in found]}
    cli.give(document, *_shown(editions, found))
    return REFUSED if strict and found else DONE


@policy.command()
def show(pack: str, at: At = None, json: Json = False) -> None:
    """What a pack says, its published editions, and how its clauses are read."""
    where = here()
    read = where.rules.pack(pack, to_micros(instant(at)) if at else where.now)
    editions, readings = where.editions(Sort.PACK, pack), where.interpretations(pack)
    document = {
        "pack": read.model_dump(),
        "editions": [edition_told(one) for one in editions],
        "interpretations": [_reading(one) for one in readings],
    }
    rows = [(clause, _limit(limit), limit.calendar, limit.source) for clause, limit in read.clauses.items()]
    rows += [(clause, _words("unpromised"), "", why) for clause, why in read.unpromised.items()]
    rows += [(name, f"{one.amount or '–'} {one.of}", "", one.source) for name, one in read.bounds.items()]
    shown = [table(f"{read.edition} · {read.document}", _heads("clause", "limit", "calendar", "source"), rows)]
    cli.give(document, *shown, *_history(editions), *_readings(readings))


def _limit(limit: Limit) -> str:
    if limit.contradicts is not None:
        return _words("reason.contradictory")
    if limit.blank:
        return _words("reason.blank")
    return f"{limit.amount} {translate(cli.locale, f'unit.{limit.unit}')}"


def _history(editions: list[EditionRow]) -> Iterator[Any]:
    if editions:
        heads = _heads("version", "effective_from", "published", "actor", "reason")
        rows = [
            (one.version, _when(one.effective_from), _when(one.published_at), one.published_by, one.reason)
            for one in editions
        ]
        yield table(_words("editions_title"), heads, rows)


def _readings(readings: list[InterpretationRow]) -> Iterator[Any]:
    if readings:
        rows = [(one.clause, one.content, one.recorded_by, _when(one.recorded_at)) for one in readings]
        yield table(_words("readings_title"), _heads("clause", "said", "actor", "occurred"), rows)


def _reading(one: InterpretationRow) -> dict[str, Any]:
    at = from_micros(one.recorded_at)
    return {"clause": one.clause, "text": one.content, "recorded_by": one.recorded_by, "recorded_at": at}


def _when(micros: int) -> str:
    return local(from_micros(micros))


@policy.command()
def publish(file: Path, reason: Why, effective_from: Effective = None, as_: As = None, json: Json = False) -> None:
    """Publish a pack from a file: only the evaluation group does, with a date from which it is in force."""
    store, by = cli.store, cli.actor(as_)
    at, text = store.now(), text_of(file)
    read = parsed(text, file.name)
    since = effective_from or (read.effective_from and read.effective_from.isoformat())
    if not since:
        raise Refused("no_effective_date", name=read.name)
    give_published(publish_text(store, Sort.PACK, text, by, at, effective(since, read.zone), reason, file.name))


@policy.command()
def interpret(pack: str, clause: str, text: Said, as_: As = None, json: Json = False) -> None:
    """Record how the evaluation group reads a clause of a pack."""
    store, by = cli.store, cli.actor(as_)
    recorded = record(store, pack, clause, text, by, store.now())
    document = {"pack": pack, **_reading(recorded)}
    cli.give(document, _words("interpreted", pack=pack, clause=clause))


def _today(one: Pack, now: datetime) -> Any:
    return now.astimezone(ZoneInfo(one.zone)).date()


def _told(gap: Gap) -> dict[str, Any]:
    return {
        "pack": gap.pack.name,
        "version": gap.pack.version,
        "clause": gap.clause,
        "traits": gap.traits,
        "source": gap.source or _words("not_in_document"),
        "contradicts": gap.contradicts,
        "effective_from": gap.pack.effective_from,
        "reason": gap.reason,
        "text": _words(f"reason.{gap.reason}"),
        "remedy": _words(f"remedy.{gap.reason}"),
    }


def _shown(editions: Iterable[str], found: list[Gap]) -> Iterable[Any]:
    """The places, and under them each remedy once."""
    spoken = ", ".join(editions)
    if not found:
        return [_words("all_set", packs=spoken)]
    rows = [(gap.pack.name, _clause(gap), _words(f"reason.{gap.reason}"), _source(gap)) for gap in found]
    reasons = dict.fromkeys(gap.reason for gap in found)
    remedies = [_remedy(reason) for reason in reasons]
    heads = _heads("pack", "clause", "reason", "source")
    return [
        table(_words("places_title"), heads, rows),
        *remedies,
        _words("places_found", packs=spoken, count=len(found)),
    ]


def _remedy(reason: Reason) -> str:
    return _words("what_to_do", reason=_words(f"reason.{reason}"), remedy=_words(f"remedy.{reason}"))


def _clause(gap: Gap) -> str | None:
    """The clause as it stands in the file, and the traits of the override that is meant."""
    if gap.clause is None:
        return None if gap.pack.effective_from is None else gap.pack.effective_from.isoformat()
    traits = ", ".join(label(cli.locale, "", trait, value) for trait, value in gap.traits.items())
    return f"{gap.clause} ({traits})" if traits else gap.clause


def _source(gap: Gap) -> str:
    source = gap.source or _words("not_in_document")
    return source if gap.contradicts is None else _words("but", source=source, contradicts=gap.contradicts)


def _heads(*columns: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in columns)


def _words(key: str, **params: Any) -> str:
    return cli.translate(f"policy.{key}", **params)
