"""Renders a case on one page, for the run that changed it: its state, whom it waits for, its timers, its last moves."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due, spent
from engine.transaction import Tx
from locales.translation import label, translate, when
from models.columns import from_micros, to_micros
from reports.figures import timers
from reports.markdown import BOARD, LEDGER, department, link, table, waits_for

MOVES = 12
"""How many moves the page lists; ``closeloop case show`` lists all."""

CASE = """
SELECT id, number, kind, state, level, cycle, category, severity, department, owner, opened_at FROM cases
 WHERE number = :number
"""
TIMERS = """
SELECT clause, occurrence, level, running_since, allowance, consumed, unit, calendar FROM timer
 WHERE case_id = :case_id AND closed_at IS NULL ORDER BY id
"""
LAST = """
SELECT t.seq, t.move, t.source, t.dest, t.level, t.via, t.occurred_at, a.handle FROM transition t
  JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :case_id ORDER BY t.seq DESC LIMIT :limit
"""


class CasePage(NamedTuple):
    """A case's page in Markdown, and its summary in one line: ids, codes and labels, no statement of the customer."""

    text: str
    line: str


def page(store: Store, number: str, at: datetime, locale: str) -> CasePage | None:
    """Return the page of a case at an instant; None if there is no such case."""
    with store.looking() as tx:
        case = tx.row(CASE, number=number)
        return None if case is None else CasePage("\n".join(_lines(tx, case, at, locale)) + "\n", _line(case, locale))


def _line(case: Any, locale: str) -> str:
    level = label(locale, "", "level", str(case.level))
    who = waits_for(locale, case.kind, case.state, case.owner)
    waits = translate(locale, "board.column.waits_for")
    return f"{label(locale, case.kind, 'state', case.state)} · {waits} {who} · {level}"


def _lines(tx: Tx, case: Any, at: datetime, locale: str) -> Iterator[str]:
    yield f"# {case.number} · {label(locale, '', 'kind', case.kind)}"
    yield ""
    yield from table((translate(locale, "story.fact"), translate(locale, "story.value")), _facts(case, locale))
    yield from ("", f"## {translate(locale, 'board.promises')}", "")
    rows = [row for row in tx.rows(TIMERS, case_id=case.id) if row.clause not in timers(case.kind)]
    heads = [translate(locale, f"board.column.{name}") for name in ("promise", "used", "level", "due")]
    timer_rows = [_timer(row, case.kind, rules_in(tx), at, locale) for row in rows]
    yield from table(heads, timer_rows) if timer_rows else (translate(locale, "report.none"),)
    yield from ("", f"## {translate(locale, 'story.moves')}", "")
    heads = [translate(locale, f"board.column.{name}") for name in ("at", "move", "state", "level", "by")]
    yield from table(heads, [_move(row, case.kind, locale) for row in tx.rows(LAST, case_id=case.id, limit=MOVES)])
    yield from ("", " · ".join([*(link(locale, key) for key in (LEDGER, BOARD)), _feed(case.number, locale)]))


def _feed(number: str, locale: str) -> str:
    """Return a link to the case's events in the event feed, relative as those of ``markdown.link``."""
    resource = quote(f'["closeloop.case.{number}"]')
    return f"[{translate(locale, 'story.feed')}](../../events?resource={resource})"


def _facts(case: Any, locale: str) -> Iterator[tuple[str, str]]:
    yield translate(locale, "board.column.state"), label(locale, case.kind, "state", case.state)
    yield translate(locale, "board.column.waits_for"), waits_for(locale, case.kind, case.state, case.owner)
    yield translate(locale, "board.column.department"), department(locale, case.department)
    yield translate(locale, "board.column.level"), label(locale, "", "level", str(case.level))
    yield translate(locale, "board.column.round"), str(case.cycle)
    for sort in ("category", "severity"):
        code = getattr(case, sort)
        yield translate(locale, f"story.{sort}"), label(locale, "", sort, code) if code else "–"
    yield translate(locale, "story.opened"), when(from_micros(case.opened_at))


def _timer(row: Any, kind: str, rules: Rules, at: datetime, locale: str) -> tuple[str, ...]:
    calendar, since = rules.calendar(row.calendar), row.running_since
    used = row.consumed + (spent(row.unit, calendar, since, to_micros(at)) if since is not None else 0)
    left = row.allowance - row.consumed
    due = (
        translate(locale, "story.resting")
        if since is None
        else when(from_micros(falls_due(row.unit, calendar, since, left)))
    )
    share = f"{used * 100 // row.allowance} %" if row.allowance else "–"
    name = label(locale, kind, "clause", row.clause)
    promise = name if row.occurrence == 1 else translate(locale, "cli.desk.turn", clause=name, turn=row.occurrence)
    return promise, share, label(locale, "", "level", str(row.level)), due


def _move(row: Any, kind: str, locale: str) -> tuple[str, ...]:
    by = f"{row.handle} · {label(locale, '', 'via', row.via)}"
    where = label(locale, kind, "state", row.dest) if row.dest != row.source else "–"
    level = label(locale, "", "level", str(row.level))
    return when(from_micros(row.occurred_at), "%m-%d %H:%M"), label(locale, kind, "move", row.move), where, level, by
