"""Commands that show one case: case show, case clocks."""

from typing import Any

from apps import views
from apps.case_rows import CaseRow
from apps.cli.context import As, Json, cli, local, table
from apps.fitted_table import FittedTable
from apps.known_views import kind_words, words_of
from apps.timer_views import TimerView
from locales.translation import label


def show(number: str, as_: As = None, json: Json = False) -> None:
    """One case: where it stands, what is known, what may be done now, what runs out when."""
    seen = views.case(cli.store, number, as_ or cli.settings.actor or None)
    one = seen.case
    facts = [
        *_stands(one, seen.known.get("nature")),
        *((name, value) for name, value in words_of(cli.locale, one.kind, seen.known) if name != "nature"),
        *(link.words(cli.locale) for link in seen.links),
        (cli.translate("column.allowed"), ", ".join(seen.allowed) or "–"),
    ]
    document = {
        **one.document(),
        "allowed": seen.allowed,
        "links": [link.document() for link in seen.links],
        "clocks": [clock.document() for clock in seen.clocks],
    }
    cli.give(document, table(number, ("", ""), facts), _clock_table(seen.clocks, one.kind))


def _stands(one: CaseRow, nature: str | None) -> list[tuple[str, Any]]:
    """What every case has, each with its name."""

    def said(sort: str, name: str | None) -> str:
        return label(cli.locale, one.kind, sort, name or "–")

    return [
        (cli.translate("desk.column.kind"), kind_words(cli.locale, one.kind, nature)),
        (cli.translate("column.state"), said("state", one.state)),
        (cli.translate("column.level"), said("level", str(one.level))),
        (cli.translate("column.round"), one.cycle),
        (cli.translate("column.category"), said("category", one.category)),
        (cli.translate("column.severity"), said("severity", one.severity)),
        (cli.translate("desk.column.customer_type"), said("customer_type", one.customer_type)),
        (cli.translate("column.department"), said("department", one.department)),
        (cli.translate("column.owner"), one.owner),
        (cli.translate("column.opened"), local(one.opened_at)),
    ]


def clocks(number: str, json: Json = False) -> None:
    """Every promise of a case: its budget, what is used, what fires when, and where it comes from."""
    kind, found = views.clocks(cli.store, number)
    cli.give({"case": number, "clocks": [one.document() for one in found]}, _clock_table(found, kind))


def _clock_table(found: list[TimerView], kind: str) -> FittedTable:
    columns = ("promise", "round", "limit", "used", "state", "fires", "steps", "source")
    rows = [
        (
            one.promise(kind, cli.locale),
            one.cycle,
            one.limit(cli.locale),
            f"{one.used_percent} %",
            one.state(cli.locale),
            local(one.fires_at) + (f" ({cli.translate('deadline.unsure')})" if one.provisional else ""),
            one.rungs(),
            one.origin(cli.locale),
        )
        for one in found
    ]
    return table("", tuple(cli.translate(f"column.{name}") for name in columns), rows)
