"""Commands about the rules: policy list, check, show, preview, publish, interpret."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from apps.cli.context import DONE, REFUSED, As, FileEncoding, Json, cli, instant, local, table
from apps.cli.current_rules import CurrentRules, current_rules, edition_document, effective, give_published
from apps.cli.pack_settings import settings_of
from apps.cli.rule_preview import preview_pack
from apps.cli.text_files import read_file
from apps.variable_views import yuan
from engine.rules.editions import EditionRow
from engine.rules.in_force import Sort
from engine.rules.interpretations import InterpretationRow
from engine.rules.interpretations import interpret as record
from engine.rules.limits import Limit
from engine.rules.pack_sections import Bound
from engine.rules.policy import Pack, names, parsed
from engine.rules.policy import pack as pack_of_file
from engine.rules.policy_gaps import Gap, GapReason, agreed, asked, asked_bounds, gaps
from engine.rules.publishing import publish as publish_text
from locales.translation import label, translate
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

policy = typer.Typer(no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="[PACK]")]
Strict = Annotated[bool, typer.Option("--strict")]
At = Annotated[str | None, typer.Option()]
Effective = Annotated[str | None, typer.Option("--effective")]
Why = Annotated[str, typer.Option()]
ReadingText = Annotated[str, typer.Option("--text")]


@policy.command("list")
def list_(json: Json = False) -> None:
    """The packs in force, their versions and the documents they come from."""
    packs = list(_packs(current_rules()))
    rows = [(pack.name, pack.version, pack.document, since or _text("no_date")) for pack, since in packs]
    keys = ("name", "version", "document", "effective_from")
    values = ((pack.name, pack.version, pack.document, since) for pack, since in packs)
    document = {"packs": [dict(zip(keys, each, strict=True)) for each in values]}
    cli.give(document, table(_text("title"), _columns("pack", "version", "document", "effective_from"), rows))


def _packs(current: CurrentRules) -> Iterator[tuple[Pack, date | None]]:
    """Yield the packs in force and the effective date of each; not those whose first edition is still to come."""
    for name in current.rules.names(Sort.PACK):
        edition = current.rules.in_force(Sort.PACK, name, current.now)
        if edition is not None:
            pack = current.rules.pack(name, current.now)
            yield pack, from_micros(edition.effective_from).astimezone(ZoneInfo(pack.zone)).date()
        elif name in names():
            yield pack_of_file(name), pack_of_file(name).effective_from


@policy.command()
def check(name: Name = None, strict: Strict = False, json: Json = False) -> int:
    """Name every limit that is blank or contradictory, every clause that nobody asks for, and what is not promised."""
    current = current_rules()
    packs = [current.rules.pack(name, current.now)] if name else [pack for pack, _ in _packs(current)]
    pack_gaps = [gap for pack in packs for gap in _gaps(pack, _today(pack, current.at))]
    unpromised = [(pack.name, clause, why) for pack in packs for clause, why in pack.unpromised.items()]
    editions = [pack.edition for pack in packs]
    document = {
        "ok": not pack_gaps,
        "packs": editions,
        "places": [_document(gap) for gap in pack_gaps],
        "unpromised": [{"pack": pack, "clause": clause, "source": why} for pack, clause, why in unpromised],
    }
    listed = [table(_text("unpromised_title"), _columns("pack", "clause", "source"), unpromised)] if unpromised else []
    cli.give(document, *listed, *_shown(editions, pack_gaps))
    return REFUSED if strict and pack_gaps else DONE


def _gaps(pack: Pack, today: date) -> list[Gap]:
    """Return the places of a pack that await a decision, for every clause and bound of every lifecycle."""
    tables = lifecycles().values()
    return list(gaps(pack, asked(tables), today, agreed(tables), asked_bounds(tables)))


@policy.command()
def show(pack: str, at: At = None, json: Json = False) -> None:
    """What a pack says, its published editions, and how its clauses are read."""
    current = current_rules()
    pack_ = current.rules.pack(pack, to_micros(instant(at)) if at else current.now)
    editions, interpretations = current.editions(Sort.PACK, pack), current.interpretations(pack)
    document = {
        "pack": pack_.model_dump(),
        "editions": [edition_document(edition) for edition in editions],
        "interpretations": [_interpretation(each) for each in interpretations],
    }
    rows = [row for clause, limit in pack_.clauses.items() for row in _limit_rows(clause, limit)]
    rows += [(clause, _text("unpromised"), "", why) for clause, why in pack_.unpromised.items()]
    rows += [(name, _amount(bound), "", bound.source) for name, bound in pack_.bounds.items()]
    limits = table(f"{pack_.edition} · {pack_.document}", _columns("clause", "limit", "calendar", "source"), rows)
    settings = table("", (_text("setting"), _text("value")), settings_of(pack_))
    cli.give(document, limits, settings, *_history(editions), *_interpretations(interpretations))


def _limit_rows(clause: str, limit: Limit) -> Iterator[tuple[str, str, str, str]]:
    """Yield the limit of a clause, and each limit that holds for some cases instead."""
    yield clause, _limit(limit), limit.calendar, limit.source
    for override in limit.when:
        whole = limit.overridden(override)
        yield f"  {override}", _limit(whole), whole.calendar, whole.source


def _amount(bound: Bound) -> str:
    if bound.amount is None:
        return _text("reason.blank")
    return yuan(cli.locale, bound.amount) if bound.of == "fen" else f"{bound.amount} {bound.of}"


def _limit(limit: Limit) -> str:
    if limit.contradicts is not None:
        return _text("reason.contradictory")
    if limit.blank:
        return _text("reason.blank")
    return f"{limit.amount} {translate(cli.locale, f'unit.{limit.unit}')}"


def _history(editions: list[EditionRow]) -> Iterator[Any]:
    if editions:
        columns = _columns("version", "effective_from", "published", "actor", "reason")
        rows = [
            (each.version, _when(each.effective_from), _when(each.published_at), each.published_by, each.reason)
            for each in editions
        ]
        yield table(_text("editions_title"), columns, rows)


def _interpretations(interpretations: list[InterpretationRow]) -> Iterator[Any]:
    if interpretations:
        rows = [(each.clause, each.content, each.recorded_by, _when(each.recorded_at)) for each in interpretations]
        yield table(_text("readings_title"), _columns("clause", "said", "actor", "occurred"), rows)


def _interpretation(row: InterpretationRow) -> dict[str, Any]:
    at = from_micros(row.recorded_at)
    return {"clause": row.clause, "text": row.content, "recorded_by": row.recorded_by, "recorded_at": at}


def _when(micros: int) -> str:
    return local(from_micros(micros))


policy.command("preview")(preview_pack)


@policy.command()
def publish(
    file: Path,
    reason: Why,
    effective_from: Effective = None,
    encoding: FileEncoding = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Publish a pack from a file: only the evaluation group does, with a date from which it is in force."""
    store, by = cli.store, cli.actor(as_)
    at, text = cli.working_time(), read_file(file)
    pack = parsed(text, file.name)
    since = effective_from or (pack.effective_from and pack.effective_from.isoformat())
    if not since:
        raise Refused("no_effective_date", name=pack.name)
    begins = effective(since, pack.zone, at)
    published = publish_text(store, Sort.PACK, text, by, at, begins, reason, file.name)
    pack_gaps = _gaps(pack, _today(pack, begins))
    shown = _shown([pack.edition], pack_gaps) if pack_gaps else ()
    give_published(published, {"places": [_document(gap) for gap in pack_gaps]}, *shown)


