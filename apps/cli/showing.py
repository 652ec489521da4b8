"""Commands that show one case: case show, case clocks."""

from typing import Any

from rich.table import Table

from apps import views
from apps.cli.door import As, Json, door, local, table
from apps.clock_views import ClockView
from apps.known_views import kind_words, words_of
from flows.wording import label
from models import Case


def show(number: str, as_: As = None, json: Json = False) -> None:
    """One case: where it stands, what is known, what may be done now, what runs out when."""
    seen = views.case(door.store, number, as_ or door.settings.actor or None)
    one = seen.case
    facts = [
        *_stands(one, seen.known.get("nature")),
        *((name, value) for name, value in words_of(door.locale, one.kind, seen.known) if name != "nature"),
        *(link.words(door.locale) for link in seen.links),
        (door.say("column.allowed"), ", ".join(seen.allowed) or "–"),
    ]
    document = {
        **views.document(one),
        "allowed": seen.allowed,
        "links": [link.document() for link in seen.links],
        "clocks": [clock.document() for clock in seen.clocks],
    }
    door.give(document, table(number, ("", ""), facts), _clock_table(seen.clocks, one.kind))


def _stands(one: Case, nature: str | None) -> list[tuple[str, Any]]:
    """What every case has, each with its name."""

    def said(sort: str, name: str | None) -> str:
        return label(door.locale, one.kind, sort, name or "–")

    return [
        (door.say("desk.column.kind"), kind_words(door.locale, one.kind, nature)),
        (door.say("column.state"), said("state", one.state)),
        (door.say("column.level"), said("level", str(one.level))),
        (door.say("column.round"), one.cycle),
        (door.say("column.category"), said("category", one.category)),
        (door.say("column.severity"), said("severity", one.severity)),
        (door.say("desk.column.customer_type"), said("customer_type", one.customer_type)),
        (door.say("column.department"), said("department", one.department)),
        (door.say("column.owner"), one.owner),
        (door.say("column.opened"), local(one.opened_at)),
    ]


def clocks(number: str, json: Json = False) -> None:
    """Every promise of a case: its budget, what is used, what fires when, and where it comes from."""
    kind, found = views.clocks(door.store, number)
    door.give({"case": number, "clocks": [one.document() for one in found]}, _clock_table(found, kind))


def _clock_table(found: list[ClockView], kind: str) -> Table:
    columns = ("promise", "round", "limit", "used", "state", "fires", "rungs", "source")
    rows = [
        (
            one.promise(kind, door.locale),
            one.cycle,
            one.limit(door.locale),
            f"{one.used_percent} %",
            one.state(door.locale),
            local(one.fires_at) + (f" ({door.say('deadline.unsure')})" if one.provisional else ""),
            one.rungs(),
            one.origin(door.locale),
        )
        for one in found
    ]
    return table("", tuple(door.say(f"column.{name}") for name in columns), rows)
