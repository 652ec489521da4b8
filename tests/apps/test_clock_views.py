"""What people and programs see of a clock whose calendar has holidays."""

from datetime import datetime

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.telling import START, alters, resolved


@pytest.mark.parametrize(
    ("result", "calendar", "unsure"),
    [
        ("2026-12-28T09:00+08:00", "cn-office", True),
        ("2026-12-21T09:00+08:00", "cn-office", False),
        ("2026-12-28T09:00+08:00", "cn-hotline", False),
    ],
)
def test_a_clock_of_seven_days_into_an_unpublished_year_is_provisional(
    closeloop: Closeloop, simulated: Store, result: str, calendar: str, unsure: bool
):
    number = resolved(simulated, datetime.fromisoformat(result) - START)
    alters(simulated, "UPDATE clock SET calendar = :calendar WHERE clause = 'revisit'", calendar=calendar)
    clocks = {one["clause"]: one for one in closeloop.told("case", "clocks", number)["clocks"]}
    assert (clocks["revisit"]["amount"], clocks["revisit"]["unit"]) == (7, "days")
    assert clocks["revisit"]["provisional"] is unsure
    assert ("(provisional)" in closeloop("case", "clocks", number).out) is unsure


def test_working_time_alone_is_used(closeloop: Closeloop, simulated: Store, number: str):
    """Opened on a Monday at nine and looked at on Tuesday at ten: eight hours and one."""
    hours = 10 * 3_600_000_000
    sql = "UPDATE clock SET unit = 'business_hours', calendar = 'cn-office', budget = :hours WHERE clause = 'solution'"
    alters(simulated, sql, hours=hours)
    alters(simulated, "UPDATE house SET clock = clock + :day", day=25 * 3_600_000_000)
    clocks = {one["clause"]: one for one in closeloop.told("case", "clocks", number)["clocks"]}
    assert clocks["solution"]["consumed"] == 9 * 3600.0
