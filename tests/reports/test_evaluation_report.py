"""The evaluation report: figures beside the period before, causes by numbers, and the plans of the period (E3, B7)."""

from datetime import timedelta

import pytest

from apps.evaluation_documents import evaluation_document
from engine.create_store import set_clock
from engine.store import Store
from reports.evaluation_report import evaluation_report
from reports.evaluation_report_text import render
from reports.indicators.periods import last_over, period_of
from tests.case_actions import AGENT, DAY, START, make_move, new_case

pytestmark = pytest.mark.requirement("B7")


@pytest.mark.parametrize(
    ("day", "months", "name"),
    [
        ("2026-04-01", 3, "2026-Q1"),
        ("2026-03-31", 3, "2025-Q4"),
        ("2026-01-01", 1, "2025-12"),
        ("2026-06-30", 12, "2025"),
    ],
)
def test_the_last_period_is_the_one_that_is_over(day: str, months: int, name: str):
    assert last_over(START.date().fromisoformat(day), months).name == name


def test_the_report_is_the_same_whenever_it_is_read_as_of_an_instant(store: Store):
    for _ in range(2):
        number = new_case(store)
        make_move(store, number, "classify", AGENT, category="damage", severity="normal", department="claims")
    then, march = START + timedelta(hours=1), period_of("2026-03")
    set_clock(store, then)
    before = evaluation_document(evaluation_report(store, march, then))
    assert [(each["value"], each["count"]) for each in before["causes"]] == [("", 2)]
    set_clock(store, START + DAY)
    new_case(store, DAY)
    assert evaluation_document(evaluation_report(store, march, then)) == before
    now = evaluation_report(store, march, START + DAY)
    assert now.causes[0].count == 3
    assert "2026-03" in render(now, "zh_CN").splitlines()[0]
