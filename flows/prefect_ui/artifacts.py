"""What runs leave in the Prefect UI, each kind under a key of its own, so that the key's history is a story."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact
from prefect.runtime import flow_run
from prefect.settings import get_current_settings

from classifier import training_report
from classifier.training_report import TrainingResult
from engine.audit.verify import Verdict
from engine.commands.plan import Fired
from flows.fire_timers import Swept
from flows.nights.integrity import Integrity
from flows.nights.overnight_escalation import Night
from flows.prefect_ui import events
from flows.prefect_ui.events import Marks
from flows.prefect_ui.observer import hurried
from flows.prefect_ui.run_states import tell
from flows.react import Reacted
from flows.work import Work, off_loop
from locales.translation import label, translate, when
from reports import board, board_text, callback_list, case_page, complaint_analysis_text, day_figures
from reports.complaint_analysis import ComplaintAnalysis
from reports.markdown import BOARD, CALLBACKS, LEDGER, REPORT, department
from reports.morning_report import MANAGER_LEVEL, MorningReport
from reports.morning_report_text import render, summary

DOUBTS, ANALYSIS, TO_BOARD = "night-check", "complaint-analysis", "to-the-board"
TRAINING = "classifier-training"
PLAN = "callback-plan"
"""The deployment whose result is how many callbacks it planned."""
ROWS = 500
"""So many rows a ledger shows; after an outage there may be more, and the record has them all."""
PAGES = 3
"""A run of up to so many cases leaves a page for each, under the case's number."""
BOARD_EVERY = timedelta(minutes=15)
"""The board is drawn anew by the nights, and by a sweep if the last one of this process is older than this."""

_drawn: dict[str, datetime] = {}


async def leave_sweep(work: Work, swept: Swept) -> None:
    """What a sweep leaves: the ledger, the pages of its cases, and the board, or the way to it."""
    tell(_swept_words(work.locale, swept))
    await leave_ledger(work, swept)
    if hurried():
        return
    await _leave_pages(work, [one.number for one in swept.fired])
    now = await work.now()
    last = _drawn.get(work.name)
    if last is None or not timedelta() <= now - last < BOARD_EVERY:
        await leave_board(work)
    else:
        words = translate(work.locale, "board.link")
        await acreate_link_artifact(link=f"/v2/artifacts/key/{BOARD}", link_text=words, key=TO_BOARD, description=words)


async def leave_reactions(work: Work, reacted: Reacted, since: Marks | None) -> None:
    """What reactions leave: their cases' news in the event feed, and the pages of a few."""
    tell(_reacted_words(work.locale, reacted))
    numbers = list(dict.fromkeys(number for number, _, _ in reacted.outcomes))
    if since is not None:
        settings = get_current_settings().api
        auth = settings.auth_string.get_secret_value() if settings.auth_string else None
        told = await off_loop(events.news, work.store, since, numbers)
        await events.tell(settings.url or "", auth, told, (str(flow_run.id), str(flow_run.name)))
        numbers = list(dict.fromkeys([*since.first, *numbers]))
    await _leave_pages(work, numbers)


async def leave_ledger(work: Work, swept: Swept) -> None:
    """What was escalated and why, one row for each rung; its key keeps the history of all sweeps."""
    if not swept.fired and not swept.failed:
        return
    shown = swept.fired[:ROWS]
    teams = await off_loop(day_figures.teams, work.store, sorted({one.number for one in shown}))
    rows = [_row(work.locale, fired, *teams.get(fired.number, (None, None))) for fired in shown]
    case, failed = translate(work.locale, "report.column.case"), translate(work.locale, "board.column.failed")
    rows += [{case: number, failed: code} for number, code in swept.failed[:ROWS]]
    what = translate(work.locale, "artifact.ledger", count=swept.did)
    await acreate_table_artifact(table=rows, key=LEDGER, description=what)


def _row(locale: str, fired: Fired, team: str | None, owner: str | None) -> dict[str, str]:
    told = fired.step
    return {
        translate(locale, "report.column.case"): fired.number,
        translate(locale, "report.column.promise"): label(locale, fired.kind, "clause", told.clause),
        translate(locale, "report.column.percent"): f"{told.percent} %",
        translate(locale, "report.column.done"): label(locale, fired.kind, "move", fired.move),
        translate(locale, "report.column.level"): label(locale, fired.kind, "level", str(fired.level)),
        translate(locale, "report.column.department"): department(locale, team),
        translate(locale, "report.column.owner"): owner or "–",
        translate(locale, "report.column.round"): str(told.cycle),
        translate(locale, "report.column.due"): when(told.due_at),
    }