@policy.command()
def interpret(pack: str, clause: str, text: ReadingText, as_: As = None, json: Json = False) -> None:
    """Record how the evaluation group reads a clause of a pack."""
    store, by = cli.store, cli.actor(as_)
    recorded = record(store, pack, clause, text, by, cli.working_time())
    document = {"pack": pack, **_interpretation(recorded)}
    cli.give(document, _text("interpreted", pack=pack, clause=clause))


def _today(pack: Pack, now: datetime) -> date:
    return now.astimezone(ZoneInfo(pack.zone)).date()


def _document(gap: Gap) -> dict[str, Any]:
    return {
        "pack": gap.pack.name,
        "version": gap.pack.version,
        "clause": gap.clause,
        "traits": gap.traits,
        "source": gap.source or _text("not_in_document"),
        "contradicts": gap.contradicts,
        "effective_from": gap.pack.effective_from,
        "reason": gap.reason,
        "text": _text(f"reason.{gap.reason}"),
        "remedy": _text(f"remedy.{gap.reason}"),
    }


def _shown(editions: Iterable[str], pack_gaps: list[Gap]) -> Iterable[Any]:
    """Return the table of gaps, and each remedy once."""
    packs = ", ".join(editions)
    if not pack_gaps:
        return [_text("all_set", packs=packs)]
    rows = [(gap.pack.name, _clause(gap), _text(f"reason.{gap.reason}"), _source(gap)) for gap in pack_gaps]
    reasons = dict.fromkeys(gap.reason for gap in pack_gaps)
    remedies = [_remedy(reason) for reason in reasons]
    columns = _columns("pack", "clause", "reason", "source")
    return [
        table(_text("places_title"), columns, rows),
        *remedies,
        _text("places_found", packs=packs, count=len(pack_gaps)),
    ]


def _remedy(reason: GapReason) -> str:
    return _text("what_to_do", reason=_text(f"reason.{reason}"), remedy=_text(f"remedy.{reason}"))


def _clause(gap: Gap) -> str | None:
    """Return the clause as it is in the file, and the traits of the override."""
    if gap.clause is None:
        return None if gap.pack.effective_from is None else gap.pack.effective_from.isoformat()
    traits = ", ".join(label(cli.locale, "", trait, value) for trait, value in gap.traits.items())
    return f"{gap.clause} ({traits})" if traits else gap.clause


def _source(gap: Gap) -> str:
    source = gap.source or _text("not_in_document")
    return source if gap.contradicts is None else _text("but", source=source, contradicts=gap.contradicts)


def _columns(*columns: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in columns)


def _text(key: str, **params: Any) -> str:
    return cli.translate(f"policy.{key}", **params)
