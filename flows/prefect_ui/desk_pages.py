"""Composes the pages that every supervisor opens: start, board, callback list, morning report, escalation ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flows.case_address import site
from flows.prefect_ui.case_links import case_link, link_cases, overdue_numbers
from flows.work import Work, off_loop
from locales.translation import label, translate, when
from reports import board, board_text, callback_list
from reports.figures import LateStep
from reports.markdown import BOARD, CALLBACKS, LEDGER, REPORT, department, link, table
from reports.morning_report import MorningReport
from reports.morning_report_text import render, summary
from statemachines.kinds import lifecycle_of

START = "closeloop"
"""The key of the page from which everything is reached."""
DESK = (START, BOARD, REPORT, LEDGER, CALLBACKS)
"""The keys of all pages that every supervisor opens."""
OVERDUE = 20
"""How many overdue cases the summary of the board links to."""
FORMS = (
    "escalate-case",
    "reassign-case",
    "extend-promise",
    "decide-case",
    "show-case",
    "acknowledge-alert",
    "pause-kind",
    "resume-kind",
    "sweep-now",
)
"""The forms for supervisors, in the order in which the start page shows them."""
ROWS = 500
"""The most escalation steps that a ledger shows; after an outage there may be more, all of which are in the record."""


class Page(NamedTuple):
    """A Markdown artifact: its key, its text, and the summary that the UI shows above the history of the key."""

    key: str
    text: str
    summary: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An escalation step as the ledger shows it."""

    number: str
    kind: str
    clause: str
    percent: int
    move: str
    level: int
    department: str | None
    owner: str | None
    due_at: datetime


async def start_page(work: Work, forms: Mapping[str, str]) -> Page:
    """Return the page from which everything is reached; its summary links to the cases that are overdue, too.

    ``forms`` are the addresses of the forms for supervisors by their names: the UI's own list of deployments is in the
    order of the alphabet, with the nights between them.
    """
    locale, overdue = work.locale, await _overdue(work)
    console = site(work.public_url, work.store.home)
    links = [f"[{translate(locale, 'start.console')}]({console}/console/)"] if console is not None else []
    links += [link(locale, key) for key in DESK if key != START]
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
    acts = [f"[{label(locale, '', 'form', name)}]({forms[name]})" for name in FORMS if name in forms]
    if acts:
        lines += ["", f"## {translate(locale, 'start.acts')}", "", *(f"- {each}" for each in acts)]
    shown = overdue or translate(locale, "start.none_overdue")
    above = "\n\n".join(filter(None, [shown, " · ".join(links), " · ".join(acts)]))
    return Page(START, "\n".join(lines) + "\n", above)


async def board_page(work: Work) -> Page:
    """Return the SLA board as of now; its summary links to the cases that are overdue."""
    figures = await off_loop(board.gather, work.store, await work.now())
    line = board_text.summary(figures, work.locale)
    above = "\n\n".join(filter(None, (line, await _overdue(work))))
    return Page(BOARD, link_cases(board_text.render(figures, work.locale)), above)


async def _overdue(work: Work) -> str:
    """Link to the cases with a broken promise, a line for each level that is asked; empty if there are none."""
    overdue = await off_loop(overdue_numbers, work.store, await work.now())
    found, lines = dict(list(overdue.items())[:OVERDUE]), []
    for level in sorted(set(found.values()), reverse=True):
        cases = " · ".join(case_link(number) for number, asked in found.items() if asked == level)
        name = label(work.locale, "", "level", str(level))
        lines.append(translate(work.locale, "board.overdue", level=name, cases=cases))
    if len(overdue) > len(found):
        count, where = len(overdue) - len(found), link(work.locale, BOARD)
        lines.append(translate(work.locale, "start.more_overdue", count=count, board=where))
    return "\n\n".join(lines)


async def callbacks_page(work: Work) -> Page:
    """Return today's callback list: who calls for which case when, without the customers."""
    calls = await off_loop(callback_list.gather, work.store, await work.now())
    text = link_cases(callback_list.render(calls, work.locale))
    return Page(CALLBACKS, text, callback_list.title(calls, work.locale))


def report_page(locale: str, report: MorningReport) -> Page:
    """Return the morning report."""
    return Page(REPORT, link_cases(render(report, locale, linked=True)), summary(report, locale))


def ledger_page(locale: str, steps: Sequence[LedgerRow], count: int, failed: Sequence[tuple[str, str]] = ()) -> Page:
    """Return the ledger: what was escalated and why. It shows the first of ``count`` steps.

    ``failed`` are cases that could not be touched, each with a code. The ledger is Markdown, because the Prefect UI
    shows links in a table artifact as text.
    """
    rows = [_row(locale, step) for step in steps[:ROWS]]
    title = translate(locale, "artifact.ledger", count=count)
    heading = translate(locale, f"artifact_name.{LEDGER}")
    lines = [f"# {heading}", "", title, "", *_ledger_tables(locale, rows, count, failed[:ROWS])]
    return Page(LEDGER, "\n".join(lines) + "\n", title)


def day_ledger_page(locale: str, report: MorningReport) -> Page:
    """Return the ledger of the report's day, for a server that has none yet."""
    return ledger_page(locale, [_of_day(late) for late in report.late], len(report.late))


def _of_day(late: LateStep) -> LedgerRow:
    lifecycle = lifecycle_of(late.kind)
    move = (lifecycle.breach if late.percent >= 100 else lifecycle.remind) or ""
    return LedgerRow(
        late.number, late.kind, late.clause, late.percent, move, late.level, late.department, late.owner, late.due_at
    )


def _row(locale: str, step: LedgerRow) -> tuple[str, ...]:
    return (
        case_link(step.number),
        label(locale, step.kind, "clause", step.clause),
        f"{step.percent} %",
        label(locale, step.kind, "move", step.move),
        label(locale, step.kind, "level", str(step.level)),
        department(locale, step.department),
        step.owner or "–",
        when(step.due_at),
    )


def _ledger_tables(
    locale: str, rows: Sequence[Sequence[str]], count: int, failed: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Yield the table of the steps that fired, then that of the cases that could not be touched."""
    names = ("case", "promise", "percent", "done", "level", "department", "owner", "due")
    if rows:
        yield from table([translate(locale, f"report.column.{name}") for name in names], rows)
    if count > len(rows):
        yield from ("", translate(locale, "report.more", count=count - len(rows)))
    if failed:
        heads = [translate(locale, "report.column.case"), translate(locale, "board.column.failed")]
        yield from ("", *table(heads, [(case_link(number), code) for number, code in failed]))
