"""Intervals, drift and the check: what is foretold is as uncertain as the past was, and the check can fail."""

import pytest

from reports.staffing.drift import JudgedCase, drift
from reports.staffing.intervals import forecast
from reports.staffing.judging import Promise, Verdict
from reports.staffing.self_check import FAILS, HOLDS, TOO_FEW, TOO_WIDE, Checked
from reports.staffing.smallest import smallest_rosters
from reports.staffing.staffed_hours import HOUR

pytestmark = pytest.mark.requirement("K3")

REPLY: Promise = ("complaint", "first_reply")
DAY, DAYS = 24 * HOUR, 200


def said(runs: list[tuple[int, int]], drifted: float = 0.0):
    found = forecast(runs, drifted)
    assert found is not None
    return found


def test_runs_that_agree_are_as_uncertain_as_their_size():
    few, many = said([(8, 10)] * 5), said([(800, 1000)] * 5)
    assert few.share == many.share == 0.8
    assert few.high - few.low > 5 * (many.high - many.low) > 0


def test_runs_that_differ_and_a_past_that_drifted_widen_the_interval():
    alike, different, drifted = (
        said([(800, 1000)] * 4),
        said([(600, 1000), (1000, 1000)] * 2),
        said([(800, 1000)], 0.04),
    )
    assert different.low < alike.low - 0.2
    assert drifted.low < alike.low - 0.2


def test_what_was_always_kept_is_not_certain_to_be():
    assert said([(10, 10)] * 3).low < 0.9


def test_without_promises_nothing_is_foretold():
    assert forecast([(0, 0)], 0.0) is None


def judged(kept_on: list[bool]) -> list[JudgedCase]:
    """Return ten cases a day, all kept or all broken."""
    return [JudgedCase(day * DAY, [Verdict(REPLY, kept)]) for day, kept in enumerate(kept_on) for _ in range(10)]


def test_a_past_that_stays_does_not_drift_and_one_that_turns_does():
    stays = drift(judged([True] * DAYS), 0, DAYS * DAY, 30)
    turns = drift(judged([True] * (DAYS // 2) + [False] * (DAYS // 2)), 0, DAYS * DAY, 30)
    assert stays == {REPLY: 0.0}
    assert turns[REPLY] > 0.1


def test_a_past_too_short_to_compare_has_no_drift():
    assert drift(judged([True]), 0, DAY, 30) == {}


def test_the_check_holds_only_where_the_truth_lies_in_a_narrow_interval():
    narrow, wide = said([(800, 1000)] * 4), said([(800, 1000)], 0.5)
    verdicts = [
        Checked(REPLY, kept, 1000, foretold).verdict
        for kept, foretold in ((800, narrow), (100, narrow), (800, wide), (800, None))
    ]
    assert verdicts == [HOLDS, FAILS, TOO_WIDE, TOO_FEW]


def test_the_smallest_roster_is_the_first_that_keeps_the_target():
    shares = {-1: 0.5, 0: 0.8, 1: 0.85, 2: 0.9, 3: 0.95, 8: 0.99}

    def forecasts(more: int):
        share = shares[max(known for known in shares if known <= more)]
        return {REPLY: said([(round(1000 * share), 1000)])}

    [found] = smallest_rosters(forecasts, [REPLY], 0.9, people=2)
    assert (found.more, found.people) == (2, 4)
    [never] = smallest_rosters(forecasts, [REPLY], 0.999, people=2)
    assert (never.more, never.people) == (None, None)
