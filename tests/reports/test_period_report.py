"""The report of a period: the indicators' figures beside the period before, and the one complaint analysis (E2, B7)."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from defusedxml import ElementTree

from engine.create_store import set_clock
from engine.rules.in_force import rules_in
from engine.store import Store
from locales.translation import locales
from models.columns import to_micros
from models.paper import Cell, Paper, PaperTrend
from reports.complaint_analysis import gather as analyse
from reports.indicators.figures import figures
from reports.indicators.periods import period_of
from reports.paper_markdown import paper_markdown, picture
from reports.period_report import PeriodReport, gather
from reports.period_report_text import period_paper
from tests.case_actions import AGENT, DAY, HOUR, START, make_move, new_resolved_case

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.requirement("B7")]

MONTH = 31 * DAY


@pytest.fixture
def lived(sqlite_store: Store) -> Store:
    """Two complaints a month for four months; one of them is paid for, and each is answered."""
    for month in range(4):
        for hour, outcome in enumerate(("satisfied", "dissatisfied")):
            after = month * MONTH + hour * HOUR
            number = new_resolved_case(sqlite_store, after, phone=f"138001380{month}{hour}")
            make_move(sqlite_store, number, "determine_responsibility", after=after)
            make_move(sqlite_store, number, "revisit", by=AGENT, after=after + 2 * HOUR, outcome=outcome)
    set_clock(sqlite_store, START + 4 * MONTH)
    return sqlite_store


def report_of(store: Store, name: str) -> PeriodReport:
    return gather(store, period_of(name), START + 4 * MONTH)


def rows_of(paper: Paper, section: str) -> Mapping[Cell, Sequence[Cell]]:
    [found] = [each for each in paper.sections if each.name == section]
    assert found.table is not None
    return {row[0]: row for row in found.table.rows}


def test_its_figures_are_those_of_the_indicators_and_of_the_analysis(lived: Store):
    for name, months in (("2026-04", 1), ("2026-Q2", 3)):
        report, period = report_of(lived, name), period_of(name)
        as_of = to_micros(START + 4 * MONTH)
        with lived.looking() as tx:
            rules = rules_in(tx)
            for line in report.lines:
                found = figures(tx, rules, [line.indicator], [period.before(1), period], as_of)
                assert found[line.indicator.name] == [line.before, line.figure]
        assert report.analysis == analyse(lived, START + 4 * MONTH, period.first, months)


def test_it_says_figure_and_target_beside_the_period_before_and_who_answered(lived: Store):
    paper = period_paper(report_of(lived, "2026-04"), "en")
    assert paper.title == "Service quality of 2026-04"
    satisfied = rows_of(paper, "Indicators")["Satisfied share"]
    assert str(satisfied[1]).startswith("50.0 %")
    assert str(satisfied[2]).startswith("50.0 %")
    assert "missed" in str(satisfied[3])
    [indicators] = [section for section in paper.sections if section.name == "Indicators"]
    assert any("Response rate: 100.0 %" in text for text in indicators.texts)


def test_the_causes_stand_by_frequency_with_the_share_so_far_and_the_period_before(lived: Store):
    paper = period_paper(report_of(lived, "2026-Q2"), "en")
    [row] = rows_of(paper, "Causes").values()
    assert tuple(row[1:5]) == (6, "100 %", "100 %", 2)
    assert tuple(row[5:]) == (Decimal(0), Decimal(0))
    [again] = rows_of(paper, "Recurrences").values()
    assert tuple(again[2:]) == (8, 6)


@pytest.mark.parametrize("locale", locales())
def test_it_is_complete_in_every_language_and_names_no_case(lived: Store, locale: str):
    text = paper_markdown(period_paper(report_of(lived, "2026-05"), locale))
    words = re.sub(r"base64,\S+", "", text)
    assert not re.search(r"period_report\.|cli\.|analysis\.|[{}]|cp-26|1380", words), words
    assert words.count("\n## ") == 10


def test_a_trend_is_a_picture_in_the_artifact_with_its_target(lived: Store):
    text = paper_markdown(period_paper(report_of(lived, "2026-05"), "en"))
    pictures = [b64decode(code).decode() for code in re.findall(r"data:image/svg\+xml;base64,([^)]+)\)", text)]
    assert pictures
    assert all(ElementTree.fromstring(each).tag.endswith("svg") for each in pictures)
    assert any("dasharray" in each for each in pictures)


def test_a_period_without_a_value_leaves_a_gap_in_the_picture():
    trend = PaperTrend("A < B", ("1", "2", "3", "4"), (Decimal(1), Decimal(2), None, Decimal(3)))
    drawn = picture(trend)
    assert "A &lt; B" in drawn
    [path] = re.findall(r'<path d="([^"]+)"', drawn)
    assert (path.count("M"), path.count("L")) == (2, 1)


def test_a_running_period_says_that_it_is_not_over(lived: Store):
    running = period_paper(report_of(lived, "2026-07"), "en")
    assert any("not over" in text for text in running.texts)
