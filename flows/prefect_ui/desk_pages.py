"""Composes the pages that every supervisor opens: start, board, callback list, morning report, escalation ledger."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flows.fire_timers import Swept
from flows.prefect_ui.case_links import case_link, link_cases, overdue_numbers
from flows.work import Work, off_loop
from locales.translation import label, translate, when
from reports import board, board_text, callback_list, day_figures
from reports.figures import LateStep
from reports.markdown import BOARD, CALLBACKS, LEDGER, REPORT, department, link, table
from reports.morning_report import MorningReport
from reports.morning_report_text import render, summary
from statemachines.kinds import lifecycle_of

START = "closeloop"
"""The key of the page from which everything is reached."""
OVERDUE = 20
"""How many overdue cases the summary of the board links to."""
ROWS = 500
"""The most escalation steps that a ledger shows; after an outage there may be more, all of which are in the record."""


class Page(NamedTuple):
    """A Markdown artifact: its key, its text, and the summary that the UI shows above the history of the key."""

    key: str
    text: str
    summary: str


async def start_page(work: Work) -> Page:
    """Return the page from which everything is reached; its summary links to the cases that are overdue, too."""
    locale, overdue = work.locale, await _overdue(work)
    links = [link(locale, key) for key in (BOARD, REPORT, LEDGER, CALLBACKS)]
    links.append(f"[{translate(locale, 'start.runs')}](../../runs)")
    links.append(f"[{translate(locale, 'start.acts')}](../../deployments?tags=%5B%22act%22%5D)")
    lines = [
        f"# {translate(locale, 'start.title')}",
        "",
        overdue or translate(locale, "start.none_overdue"),
        "",
        translate(locale, "start.search"),
        "",
        *(f"- {each}" for each in links),
    ]
    shown = overdue or translate(locale, "start.none_overdue")
    return Page(START, "\n".join(lines) + "\n", f"{shown}\n\n{' · '.join(links)}")


async def board_page(work: Work) -> Page:
    """Return the SLA board as of now; its summary links to the cases that are overdue."""
    figures = await off_loop(board.gather, work.store, await work.now())
    line = board_text.summary(figures, work.locale)
    above = "\n\n".join(filter(None, (line, await _overdue(work))))
    return Page(BOARD, link_cases(board_text.render(figures, work.locale)), above)


async def _overdue(work: Work) -> str:
    """Link to the cases with a broken promise, a line for each level that is asked; empty if there are none."""
    found = await off_loop(overdue_numbers, work.store, OVERDUE)
    lines = []
    for level in sorted(set(found.values()), reverse=True):
        cases = " · ".join(case_link(number) for number, asked in found.items() if asked == level)
        name = label(work.locale, "", "level", str(level))
        lines.append(translate(work.locale, "board.overdue", level=name, cases=cases))
    return "\n\n".join(lines)


async def callbacks_page(work: Work) -> Page:
    """Return today's callback list: who calls for which case when, without the customers."""
    calls = await off_loop(callback_list.gather, work.store, await work.now())
    text = link_cases(callback_list.render(calls, work.locale))
    return Page(CALLBACKS, text, callback_list.title(calls, work.locale))


def report_page(locale: str, report: MorningReport) -> Page:
    """Return the morning report."""
    return Page(REPORT, link_cases(render(report, locale, linked=True)), summary(report, locale))


async def ledger_page(work: Work, swept: Swept) -> Page:
    """Return the ledger of a sweep: what was escalated and why.

    It is Markdown: the Prefect UI shows links in a table artifact as text.
    """
    shown = swept.fired[:ROWS]
    teams = await off_loop(day_figures.teams, work.store, sorted({fired.number for fired in shown}))
    steps = []
    for fired in shown:
        team, owner = teams.get(fired.number, (None, None))
        step = fired.step
        late = LateStep(fired.number, fired.kind, step.clause, step.percent, fired.level, step.due_at, team, owner)
        steps.append(_row(work.locale, late, fired.move, str(step.cycle)))
    return _ledger(work.locale, steps, swept.did, swept.failed[:ROWS])


def day_ledger_page(locale: str, report: MorningReport) -> Page:
    """Return the ledger of the report's day, for a server that has none yet."""
    steps = [_row(locale, late, _move(late), "–") for late in report.late[:ROWS]]
    return _ledger(locale, steps, len(report.late), ())


def _move(late: LateStep) -> str:
    table_ = lifecycle_of(late.kind)
    return (table_.breach if late.percent >= 100 else table_.remind) or ""


def _row(locale: str, late: LateStep, move: str, cycle: str) -> tuple[str, ...]:
    return (
        case_link(late.number),
        label(locale, late.kind, "clause", late.clause),
        f"{late.percent} %",
        label(locale, late.kind, "move", move),
        label(locale, late.kind, "level", str(late.level)),
        department(locale, late.department),
        late.owner or "–",
        cycle,
        when(late.due_at),
    )


def _ledger(locale: str, rows: Sequence[Sequence[str]], count: int, failed: Sequence[tuple[str, str]]) -> Page:
    title = translate(locale, "artifact.ledger", count=count)
    heading = translate(locale, f"artifact_name.{LEDGER}")
    lines = [f"# {heading}", "", title, "", *_ledger_tables(locale, rows, count, failed)]
    return Page(LEDGER, "\n".join(lines) + "\n", title)


def _ledger_tables(
    locale: str, rows: Sequence[Sequence[str]], count: int, failed: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Yield the table of the steps that fired, then that of the cases that could not be touched."""
    names = ("case", "promise", "percent", "done", "level", "department", "owner", "round", "due")
    if rows:
        yield from table([translate(locale, f"report.column.{name}") for name in names], rows)
    if count > len(rows):
        yield from ("", translate(locale, "report.more", count=count - len(rows)))
    if failed:
        heads = [translate(locale, "report.column.case"), translate(locale, "board.column.failed")]
        yield from ("", *table(heads, [(case_link(number), code) for number, code in failed]))
