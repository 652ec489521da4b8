"""Renders the SLA board and a day's callback list as Markdown in the reader's language; ids only."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from reports.board import Board, Promise
from reports.callback_list import CallbackList
from reports.current_names import state_of
from reports.markdown import SHOWN, department, link, table
from reports.translation import label, translate, when
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Milestone

SPINE = tuple(one for one in Milestone if one is not Milestone.ARCHIVED)
BOARD, CALLBACKS, LEDGER, REPORT = "sla-board", "callback-list", "escalation-ledger", "morning-report"
"""The keys under which artifacts keep their history."""


def render(board: Board, locale: str) -> str:
    """The board, with links to the artifacts beside it."""
    lines = [
        f"# {translate(locale, 'board.title', at=when(board.at))}",
        "",
        summary(board, locale),
        "",
        " · ".join(link(locale, key) for key in (REPORT, LEDGER, CALLBACKS)),
        *("", f"## {translate(locale, 'board.promises_by')}", "", *_promises(board, locale)),
        *("", f"## {translate(locale, 'board.soon')}", "", *_soon(board, locale)),
        *("", f"## {translate(locale, 'board.cases')}", "", *milestones(board.cases, locale)),
    ]
    return "\n".join(lines) + "\n"


def summary(board: Board, locale: str) -> str:
    """The board in a sentence."""
    broken, today = board.broken.total(), board.today.total()
    return translate(locale, "board.summary", open=board.cases.total(), broken=broken, today=today)


def callbacks_title(told: CallbackList, locale: str) -> str:
    """The day of a list, and how many calls it holds."""
    return translate(locale, "callbacks.title", day=told.day.isoformat(), count=len(told.lines))


def _promises(board: Board, locale: str) -> Iterator[str]:
    """Broken and due today, by promise and department, the most broken first."""
    keys = sorted({*board.broken, *board.today}, key=lambda key: (-board.broken[key], -board.today[key], key))
    if not keys:
        yield translate(locale, "report.none")
        return
    heads = [translate(locale, f"board.column.{name}") for name in ("department", "kind", "promise", "broken", "today")]
    rows = [
        (
            department(locale, key[2]),
            label(locale, "", "kind", key[0]),
            label(locale, key[0], "clause", key[1]),
            str(board.broken[key]),
            str(board.today[key]),
        )
        for key in keys
    ]
    yield from table(heads, rows[:SHOWN])
    if len(rows) > SHOWN:
        yield from ("", translate(locale, "report.more", count=len(rows) - SHOWN))


def _soon(board: Board, locale: str) -> Iterator[str]:
    if not board.soon:
        yield translate(locale, "report.none")
        return
    names = ("case", "promise", "due", "state", "waits_for", "department")
    heads = [translate(locale, f"board.column.{name}") for name in names]
    yield from table(heads, [_row(one, locale) for one in board.soon])


def _row(one: Promise, locale: str) -> tuple[str, ...]:
    return (
        one.number,
        label(locale, one.kind, "clause", one.clause),
        when(one.due_at, "%m-%d %H:%M"),
        label(locale, one.kind, "state", one.state),
        waits_for(locale, one.kind, one.state, one.owner),
        department(locale, one.department),
    )


def waits_for(locale: str, kind: str, state: str, owner: str | None) -> str:
    """Whom a case waits for: the role its state awaits, and who has the work if that is known."""
    known = lifecycle_of(kind).state.get(state_of(kind, state))
    role = label(locale, "", "role", known.owner) if known is not None and known.owner else "–"
    return f"{role} · {owner}" if owner else role


def milestones(cases: Counter[tuple[str, str, int]], locale: str) -> Iterator[str]:
    """Open cases by kind and level, a column for each milestone."""
    if not cases:
        yield translate(locale, "report.none")
        return
    heads = [translate(locale, "report.column.kind"), translate(locale, "report.column.level")]
    rows: list[list[str]] = []
    for kind in sorted(lifecycles()):
        for level in range(4):
            counts = [cases[kind, one.value, level] for one in SPINE]
            if any(counts):
                names = [label(locale, "", "kind", kind), label(locale, "", "level", str(level))]
                rows.append([*names, *map(str, counts)])
    yield from table([*heads, *(label(locale, "", "milestone", one) for one in SPINE)], rows)


def render_callbacks(told: CallbackList, locale: str) -> str:
    """The day's list by who calls, without a name, a number to call or a word of the story."""
    lines = [f"# {callbacks_title(told, locale)}", "", " · ".join(link(locale, key) for key in (REPORT, BOARD))]
    heads = [
        translate(locale, f"board.column.{name}") for name in ("planned", "case", "kind", "attempt", "round", "due")
    ]
    for owner, calls in groupby(told.lines, key=lambda line: line.owner or ""):
        mine = list(calls)
        rows = [
            (
                when(line.planned_at, "%m-%d %H:%M"),
                line.number,
                label(locale, "", "kind", line.kind),
                str(line.attempt),
                str(line.round),
                when(line.due_at, "%m-%d %H:%M") if line.due_at else "–",
            )
            for line in mine[:SHOWN]
        ]
        name = owner or translate(locale, "callbacks.nobody")
        lines += ["", f"## {translate(locale, 'callbacks.of', name=name, count=len(mine))}", "", *table(heads, rows)]
        if len(mine) > SHOWN:
            lines += ["", translate(locale, "report.more", count=len(mine) - SHOWN)]
    if not told.lines:
        lines += ["", translate(locale, "report.none")]
    return "\n".join(lines) + "\n"
