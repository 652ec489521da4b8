"""Runs the scheduled work: names what each deployment of ``prefect.yaml`` does, and records how each run went."""

import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from classifier.training import train_weekly
from classifier.training_report import TrainingResult
from engine.runs import Done, held, keep
from engine.store import Store
from flows.duty_lease import holding
from flows.nights.care import Greeted, greet_customers
from flows.nights.corrected_conduct import recompute_appraisals
from flows.nights.day_forecast import forecast_day
from flows.nights.digest import send_digests
from flows.nights.duty_gaps import tell_gaps
from flows.nights.evaluation import Evaluated, evaluate
from flows.nights.integrity import Integrity, check_integrity
from flows.nights.overnight_escalation import Night, escalate_overnight, report_morning
from flows.nights.period_reports import PeriodReports, report_periods
from flows.nights.plan_callbacks import plan_callbacks
from flows.nights.record_audit import Audited
from flows.nights.reminders import send_reminders
from flows.nights.supervision import supervise
from flows.nights.surveys import survey_customers
from flows.nights.verification import RETRIES
from flows.parked_notices import tell_parked
from flows.prefect_ui.run_names import night_name
from flows.run_info import RunInfo, RunResult
from flows.run_text import RunText
from flows.tick import PREFECT_AWAY, drain
from flows.work import Unobserved, Work, off_loop
from forecast.training import ForecastTraining
from forecast.training import train_weekly as train_forecast
from gateways.schedule import (
    CALLBACK_PLAN,
    CARE,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    EVALUATION,
    FORECAST_TRAINING,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
    PERIOD_REPORT,
    SUPERVISION,
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

Result = (
    Night
    | MorningReport
    | ComplaintAnalysis
    | PeriodReports
    | Evaluated
    | Audited
    | Greeted
    | Integrity
    | TrainingResult
    | ForecastTraining
    | int
)


async def _overnight(work: Work) -> Night:
    """Run the night, mail the notices of parked work that were not accepted before, renew appraisals."""
    night = await escalate_overnight(work)
    renew = partial(recompute_appraisals, work)
    await work.step("recompute-appraisals", renew, RunText("step.appraisals"), retries=RETRIES)
    await work.step("tell-duty-gaps", partial(tell_gaps, work), RunText("step.duty_gaps"), retries=RETRIES)
    await work.step("tell-parked", partial(tell_parked, work), RunText("step.tell_parked"))
    return night


async def _morning(work: Work) -> MorningReport:
    """Forecast the day, send the digests of late records and the reminders of what is overdue, write the report."""
    await work.step("send-digests", partial(_digests, work), RunText("step.digests"), retries=RETRIES)
    await work.step("forecast", partial(forecast_day, work), RunText("step.forecast"), retries=RETRIES)
    await work.step("send-reminders", partial(_reminders, work), RunText("step.reminders"), retries=RETRIES)
    return await work.step("report", partial(report_morning, work), RunText("step.report"), retries=RETRIES)


async def _digests(work: Work) -> None:
    """Send the digests; one that is sent again is the same mail under the same key."""
    work.log(RunText("log.digests", count=await send_digests(work)))


async def _reminders(work: Work) -> None:
    """Send the reminders of the day; one that is sent again is the same mail under the same key."""
    work.log(RunText("log.reminders", count=await send_reminders(work)))


async def _plan(work: Work) -> int:
    """Plan the callbacks of the day, and send out the surveys that are due."""
    planned = await work.step("plan-callbacks", partial(plan_callbacks, work), RunText("step.plan"), retries=RETRIES)
    surveyed = await work.step("surveys", partial(survey_customers, work), RunText("step.surveys"), retries=RETRIES)
    return planned + surveyed.did


async def analyse_complaints(work: Work, month: date | None = None) -> ComplaintAnalysis:
    """Analyse the calendar month (Shanghai) that contains a date; by default the month before the store's now."""
    now = await work.now()
    month = month or shifted(month_of(now), -1)
    gather = partial(complaint_analysis.gather, work.store, now, month)
    return await work.step("analyse", partial(off_loop, gather), RunText("step.analyse"), retries=RETRIES)


async def _evaluate(work: Work) -> Evaluated:
    return await work.step("evaluate", partial(evaluate, work), RunText("step.evaluate"), retries=RETRIES)


async def _greet(work: Work) -> Greeted:
    return await work.step("greet", partial(greet_customers, work), RunText("step.greet"), retries=RETRIES)


async def _train(work: Work) -> TrainingResult:
    """Train the classifier if enough cases were classified since; adopt the model only if it is not worse."""
    train = partial(train_weekly, work.store, await work.now())
    return await work.step("train", partial(off_loop, train), RunText("step.train"), retries=RETRIES)


async def _train_forecast(work: Work) -> ForecastTraining:
    """Train the forecast on the timers that have ended; use it only if it is better than simple guesses."""
    train = partial(train_forecast, work.store, await work.now())
    return await work.step("train-forecast", partial(off_loop, train), RunText("step.train_forecast"), retries=RETRIES)


async def _catch_up(work: Work) -> int:
    """Do the driver's work if no driver is running; return how much was done."""
    if await off_loop(_driven, work.store, await work.now()):
        work.log(RunText("log.driver_works"))
        return 0
    did = await drain(work)
    work.log(RunText("log.caught_up", count=did), logging.WARNING if did else logging.INFO)
    return did


def _driven(store: Store, now: datetime) -> bool:
    with store.looking() as tx:
        return held(tx, DRIVER, now)


BODIES: dict[str, Callable[[Work], Awaitable[Result]]] = {
    OVERNIGHT: _overnight,
    CALLBACK_PLAN: _plan,
    MORNING_REPORT: _morning,
    COMPLAINT_ANALYSIS: analyse_complaints,
    EVALUATION: _evaluate,
    SUPERVISION: supervise,
    PERIOD_REPORT: report_periods,
    INTEGRITY: check_integrity,
    CLASSIFIER_TRAINING: _train,
    FORECAST_TRAINING: _train_forecast,
    CARE: _greet,
    CATCH_UP: _catch_up,
}


def run_name(locale: str, name: str, at: datetime) -> str:
    """Return the name of a run, with its time in the time zone of its schedule."""
    zone = next((plan.zone for plan in scheduled() if plan.name == name), "UTC")
    return night_name(locale, name, f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")


async def run_scheduled(work: Work, name: str) -> Result | None:
    """Do one piece of scheduled work and record it; return None while another process does it."""
    return await _run(work, name, None)


async def run_late(work: Work, name: str, due: datetime) -> Result | None:
    """Do the work of a run that was due at ``due``; return None if an observed run has done it since, or does it now.

    Of all the late runs that wait for a worker one does the work, and none if the driver did it meanwhile.
    """
    return await _run(work, name, due)


async def _run(work: Work, name: str, due: datetime | None) -> Result | None:
    async with holding(work, name) as held:
        if not held or (due is not None and await off_loop(_done_since, work.store, name, due)):
            work.log(RunText("log.done_already"))
            return None
        began = await work.now()
        result = await BODIES[name](work)
        await _record(work, name, began, result)
        return result


async def watch_scheduled(work: Work, name: str, *tags: str) -> RunResult[Result | None]:
    """Do one piece of scheduled work, observed if Prefect is available."""
    run_info = RunInfo(name, run_name(work.locale, name, await work.now()), ("closeloop", "night", *tags))
    return await work.observer.run(run_info, work, lambda tools: run_scheduled(tools, name))


async def _record(work: Work, name: str, began: datetime, result: Result) -> None:
    did = result if isinstance(result, int) else result.did
    observed = work.run_id is not None
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
