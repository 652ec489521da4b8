"""Causes are ranked, the few that count most are marked, and a risen one is told from chance (E2, B7)."""

from collections import Counter

import pytest

from reports.indicators.pareto import ranked

pytestmark = pytest.mark.requirement("B7")


def test_the_few_causes_that_make_four_fifths_are_marked_and_what_has_no_cause_stands_last():
    now = Counter({"packing": 60, "": 10, "route": 20, "label": 10})
    found = ranked(Counter({"route": 40, "weather": 3}), now)
    assert [(each.value, each.count, each.before, int(each.cumulative), each.few) for each in found] == [
        ("packing", 60, 0, 60, True),
        ("route", 20, 40, 80, True),
        ("label", 10, 0, 90, False),
        ("", 10, 0, 100, False),
    ]


def test_a_cause_has_risen_only_by_more_than_chance():
    before, now = Counter({"packing": 10, "route": 90}), Counter({"packing": 60, "route": 40})
    assert {each.value: each.risen for each in ranked(before, now)} == {"packing": True, "route": False}
    assert not any(
        each.risen for each in ranked(Counter({"packing": 1, "route": 3}), Counter({"packing": 2, "route": 2}))
    )


def test_without_a_complaint_there_is_no_cause():
    assert ranked(Counter(), Counter({"packing": 0})) == []
