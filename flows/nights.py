"""The scheduled work: when it runs is read from ``prefect.yaml``, what it does is named here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from apscheduler.triggers.cron import CronTrigger

from engine.runs import Done, keep
from flows.digest import send_digests
from flows.figures import founded, last_run
from flows.morning_report import MorningReport, report_morning
from flows.overnight_escalation import Night, escalate_overnight
from flows.passing import PREFECT_AWAY, leaving
from flows.plan_callbacks import plan_callbacks
from flows.sight import Seen, Sight, Unobserved
from flows.work import Work, off_loop

PREFECT_YAML = Path(__file__).resolve().parent.parent / "prefect.yaml"

OVERNIGHT, CALLBACK_PLAN, MORNING_REPORT = "overnight-escalation", "callback-plan", "morning-report"

Result = Night | MorningReport | int


async def _morning(work: Work) -> MorningReport:
    """The digest of what nobody was told one by one, then the report."""
    await send_digests(work)
    return await report_morning(work)


BODIES: dict[str, Callable[[Work], Awaitable[Result]]] = {
    OVERNIGHT: escalate_overnight,
    CALLBACK_PLAN: plan_callbacks,
    MORNING_REPORT: _morning,
}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment's name and its cron."""

    name: str
    cron: str
    zone: str

    def after(self, instant: datetime) -> datetime:
        """The first time it is due after that instant."""
        return _next(self.cron, self.zone, instant)


@cache
def scheduled() -> tuple[Scheduled, ...]:
    """What ``prefect.yaml`` schedules."""
    found = yaml.safe_load(PREFECT_YAML.read_text("utf-8"))["deployments"]
    rows = [(row["name"], schedule) for row in found for schedule in row.get("schedules", ())]
    return tuple(Scheduled(name, schedule["cron"], schedule["timezone"]) for name, schedule in rows)


@cache
def _trigger(cron: str, zone: str) -> CronTrigger:
    return CronTrigger.from_crontab(cron, ZoneInfo(zone))


def _next(cron: str, zone: str, instant: datetime) -> datetime:
    found = _trigger(cron, zone).get_next_fire_time(None, instant + timedelta(microseconds=1))
    assert found is not None  # a cron without a year never ends
    return found


def run_name(name: str, at: datetime) -> str:
    """A run's name in the hours of its schedule's own zone, which is where its supervisors live."""
    zone = next((plan.zone for plan in scheduled() if plan.name == name), "UTC")
    return f"{name} · {at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


async def run_scheduled(work: Work, name: str) -> Result:
    """Do one piece of scheduled work within a run of Prefect's own making, and write down that it ran."""
    began = await work.now()
    result = await BODIES[name](work)
    await _keep(work, name, began, result, observed=True)
    return result


async def watch_scheduled(work: Work, name: str, *tags: str) -> Seen[Result]:
    """Do one piece of scheduled work, observed if Prefect is there, and write down how it ran."""
    began = await work.now()
    sight = Sight(name, run_name(name, began), ("closeloop", "night", *tags))
    what = await work.observer.run(sight, lambda: BODIES[name](work), leaving(work))
    await _keep(work, name, began, what.result, what.observed)
    return what


async def _keep(work: Work, name: str, began: datetime, result: Result, observed: bool) -> None:
    did = result if isinstance(result, int) else result.did
    why = "" if observed or isinstance(work.observer, Unobserved) else PREFECT_AWAY
    await off_loop(keep, work.store, Done(name, began, await work.now(), observed, did, why))


def overdue(work: Work, now: datetime, grace: timedelta) -> list[str]:
    """Scheduled work whose hour passed more than ``grace`` ago without a run: Prefect was away, or its worker."""
    with work.store.looking() as tx:
        last = {plan: last_run(tx, plan.name) or founded(tx) for plan in scheduled()}
    return [plan.name for plan, began in last.items() if plan.after(began) + grace <= now]
