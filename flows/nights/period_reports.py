"""Makes the reports of the months and quarters that are over, also those that an outage missed (E2, B7)."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from engine.store import Store
from flows.nights.verification import RETRIES
from flows.run_text import RunText
from flows.work import Work, off_loop
from gateways.schedule import PERIOD_REPORT
from locales.zone import reader_zone
from models.columns import from_micros
from reports.indicators.periods import Period, month_before, quarter_of
from reports.period_report import PeriodReport, gather

SHOWN = "SELECT max(began_at) AS at FROM run WHERE flow = :flow AND observed"
"""When the last run began that Prefect showed: only such a run leaves its reports anywhere."""
MOST_MONTHS = 24
"""How many months back an outage is made up for."""


@dataclass(frozen=True, slots=True)
class PeriodReports:
    """The reports that a run made, oldest period first; the same period again is the same report, made anew."""

    reports: tuple[PeriodReport, ...]

    @property
    def did(self) -> int:
        """The number of reports."""
        return len(self.reports)


async def report_periods(work: Work) -> PeriodReports:
    """Make the reports of the periods that ended since the last run that Prefect showed, at least those of the last
    month."""
    now = await work.now()
    reports: list[PeriodReport] = []
    for period in await off_loop(periods_due, work.store, now):
        name = RunText("step.report_period", year=period.first.year, month=period.after.month - 1 or 12)
        make = partial(off_loop, partial(gather, work.store, period, now))
        reports.append(await work.step("report-period", make, name, retries=RETRIES))
    return PeriodReports(tuple(reports))


def periods_due(store: Store, now: datetime) -> list[Period]:
    """Return the last month that is over, the months before it that no run has shown, and the quarters they end."""
    with store.looking() as tx:
        shown = tx.row(SHOWN, flow=PERIOD_REPORT).at
    last = month_before(_day(now))
    since = last.first if shown is None else _day(from_micros(shown))
    months = [last]
    while months[-1].first > since and len(months) < MOST_MONTHS:
        months.append(months[-1].before(1))
    return [
        period for month in reversed(months) for period in (month, quarter_of(month)) if period.after == month.after
    ]


def _day(at: datetime) -> date:
    return at.astimezone(reader_zone()).date()
