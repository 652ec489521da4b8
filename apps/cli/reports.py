"""Commands that show one report each: analysis, recoveries, callbacks."""

import re
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import Json, cli, local, table
from apps.page import Page
from apps.report_documents import analysis_document
from locales.translation import label
from reports import callback_list, complaint_analysis
from reports.callback_list import CallbackList
from reports.complaint_analysis import month_of, shifted
from reports.complaint_analysis_text import render
from statemachines.recovery import RECOVERY
from statemachines.refused import Refused

if TYPE_CHECKING:
    from reports.linked_cases import RecoveryClaim

MonthName = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM")]
MONTH_FORMAT = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
EARLIEST = date(1970, 1, 1)
LEDGER_COLUMNS = ("number", "complaint", "claimed", "recovered", "written_off", "outstanding", "state")
Day = Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD")]
Owner = Annotated[str | None, typer.Option()]
RESULT_WIDTH = 60
"""The characters of a result that fit on a callback's line."""


def join(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(analysis)
    app.command()(recoveries)
    app.command()(callbacks)


def analysis(month: MonthName = None, json: Json = False) -> None:
    """The complaints of a month: root causes, recurrences, measures, handling."""
    now = cli.store.now()
    first = shifted(month_of(now), -1) if month is None else _first_of(month, now)
    report = complaint_analysis.gather(cli.store, now, first)
    cli.give(analysis_document(report), Page(render(report, cli.locale)))


def _first_of(text: str, now: datetime) -> date:
    """Return the month's first day. Raises ``Refused('bad_month')`` for one that has not begun."""
    if not MONTH_FORMAT.fullmatch(text):
        raise Refused("bad_month", value=text[:40])
    first = date.fromisoformat(f"{text}-01")
    if not EARLIEST <= first <= month_of(now):
        raise Refused("bad_month", value=text)
    return first


def recoveries(json: Json = False) -> None:
    """What is claimed back because of complaints, and what has come in of it."""
    from reports.linked_cases import recovery_claims  # loads SQLModel, which `callbacks` does without

    entries = recovery_claims(cli.store)
    document = {"recoveries": [{**asdict(entry), "outstanding": entry.outstanding} for entry in entries]}
    if not entries:
        cli.give(document, cli.translate("recoveries.none"))
        return
    columns = tuple(cli.translate(f"recoveries.{name}") for name in LEDGER_COLUMNS)
    cli.give(document, table(cli.translate("recoveries.title"), columns, map(_ledger_row, entries)))


def _ledger_row(entry: "RecoveryClaim") -> tuple[str | None, ...]:
    amounts = (entry.claimed, entry.recovered, entry.written_off, entry.outstanding)
    state = label(cli.locale, RECOVERY.kind, "state", entry.state)
    return entry.number, entry.complaint, *map(_yuan, amounts), state


def _yuan(fen: int) -> str:
    """Return an amount of fen in yuan: 123456 is 1,234.56."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan:,}.{rest:02}"


def callbacks(day: Day = None, owner: Owner = None, json: Json = False) -> None:
    """Today's callback list 今日回访单: whom to call, when, and the case's story."""
    # Customers' names and numbers are shown to staff at their terminal only.
    calls = callback_list.gather(cli.store, cli.store.now(), None if day is None else date_of(day), owner)
    lines = [asdict(line) for line in calls.lines]
    # A callback that nobody may make is listed under the empty handle.
    cli.give({"day": calls.day, "owners": dict(calls.by_owner), "callbacks": lines}, *_callback_table(calls))


def date_of(text: str) -> date:
    """Parse a day. Raises ``Refused('bad_date')``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_date", value=text[:40]) from None
    if not 1970 <= day.year < 2200:
        raise Refused("bad_date", value=text[:40])
    return day


def _callback_table(calls: CallbackList) -> list[Any]:
    if not calls.lines:
        return [_text("none", day=calls.day)]
    columns = ("owner", "planned", "case", "customer", "phone", "attempt", "due", "story")
    title = _text("title", day=calls.day, count=len(calls.lines))
    by_owner = ", ".join(f"{owner or _text('nobody')} {count}" for owner, count in calls.by_owner.items())
    heads = [_text(f"column.{name}") for name in columns]
    return [table(title, heads, map(_callback_row, calls.lines)), _text("by", by=by_owner)]


def _callback_row(line: callback_list.PlannedCallback) -> tuple[Any, ...]:
    owner, due = line.owner or _text("nobody"), local(line.due_at)
    names = "\n".join([line.name or "–", *(other.name or "–" for other in line.others)])
    phones = "\n".join([line.phone or "–", *(other.phone or "–" for other in line.others)])
    return owner, local(line.planned_at), line.number, names, phones, line.attempt, due, _story(line)


def _story(line: callback_list.PlannedCallback) -> str:
    """Return kind, category, round and result on one line."""
    kind = label(cli.locale, "", "kind", line.kind)
    category = label(cli.locale, line.kind, "category", line.category) if line.category else None
    result = " ".join((line.result or "").split())
    result = result if len(result) <= RESULT_WIDTH else f"{result[:RESULT_WIDTH]}…"
    return " · ".join(filter(None, (kind, category, _text("round", n=line.round), result)))


def _text(key: str, **params: Any) -> str:
    return cli.translate(f"callbacks.{key}", **params)
