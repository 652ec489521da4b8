"""Renders the SLA board as Markdown in the reader's language; ids only."""

from collections.abc import Iterator

from locales.translation import label, translate, when
from reports import overdue_text
from reports.board import Board, RunningTimer
from reports.markdown import (
    CALLBACKS,
    LEDGER,
    REPORT,
    SHOWN,
    department,
    link,
    milestones,
    table,
    waits_for,
)


def render(board: Board, locale: str) -> str:
    """Render the board with what is overdue at its head, and with links to the artifacts beside it."""
    lines = [
        f"# {translate(locale, 'board.title', at=when(board.at))}",
        "",
        summary(board, locale),
        "",
        " · ".join(link(locale, key) for key in (REPORT, LEDGER, CALLBACKS)),
        *overdue_text.section(board.overdue_cases, board.at, locale),
        *("", f"## {translate(locale, 'board.promises_by')}", "", *_by_department(board, locale)),
        *("", f"## {translate(locale, 'board.soon')}", "", *_soon(board, locale)),
        *("", f"## {translate(locale, 'board.cases')}", "", *milestones(board.cases, locale)),
    ]
    return "\n".join(lines) + "\n"


def summary(board: Board, locale: str) -> str:
    """Render the board in one sentence."""
    cases = board.overdue_cases
    params = {
        "open": board.cases.total(),
        "overdue": len(cases),
        "managers": sum(case.with_manager for case in cases),
        "broken": len(board.overdue),
        "today": board.today.total(),
    }
    return translate(locale, "board.summary", **params)


def _by_department(board: Board, locale: str) -> Iterator[str]:
    """Yield a table of overdue and due today, by clause and department, the most overdue first."""
    broken = board.broken
    keys = sorted({*broken, *board.today}, key=lambda key: (-broken[key], -board.today[key], key))
    if not keys:
        yield translate(locale, "report.none")
        return
    heads = [translate(locale, f"board.column.{name}") for name in ("department", "kind", "promise", "broken", "today")]
    rows = [
        (
            department(locale, key[2]),
            label(locale, "", "kind", key[0]),
            label(locale, key[0], "clause", key[1]),
            str(broken[key]),
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
    yield from table(heads, [_row(timer, locale) for timer in board.soon])


def _row(timer: RunningTimer, locale: str) -> tuple[str, ...]:
    return (
        timer.number,
        label(locale, timer.kind, "clause", timer.clause),
        when(timer.due_at, "%m-%d %H:%M"),
        label(locale, timer.kind, "state", timer.state),
        waits_for(locale, timer.kind, timer.state, timer.owner),
        department(locale, timer.department),
    )