async def leave_board(work: Work) -> None:
    """The SLA board as it stands now."""
    now = await work.now()
    _drawn[work.name] = now
    told = await off_loop(board.gather, work.store, now)
    markdown, line = board_text.render(told, work.locale), board_text.summary(told, work.locale)
    await acreate_markdown_artifact(markdown=markdown, key=BOARD, description=line)


async def leave_callbacks(work: Work) -> None:
    """Today's callback list: who calls which cases when, and nothing of whose they are."""
    told = await off_loop(callback_list.gather, work.store, await work.now())
    markdown, line = callback_list.render(told, work.locale), callback_list.title(told, work.locale)
    await acreate_markdown_artifact(markdown=markdown, key=CALLBACKS, description=line)


async def _leave_pages(work: Work, numbers: Sequence[str]) -> None:
    """A page for each of a few cases, so that a lone case's run tells where it stands and whom it waits for."""
    numbers = list(dict.fromkeys(numbers))
    if len(numbers) > PAGES or hurried():
        return
    for number in numbers:
        page = await off_loop(case_page.page, work.store, number, await work.now(), work.locale)
        if page is not None:
            await acreate_markdown_artifact(markdown=page.text, key=number, description=page.line)


async def leave_scheduled(work: Work, result: object) -> None:
    """What a piece of scheduled work leaves: the night its ledger and report, morning and month their reports."""
    if isinstance(result, Night):
        tell(_swept_words(work.locale, result.swept))
        await leave_ledger(work, result.swept)
        await _leave_day(work, result.report)
        await _leave_doubts(work, result.verdict)
    elif isinstance(result, MorningReport):
        tell(summary(result, work.locale))
        await _leave_day(work, result)
    elif isinstance(result, ComplaintAnalysis):
        markdown = complaint_analysis_text.render(result, work.locale)
        await acreate_markdown_artifact(markdown=markdown, key=ANALYSIS, description=None)
    elif isinstance(result, TrainingResult):
        markdown, line = training_report.render(result, work.locale), training_report.summary(result, work.locale)
        tell(line)
        await acreate_markdown_artifact(markdown=markdown, key=TRAINING, description=line)
    elif isinstance(result, Integrity):
        verdict = result.verdict
        tell(_counted(work.locale, checked=verdict.cases, faults=len(verdict.faults)))
        await _leave_doubts(work, verdict)
    elif isinstance(result, int) and flow_run.flow_name == PLAN:
        await leave_callbacks(work)


async def _leave_doubts(work: Work, verdict: Verdict) -> None:
    """The places where the record does not agree, if there are any."""
    if not verdict.ok:
        rows = [{"case": fault.number, "seq": fault.seq, "fault": fault.what} for fault in verdict.faults[:ROWS]]
        await acreate_table_artifact(table=rows, key=DOUBTS, description=translate(work.locale, "artifact.doubts"))


async def _leave_day(work: Work, report: MorningReport) -> None:
    """The report, and what it links to as of the same hour."""
    await leave_board(work)
    await leave_callbacks(work)
    markdown, line = render(report, work.locale, linked=True), summary(report, work.locale)
    await acreate_markdown_artifact(markdown=markdown, key=REPORT, description=line)


def _swept_words(locale: str, swept: Swept) -> str:
    # Of those that were not told one by one nobody counted the levels; the morning report does.
    climbed = 0 if swept.untold else sum(one.step.level >= MANAGER_LEVEL for one in swept.fired)
    return _counted(locale, fired=swept.did, climbed=climbed, untouched=len(swept.failed))


def _reacted_words(locale: str, reacted: Reacted) -> str:
    failed, dead = sum(error is not None for _, _, error in reacted.outcomes), len(reacted.dead)
    return _counted(locale, reacted=reacted.did - failed, failed=failed - dead, dead=dead)


def _counted(locale: str, **counts: int) -> str:
    """The counts in words: the first one always, of the others what is not nought."""
    first = next(iter(counts))
    return " · ".join(translate(locale, f"window.{name}", count=n) for name, n in counts.items() if n or name == first)
