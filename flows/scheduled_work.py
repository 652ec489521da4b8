"""Runs the scheduled work: names what each deployment of ``prefect.yaml`` does, and records how each run went."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from classifier.training import train_weekly
from classifier.training_report import TrainingResult
from engine.runs import Done, held, keep
from engine.store import Store
from flows.nights.digest import send_digests
from flows.nights.integrity import Integrity, check_integrity
from flows.nights.overnight_escalation import Night, escalate_overnight, report_morning
from flows.nights.plan_callbacks import plan_callbacks
from flows.nights.reminders import send_reminders
from flows.parked_notices import tell_parked
from flows.prefect_ui.run_names import night_name
from flows.run_info import RunInfo, RunResult, Unobserved
from flows.tick import PREFECT_AWAY, drain, leave_scheduled_in
from flows.work import Work, off_loop
from gateways.schedule import (
    CALLBACK_PLAN,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
    business_schedule,
    scheduled,
)
from models.columns import to_micros
from reports import complaint_analysis
from reports.complaint_analysis import ComplaintAnalysis, month_of, shifted
from reports.morning_report import MorningReport
from reports.run_figures import founded, last_run

DRIVER = "driver"
"""The duty that drivers hold."""
DONE_SINCE = "SELECT 1 AS one FROM run WHERE flow = :flow AND began_at >= :at AND observed"

Result = Night | MorningReport | ComplaintAnalysis | Integrity | TrainingResult | int


async def _overnight(work: Work) -> Night:
    """Run the night, then mail the notices of parked work that the mail gateway did not accept before."""
    night = await escalate_overnight(work)
    await tell_parked(work)
    return night


async def _morning(work: Work) -> MorningReport:
    """Send the digests of late records and the reminders of what is overdue, then write the report."""
    await send_digests(work)
    await send_reminders(work)
    return await report_morning(work)


async def analyse_complaints(work: Work, month: date | None = None) -> ComplaintAnalysis:
    """Analyse the calendar month (Shanghai) that contains a date; by default the month before the store's now."""
    now = await work.now()
    return await off_loop(complaint_analysis.gather, work.store, now, month or shifted(month_of(now), -1))


async def _train(work: Work) -> TrainingResult:
    """Train the classifier if enough cases were classified since; adopt the model only if it is not worse."""
    return await off_loop(train_weekly, work.store, await work.now())


async def _catch_up(work: Work) -> int:
    """Do the driver's work if no driver is running; return how much was done."""
    if await off_loop(_driven, work.store, await work.now()):
        return 0
    return await drain(work)


def _driven(store: Store, now: datetime) -> bool:
    with store.looking() as tx:
        return held(tx, DRIVER, now)


BODIES: dict[str, Callable[[Work], Awaitable[Result]]] = {
    OVERNIGHT: _overnight,
    CALLBACK_PLAN: plan_callbacks,
    MORNING_REPORT: _morning,
    COMPLAINT_ANALYSIS: analyse_complaints,
    INTEGRITY: check_integrity,
    CLASSIFIER_TRAINING: _train,
    CATCH_UP: _catch_up,
}


def run_name(locale: str, name: str, at: datetime) -> str:
    """Return the name of a run, with its time in the time zone of its schedule."""
    zone = next((plan.zone for plan in scheduled() if plan.name == name), "UTC")
    return night_name(locale, name, f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")


async def run_scheduled(work: Work, name: str) -> Result:
    """Do one piece of scheduled work inside a run that Prefect started, and record it."""
    began = await work.now()
    result = await BODIES[name](work)
    await _record(work, name, began, result, observed=True)
    return result


async def run_late(work: Work, name: str, due: datetime) -> Result | None:
    """Do the work of a run that was due at ``due``; return None if an observed run has done it since.

    Of all the late runs that wait for a worker one does the work, and none if the driver did it meanwhile.
    """
    if await off_loop(_done_since, work.store, name, due):
        return None
    return await run_scheduled(work, name)


async def watch_scheduled(work: Work, name: str, *tags: str) -> RunResult[Result]:
    """Do one piece of scheduled work, observed if Prefect is available, and record it."""
    began = await work.now()
    run_info = RunInfo(name, run_name(work.locale, name, began), ("closeloop", "night", *tags))
    run = await work.observer.run(run_info, lambda: BODIES[name](work), leave_scheduled_in(work))
    await _record(work, name, began, run.result, run.observed)
    return run


async def _record(work: Work, name: str, began: datetime, result: Result, observed: bool) -> None:
    did = result if isinstance(result, int) else result.did
    why = "" if observed or isinstance(work.observer, Unobserved) else PREFECT_AWAY
    await off_loop(keep, work.store, Done(name, began, await work.now(), observed, did, why))


def _done_since(store: Store, name: str, due: datetime) -> bool:
    with store.looking() as tx:
        return tx.row(DONE_SINCE, flow=name, at=to_micros(due)) is not None


class Overdue(NamedTuple):
    """Scheduled work that no run did, and when it was first due."""

    name: str
    due: datetime


def overdue(work: Work, now: datetime, grace: timedelta) -> list[Overdue]:
    """Return the scheduled work that was due more than ``grace`` ago without a run, the longest due first.

    Work that was due several times is listed once, with the first time: Prefect was away, or its worker.
    """
    with work.store.looking() as tx:
        last = {plan: last_run(tx, plan.name) or founded(tx) for plan in business_schedule()}
    missed = (Overdue(plan.name, plan.after(began)) for plan, began in last.items())
    return sorted((one for one in missed if one.due + grace <= now), key=lambda one: one.due)
