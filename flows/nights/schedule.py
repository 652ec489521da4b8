"""The scheduled work: what each piece of it does, and how it is run and written down."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from classifier.training import Trained, train_classifier
from engine.runs import Done, held, keep
from engine.store import Store
from flows.nights.digest import send_digests
from flows.nights.integrity import Integrity, check_integrity
from flows.nights.overnight_escalation import Night, escalate_overnight
from flows.nights.parked_notices import tell_parked
from flows.nights.plan_callbacks import plan_callbacks
from flows.nights.timetable import (
    CALLBACK_PLAN,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
    lived_nights,
    scheduled,
)
from flows.prefect_ui.run_names import night_name
from flows.run_info import RunInfo, RunResult, Unobserved
from flows.tick import PREFECT_AWAY, leaving, settle
from flows.work import Work, off_loop
from models.columns import to_micros
from reports.complaint_analysis import ComplaintAnalysis, analyse_complaints
from reports.figures import founded, last_run
from reports.morning_report import MorningReport, report_morning

DRIVER = "driver"
"""The duty that drivers hold."""
DONE_SINCE = "SELECT 1 AS one FROM run WHERE flow = :flow AND began_at >= :at AND observed"

Result = Night | MorningReport | ComplaintAnalysis | Integrity | Trained | int


async def _morning(work: Work) -> MorningReport:
    """The digest of what nobody was told one by one, then the report."""
    await send_digests(work)
    return await report_morning(work)


async def _catch_up(work: Work) -> int:
    """Do what the driver does, if there is none; returns how much was done."""
    if await off_loop(_driven, work.store, await work.now()):
        return 0
    return await settle(work)


def _driven(store: Store, now: datetime) -> bool:
    with store.looking() as tx:
        return held(tx, DRIVER, now)


async def _overnight(work: Work) -> Night:
    """The night, and a word on what was parked if the mail did not take it before."""
    night = await escalate_overnight(work)
    await tell_parked(work)
    return night


BODIES: dict[str, Callable[[Work], Awaitable[Result]]] = {
    OVERNIGHT: _overnight,
    CALLBACK_PLAN: plan_callbacks,
    MORNING_REPORT: _morning,
    COMPLAINT_ANALYSIS: analyse_complaints,
    INTEGRITY: check_integrity,
    CLASSIFIER_TRAINING: train_classifier,
    CATCH_UP: _catch_up,
}


def run_name(locale: str, name: str, at: datetime) -> str:
    """A run's name in the hours of its schedule's own zone, which is where its supervisors live."""
    zone = next((plan.zone for plan in scheduled() if plan.name == name), "UTC")
    return night_name(locale, name, f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")


async def run_scheduled(work: Work, name: str) -> Result:
    """Do one piece of scheduled work within a run of Prefect's own making, and write down that it ran."""
    began = await work.now()
    result = await BODIES[name](work)
    await _keep(work, name, began, result, observed=True)
    return result


async def run_late(work: Work, name: str, due: datetime) -> Result | None:
    """The same for a run that was due then: None where the work was done and seen since.

    So of all the late runs that wait for a worker one does the work, and none if the driver did it meanwhile.
    """
    if await off_loop(_done_since, work.store, name, due):
        return None
    return await run_scheduled(work, name)


async def watch_scheduled(work: Work, name: str, *tags: str) -> RunResult[Result]:
    """Do one piece of scheduled work, observed if Prefect is there, and write down how it ran."""
    began = await work.now()
    run_info = RunInfo(name, run_name(work.locale, name, began), ("closeloop", "night", *tags))
    what = await work.observer.run(run_info, lambda: BODIES[name](work), leaving(work))
    await _keep(work, name, began, what.result, what.observed)
    return what


async def _keep(work: Work, name: str, began: datetime, result: Result, observed: bool) -> None:
    did = result if isinstance(result, int) else result.did
    why = "" if observed or isinstance(work.observer, Unobserved) else PREFECT_AWAY
    await off_loop(keep, work.store, Done(name, began, await work.now(), observed, did, why))


def _done_since(store: Store, name: str, due: datetime) -> bool:
    with store.looking() as tx:
        return tx.row(DONE_SINCE, flow=name, at=to_micros(due)) is not None


class Overdue(NamedTuple):
    """Scheduled work that nobody did, and when it should have been done."""

    name: str
    due: datetime


def overdue(work: Work, now: datetime, grace: timedelta) -> list[Overdue]:
    """Scheduled work whose hour passed more than ``grace`` ago without a run, the longest due first.

    However often its hour passed, it is told once, with the first time: Prefect was away, or its worker.
    """
    with work.store.looking() as tx:
        last = {plan: last_run(tx, plan.name) or founded(tx) for plan in lived_nights()}
    found = (Overdue(plan.name, plan.after(began)) for plan, began in last.items())
    return sorted((one for one in found if one.due + grace <= now), key=lambda one: one.due)
