"""The outages that a driver records: its own, the database's, and those of a suspended machine."""

import asyncio
from datetime import timedelta

import pytest

from apps.watch import Watch
from engine.outages import SHORTEST, Outage, outages
from flows.work import Work
from statemachines.lifecycle import Refused
from tests.case_actions import DAY, HOUR, START

MINUTE = timedelta(minutes=1)


def observe(work: Work, watch: Watch, *after: timedelta) -> None:
    for at in after:
        asyncio.run(watch.saw(work, START + at))


def ended_outages(work: Work) -> list[Outage]:
    with work.store.looking() as tx:
        return outages(tx, START, START + DAY)[:-1]  # without the one that still lasts


def test_regular_passes_leave_no_outage(work: Work):
    observe(work, Watch(), *(MINUTE * n for n in range(30)))
    assert ended_outages(work) == []


def test_a_new_driver_records_since_when_there_was_none(work: Work):
    observe(work, Watch(), HOUR)
    observe(work, Watch(), HOUR * 6)
    assert ended_outages(work) == [Outage("driver_away", START + HOUR, START + HOUR * 6)]


def test_the_first_driver_of_a_store_records_no_outage(work: Work):
    observe(work, Watch(), HOUR * 6)
    assert ended_outages(work) == []


def test_a_restart_is_no_outage(work: Work):
    observe(work, Watch(), HOUR)
    observe(work, Watch(), HOUR + SHORTEST - MINUTE)
    assert ended_outages(work) == []


def test_a_suspended_machine_is_an_outage(work: Work):
    """Its clock leaps ahead while one driver runs."""
    observe(work, Watch(), HOUR, HOUR + MINUTE, HOUR * 9)
    assert ended_outages(work) == [Outage("driver_away", START + HOUR + MINUTE, START + HOUR * 9)]


@pytest.mark.parametrize("why", ["database_away", "disk_full", "busy"])
def test_an_outage_has_its_first_reason_and_begins_at_the_first_failed_pass(work: Work, why: str):
    watch = Watch()
    observe(work, watch, HOUR)
    watch.failed(Refused(why), START + HOUR + MINUTE)
    watch.failed(ValueError(), START + HOUR * 2)
    observe(work, watch, HOUR * 4)
    assert ended_outages(work) == [Outage(why, START + HOUR + MINUTE, START + HOUR * 4)]
    observe(work, watch, HOUR * 4 + MINUTE)
    assert len(ended_outages(work)) == 1


def test_a_short_failure_is_no_outage(work: Work):
    watch = Watch()
    watch.failed(ValueError(), START + HOUR)
    observe(work, watch, HOUR + MINUTE)
    assert ended_outages(work) == []


def test_a_clock_that_was_set_back_is_no_outage(work: Work):
    observe(work, Watch(), HOUR * 5, HOUR, HOUR + MINUTE)
    assert ended_outages(work) == []
