"""The periods of figures: a month, a quarter or a year, from midnight to midnight in the zone of the indicator."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from models.columns import to_micros
from statemachines.refused import Refused

NAME = re.compile(r"(?P<year>(?:19[7-9]|20|21)\d\d?)(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])))?")
MONTHS = {"month": 1, "quarter": 3}
"""How many months a period has of which a pack says that something is done for each."""
TREND = 12
"""How many periods before the one that is asked for a trend shows."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its name: ``2026-05``, ``2026-Q2`` or ``2026``; ``first`` is its first day."""

    name: str
    first: date
    months: int

    def begins(self, zone: ZoneInfo) -> int:
        """Return the instant at which it begins, in microseconds."""
        return to_micros(datetime.combine(self.first, time(), zone))

    def ends(self, zone: ZoneInfo) -> int:
        """Return the instant at which it is over, in microseconds."""
        return to_micros(datetime.combine(self.after, time(), zone))

    @property
    def after(self) -> date:
        """Return the first day after it."""
        return _shifted(self.first, self.months)

    def before(self, periods: int) -> "Period":
        """Return the period of the same length that lies so many periods before."""
        return _of(_shifted(self.first, -self.months * periods), self.months)


def period_of(name: str) -> Period:
    """Return the period of a name. Raises ``Refused('bad_period')``."""
    found = NAME.fullmatch(name)
    year = int(found["year"]) if found else 0
    if found is None or not 1970 <= year < 2200:
        raise Refused("bad_period", value=name[:40])
    if found["month"]:
        return _of(date(year, int(found["month"]), 1), 1)
    return _of(date(year, int(found["quarter"]) * 3 - 2, 1), 3) if found["quarter"] else _of(date(year, 1, 1), 12)


def trend_to(period: Period, periods: int = TREND) -> Sequence[Period]:
    """Return the periods before one and itself, oldest first; none that begins before 1970."""
    earlier = min(periods, ((period.first.year - 1970) * 12 + period.first.month - 1) // period.months)
    return [period.before(number) for number in range(earlier, -1, -1)]


def month_of(day: date) -> Period:
    """Return the month in which a day lies."""
    return _of(day.replace(day=1), 1)


def month_before(day: date) -> Period:
    """Return the last month that was over on a day."""
    return last_over(day, 1)


def last_over(day: date, months: int) -> Period:
    """Return the last month, quarter or year (1, 3 or 12 months) that was over on a day."""
    begin = day.month - 1 - (day.month - 1) % months + 1
    return _of(_shifted(day.replace(month=begin, day=1), -months), months)


def quarter_of(month: Period) -> Period:
    """Return the quarter in which a month lies."""
    return _of(_shifted(month.first, -((month.first.month - 1) % 3)), 3)


def _of(first: date, months: int) -> Period:
    names = {1: f"{first:%Y-%m}", 3: f"{first.year}-Q{(first.month + 2) // 3}", 12: f"{first.year}"}
    return Period(names[months], first, months)


def _shifted(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
