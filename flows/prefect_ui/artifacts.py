"""Creates the artifacts of runs in the Prefect UI, each kind under a fixed key so that Prefect keeps its history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from prefect import get_client
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.runtime import flow_run

from classifier import training_report
from classifier.training_report import TrainingResult
from engine.audit.verify import Verdict
from flows.fire_timers import Swept
from flows.nights.evaluation import Evaluated
from flows.nights.integrity import Integrity
from flows.nights.overnight_escalation import Night, report_morning
from flows.nights.period_reports import PeriodReports
from flows.nights.plan_callbacks import Called
from flows.nights.record_audit import Audited
from flows.prefect_ui.case_pages import act_forms, leave_pages
from flows.prefect_ui.desk_pages import ROWS, Page, board_page, callbacks_page, report_page
from flows.prefect_ui.final_names import final_name, name_run
from flows.prefect_ui.ledger import leave_ledger
from flows.prefect_ui.run_names import IN_NAME
from flows.prefect_ui.run_start import hurried
from flows.prefect_ui.run_states import add_to_message
from flows.react import Reacted
from flows.work import Work
from forecast.forecast_text import outcome_text, training_page
from forecast.training import ForecastTraining
from gateways.schedule import FORECAST_TRAINING
from locales.translation import label, translate
from reports import complaint_analysis_text
from reports.complaint_analysis import ComplaintAnalysis
from reports.markdown import BOARD
from reports.morning_report import MANAGER_LEVEL, MorningReport
from reports.morning_report_text import summary
from reports.paper_markdown import paper_markdown
from reports.period_report import PeriodReport
from reports.period_report_text import period_paper

FAULTS, ANALYSIS, TO_BOARD = "night-check", "complaint-analysis", "to-the-board"
TRAINING = "classifier-training"
PLAN = "callback-plan"
"""The deployment whose result is the number of callbacks that it planned."""
PAGES = 20
"""A run of at most this many cases leaves a page for each, under the case's number; the page keeper does the others."""
BOARD_EVERY = timedelta(minutes=15)
"""The nights always draw the board; a sweep does so if this process drew its last one longer ago than this."""

_board_drawn_at: dict[Path, datetime] = {}
"""By the home of the store, when this process last drew its board."""


class ProgressArtifact:
    """Shows how far a long run is, under the work's own key. A failure to show it is ignored."""

    def __init__(self, work: Work, name: str) -> None:
        self._key = f"{name}-progress"
        self._description = label(work.locale, "", "work", name)
        self._id: UUID | None = None

    async def __call__(self, percent: int) -> None:
        """Create the artifact, or update it."""
        try:
            if self._id is None:
                self._id = await acreate_progress_artifact(float(percent), key=self._key, description=self._description)
            else:
                await aupdate_progress_artifact(self._id, float(percent))
        except Exception:  # noqa: BLE001 - the Prefect server may become unreachable during a night
            return


async def leave_sweep(work: Work, swept: Swept) -> None:
    """Leave the ledger of a sweep, the pages of its cases, and the board or a link to it."""
    add_to_message(_sweep_counts(work.locale, swept))
    await leave_ledger(work, swept.failed)
    numbers = [step.number for step in swept.fired]
    await _name(work, numbers, _clauses(work.locale, swept))
    if hurried():
        return
    await _leave_pages(work, numbers)
    now = await work.now()
    last = _board_drawn_at.get(work.store.home)
    if last is None or not timedelta() <= now - last < BOARD_EVERY:
        await leave_board(work)
    else:
        text = translate(work.locale, "board.link")
        await acreate_link_artifact(link=f"/v2/artifacts/key/{BOARD}", link_text=text, key=TO_BOARD, description=text)


async def leave_reactions(work: Work, reacted: Reacted) -> None:
    """Leave the ledger of what fired since the last one, and the pages of a few cases."""
    add_to_message(_reaction_counts(work.locale, reacted))
    numbers = list(reacted.cases)
    await _name(work, numbers, [])
    if hurried():
        return
    await leave_ledger(work)
    await _leave_pages(work, numbers)


def _clauses(locale: str, swept: Swept) -> list[str]:
    """Return what a sweep did: the clause whose time was reached, or that there were several."""
    clauses = sorted({label(locale, fired.kind, "clause", fired.step.clause) for fired in swept.fired})
    if not clauses:
        return []
    several = translate(locale, "window.timers")
    return [translate(locale, "window.due", clause=clauses[0] if len(clauses) == 1 else several)]


async def leave_board(work: Work) -> None:
    """Leave the SLA board as of now."""
    _board_drawn_at[work.store.home] = await work.now()
    await _leave(await board_page(work))


async def leave_calls(work: Work, called: Called) -> None:
    """Leave today's callback list after calls were made."""
    if called.calls:
        await leave_callbacks(work)


