"""What a driver notices of absences: its own, the database's, and a machine that slept."""

import asyncio
from datetime import timedelta

import pytest

from apps.watch import Watch
from engine.outages import SHORTEST, Outage, outages
from flows.work import Work
from statemachines.lifecycle import Refused
from tests.case_actions import DAY, HOUR, START

MINUTE = timedelta(minutes=1)


def saw(work: Work, watch: Watch, *after: timedelta) -> None:
    for at in after:
        asyncio.run(watch.saw(work, START + at))


def told(work: Work) -> list[Outage]:
    with work.store.looking() as tx:
        return outages(tx, START, START + DAY)[:-1]  # without the one that lasts still


def test_a_watch_that_is_kept_has_no_gap(work: Work):
    saw(work, Watch(), *(MINUTE * n for n in range(30)))
    assert told(work) == []


def test_a_new_driver_tells_since_when_there_was_none(work: Work):
    saw(work, Watch(), HOUR)
    saw(work, Watch(), HOUR * 6)
    assert told(work) == [Outage("driver_away", START + HOUR, START + HOUR * 6)]


def test_the_first_driver_of_a_house_was_not_away(work: Work):
    saw(work, Watch(), HOUR * 6)
    assert told(work) == []


def test_a_restart_is_no_gap(work: Work):
    saw(work, Watch(), HOUR)
    saw(work, Watch(), HOUR + SHORTEST - MINUTE)
    assert told(work) == []


def test_a_machine_that_slept_tells_so(work: Work):
    """Its clock leaps ahead within one driver's life."""
    saw(work, Watch(), HOUR, HOUR + MINUTE, HOUR * 9)
    assert told(work) == [Outage("driver_away", START + HOUR + MINUTE, START + HOUR * 9)]


@pytest.mark.parametrize("why", ["database_away", "disk_full", "busy"])
def test_trouble_is_told_with_its_first_reason_from_the_first_pass_that_failed(work: Work, why: str):
    watch = Watch()
    saw(work, watch, HOUR)
    watch.failed(Refused(why), START + HOUR + MINUTE)
    watch.failed(ValueError(), START + HOUR * 2)
    saw(work, watch, HOUR * 4)
    assert told(work) == [Outage(why, START + HOUR + MINUTE, START + HOUR * 4)]
    saw(work, watch, HOUR * 4 + MINUTE)
    assert len(told(work)) == 1


def test_short_trouble_is_none_to_tell(work: Work):
    watch = Watch()
    watch.failed(ValueError(), START + HOUR)
    saw(work, watch, HOUR + MINUTE)
    assert told(work) == []


def test_a_clock_that_was_set_back_is_no_gap(work: Work):
    saw(work, Watch(), HOUR * 5, HOUR, HOUR + MINUTE)
    assert told(work) == []
