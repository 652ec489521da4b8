"""The command that lists whom to call today: callbacks. Names and numbers are shown to staff at their terminal only."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from apps.cli.context import Json, cli, local, table
from locales.translation import label
from reports.callback_list import CallbackList, PlannedCallback, gather
from statemachines.refused import Refused

Day = Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Another day than today.")]
Owner = Annotated[str | None, typer.Option(help="Only what this person has to call, by handle.")]
SHOWN = 60
"""Signs of a result that fit on its line."""


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(callbacks)


def callbacks(day: Day = None, owner: Owner = None, json: Json = False) -> None:
    """Today's callback list 今日回访单: whom to call, when, and the case's story."""
    told = gather(cli.store, cli.store.now(), None if day is None else date_of(day), owner)
    cli.give(document(told), *_shown(told))


def date_of(text: str) -> date:
    """A day as people write it. Raises ``Refused('bad_date')``."""
    try:
        read = date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_date", value=text[:40]) from None
    if not 1970 <= read.year < 2200:
        raise Refused("bad_date", value=text[:40])
    return read


def document(told: CallbackList) -> dict[str, Any]:
    """The list as programs read it; a callback that nobody may make stands under the empty handle."""
    return {"day": told.day, "owners": dict(told.by_owner), "callbacks": [asdict(line) for line in told.lines]}


def _shown(told: CallbackList) -> list[Any]:
    if not told.lines:
        return [_words("none", day=told.day)]
    heads = ("owner", "planned", "case", "customer", "phone", "attempt", "due", "story")
    title = _words("title", day=told.day, count=len(told.lines))
    shares = ", ".join(f"{owner or _words('nobody')} {count}" for owner, count in told.by_owner.items())
    return [table(title, [_words(f"column.{name}") for name in heads], map(_row, told.lines)), _words("by", by=shares)]


def _row(line: PlannedCallback) -> tuple[Any, ...]:
    owner, due = line.owner or _words("nobody"), local(line.due_at)
    return owner, local(line.planned_at), line.number, line.name, line.phone, line.attempt, due, _story(line)


def _story(line: PlannedCallback) -> str:
    """Kind, category, round and result on one line."""
    kind = label(cli.locale, "", "kind", line.kind)
    category = label(cli.locale, line.kind, "category", line.category) if line.category else None
    result = " ".join((line.result or "").split())
    result = result if len(result) <= SHOWN else f"{result[:SHOWN]}…"
    return " · ".join(filter(None, (kind, category, _words("round", n=line.round), result)))


def _words(key: str, **params: Any) -> str:
    return cli.translate(f"callbacks.{key}", **params)