async def leave_callbacks(work: Work) -> None:
    """Leave today's callback list: who calls for which case when, without the customers."""
    await _leave(await callbacks_page(work))


async def _leave(page: Page) -> None:
    await acreate_markdown_artifact(markdown=page.text, key=page.key, description=page.summary)


async def _leave_pages(work: Work, numbers: Sequence[str]) -> None:
    """Leave a page in this run for each of its cases; of many cases, or in a hurry, the page keeper leaves them."""
    numbers = list(dict.fromkeys(numbers))
    if not numbers or len(numbers) > PAGES or hurried():
        return
    async with get_client() as client:
        await leave_pages(client, work, numbers, UUID(str(flow_run.id)), await act_forms(client))


async def _name(work: Work, numbers: Sequence[str], what: Sequence[str]) -> None:
    """Name this run for what it did. See Note [What the search of the Prefect UI matches]."""
    if hurried() and len(numbers) > IN_NAME:
        return  # its name could not hold them all anyway
    name = await final_name(work, numbers, what)
    if name is not None:
        async with get_client() as client:
            await name_run(client, UUID(str(flow_run.id)), flow_run.tags, name)


async def leave_scheduled(work: Work, result: object) -> None:
    """Leave the artifacts that belong to the result of scheduled work; a result without any leaves nothing."""
    if isinstance(result, Night):
        add_to_message(_sweep_counts(work.locale, result.swept))
        await leave_ledger(work, result.swept.failed)
        await _leave_pages(work, [step.number for step in result.swept.fired])
        await _leave_day(work, await report_morning(work))
        await _leave_faults(work, result.verdict)
    elif isinstance(result, MorningReport):
        add_to_message(summary(result, work.locale))
        await _leave_day(work, result)
    elif isinstance(result, ComplaintAnalysis):
        markdown = complaint_analysis_text.render(result, work.locale)
        await acreate_markdown_artifact(markdown=markdown, key=ANALYSIS, description=None)
    elif isinstance(result, Evaluated | Audited):
        await _leave_pages(work, result.numbers)
    elif isinstance(result, PeriodReports):
        for report in result.reports:
            await _leave_period(work, report)
    elif isinstance(result, TrainingResult | ForecastTraining):
        await _leave_training(work, result)
    elif isinstance(result, Integrity):
        verdict = result.verdict
        add_to_message(_counts(work.locale, checked=verdict.cases, faults=len(verdict.faults)))
        await _leave_faults(work, verdict)
    elif isinstance(result, int) and flow_run.flow_name == PLAN:
        await leave_callbacks(work)


async def _leave_training(work: Work, result: TrainingResult | ForecastTraining) -> None:
    """Leave the report of a training: what was learned, how good it is, and whether it is used."""
    if isinstance(result, TrainingResult):
        key, markdown = TRAINING, training_report.render(result, work.locale)
        line = training_report.summary(result, work.locale)
    else:
        key, markdown, line = FORECAST_TRAINING, training_page(result, work.locale), outcome_text(result, work.locale)
    add_to_message(line)
    await acreate_markdown_artifact(markdown=markdown, key=key, description=line)


async def _leave_period(work: Work, report: PeriodReport) -> None:
    """Leave the report of a period under a key of its own; made again, it is the next version of that key."""
    paper = period_paper(report, work.locale)
    key = f"period-report-{report.period.name.lower()}"
    await acreate_markdown_artifact(markdown=paper_markdown(paper), key=key, description=paper.title)


async def _leave_faults(work: Work, verdict: Verdict) -> None:
    """Leave a table of the faults in the record, if there are any."""
    if not verdict.ok:
        rows = [{"case": fault.number, "seq": fault.seq, "fault": fault.what} for fault in verdict.faults[:ROWS]]
        await acreate_table_artifact(table=rows, key=FAULTS, description=translate(work.locale, "artifact.doubts"))


async def _leave_day(work: Work, report: MorningReport) -> None:
    """Leave the report, and the board and callback list that it links to."""
    await leave_board(work)
    await leave_callbacks(work)
    await _leave(report_page(work.locale, report))


def _sweep_counts(locale: str, swept: Swept) -> str:
    # Levels are known only for steps that the sweep lists; the morning report counts them all.
    climbed = 0 if swept.untold else sum(step.step.level >= MANAGER_LEVEL for step in swept.fired)
    return _counts(locale, fired=swept.did, climbed=climbed, untouched=len(swept.failed))


def _reaction_counts(locale: str, reacted: Reacted) -> str:
    failed, dead = sum(error is not None for _, _, error in reacted.outcomes), len(reacted.dead)
    return _counts(locale, reacted=reacted.did - failed, failed=failed - dead, dead=dead)


def _counts(locale: str, **counts: int) -> str:
    """Return the counts as text: the first always, the others unless they are 0."""
    first = next(iter(counts))
    return " · ".join(translate(locale, f"window.{name}", count=n) for name, n in counts.items() if n or name == first)
