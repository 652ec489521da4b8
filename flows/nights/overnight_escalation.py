"""The night's work: fire missed timers, plan the day's callbacks, verify and anchor the record, keep counts."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from engine.audit.verify import Verdict
from flows.fire_timers import Swept
from flows.nights.fan_out import sweep_all
from flows.nights.indicator_counts import keep_counts
from flows.nights.orphans import collect_orphans
from flows.nights.plan_callbacks import plan_callbacks
from flows.nights.verification import RETRIES, verify_and_anchor
from flows.run_text import RunText
from flows.work import Work, off_loop
from reports import morning_report
from reports.morning_report import MorningReport

VERIFIED_PERIOD = timedelta(days=2)
"""The night verifies the chains of cases that moved within this time; ``closeloop verify`` verifies all."""


@dataclass(frozen=True, slots=True)
class Night:
    """The results of a night."""

    swept: Swept
    planned: int
    verdict: Verdict

    @property
    def did(self) -> int:
        """How many escalation steps it fired and callbacks it planned."""
        return self.swept.did + self.planned


async def report_morning(work: Work) -> MorningReport:
    """Return the report of the last 24 hours, also when nothing was due."""
    report = await off_loop(morning_report.gather, work.store, await work.now())
    work.log(RunText("log.reported"))
    return report


async def escalate_overnight(work: Work) -> Night:
    """Do the night's work. It does what is due, so it may run at any time and any number of times, without Prefect."""
    await work.progress(0)
    swept = await sweep_all(work)
    await work.progress(50)
    planned = await work.step("plan-callbacks", partial(plan_callbacks, work), RunText("step.plan"), retries=RETRIES)
    await work.progress(65)
    await collect_orphans(work)
    verdict = await verify_and_anchor(work, await work.now() - VERIFIED_PERIOD)
    await work.progress(90)
    await work.step("keep-counts", partial(keep_counts, work), RunText("step.keep_counts"), retries=RETRIES)
    await work.progress(100)
    return Night(swept, planned, verdict)
