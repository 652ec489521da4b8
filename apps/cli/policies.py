"""Commands about the rules: policy list, policy check."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from apps.cli.door import DONE, REFUSED, Json, door, table
from engine.clock import system_now
from engine.policy import Pack, names, pack
from engine.policy_gaps import Gap, Reason, asked, gaps
from flows.wording import label
from statemachines.kinds import lifecycles

policy = typer.Typer(help="Policy packs 时限规则包: what is promised, and from which document.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="[PACK]", help="One pack; without it all of them.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 2 if there is anything to name.")]


@policy.command("list")
def list_(json: Json = False) -> None:
    """The packs, their versions and the documents they come from."""
    found = [pack(name) for name in names()]
    rows = [(one.name, one.version, one.document, one.effective_from or _words("no_date")) for one in found]
    document = {"packs": [one.model_dump(include={"name", "version", "document", "effective_from"}) for one in found]}
    door.give(document, table(_words("title"), _heads("pack", "version", "document", "effective_from"), rows))


@policy.command()
def check(name: Name = None, strict: Strict = False, json: Json = False) -> int:
    """Name every limit that is blank or contradictory, and every clause that nobody asks for."""
    packs = [pack(name)] if name else [pack(each) for each in names()]
    clauses, now = asked(lifecycles().values()), system_now()
    found = [gap for one in packs for gap in gaps(one, clauses, _today(one, now))]
    editions = [one.edition for one in packs]
    document = {"ok": not found, "packs": editions, "places": [_told(gap) for gap in found]}
    door.give(document, *_shown(editions, found))
    return REFUSED if strict and found else DONE


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
    traits = ", ".join(label(door.locale, "", trait, value) for trait, value in gap.traits.items())
    return f"{gap.clause} ({traits})" if traits else gap.clause


def _source(gap: Gap) -> str:
    source = gap.source or _words("not_in_document")
    return source if gap.contradicts is None else _words("but", source=source, contradicts=gap.contradicts)


def _heads(*columns: str) -> tuple[str, ...]:
    return tuple(door.say(f"column.{name}") for name in columns)


def _words(key: str, **params: Any) -> str:
    return door.say(f"policy.{key}", **params)
