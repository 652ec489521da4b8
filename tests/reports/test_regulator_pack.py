"""The regulator's pack: its rows add up to the indicators, to the last digit, and it stays what it was (F1, H1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

import pytest

from engine.access.condition import EVERY_CASE
from engine.create_store import set_clock
from engine.rules.in_force import rules_in
from engine.rules.indicator_definition import Statistic
from engine.rules.indicator_queries import QUERIES, Measured
from engine.store import Store
from models.columns import to_micros
from models.paper import Paper, PaperTable
from reports.indicators.periods import Period, period_of
from reports.indicators.statistics import rounded
from reports.pseudonymisation import Pseudonymisation
from reports.regulator_pack import Counted, RegulatorPack, gather
from reports.regulator_pack_text import pack_paper, within_seven_days
from reports.run_figures import HOUR as HOUR_IN_MICROS
from tests.case_actions import AGENT, DAY, HOUR, START, make_move, new_case, new_resolved_case, refusal
from tests.reports.indicators.random_store import random_store

pytestmark = pytest.mark.requirement("F1")

MARCH = period_of("2026-03")
LATER = START + 300 * DAY


def pack_of(store: Store, as_of: datetime = START + 40 * DAY, period: Period = MARCH) -> RegulatorPack:
    with store.looking() as tx:
        return gather(tx, rules_in(tx), period, to_micros(as_of), EVERY_CASE, most=100)


def paper_of(store: Store, reason: str = "", as_of: datetime = START + 40 * DAY) -> Paper:
    return pack_paper(pack_of(store, as_of), Pseudonymisation(store.secret, whole=bool(reason)), reason, "en")


def table_of(paper: Paper, name: str) -> PaperTable:
    [section] = [section for section in paper.sections if section.name == name]
    assert section.table is not None
    return section.table


def row_of(paper: Paper, number: str) -> dict[str, object]:
    table = table_of(paper, "Complaints")
    [row] = [row for row in table.rows if row[0] == number]
    return dict(zip(table.heads, row, strict=True))


def sums(counted: Counted) -> Iterator[int]:
    yield from (total for _, total in counted.by_case.values())


@pytest.mark.requirement("E2")
def test_what_the_listed_complaints_count_adds_up_to_each_indicator(store: Store):
    random_store(store, 14, seed=4)
    set_clock(store, START + 100 * DAY)
    pack = pack_of(store)
    figures = {indicator.name: figure for indicator, figure in pack.statistics}
    checked = 0
    for each in pack.counted:
        figure, query = figures[each.indicator.name], QUERIES[each.indicator.sides[each.side].query]
        if query.measured is Measured.DURATION:
            assert figure.sample == len(each.by_case)
            if each.indicator.statistic is Statistic.MEDIAN:
                assert rounded(Fraction(median(map(Fraction, sums(each)))) / HOUR_IN_MICROS) == figure.value
        else:
            assert sum(sums(each)) == getattr(figure, each.side)
            checked += bool(sum(sums(each)))
    assert checked > 12
    received = [case for case in pack.complaints if case.received]
    assert received
    assert len(received) == figures["complaint_rate"].numerator
    assert {case.row.id for case in pack.complaints} >= {case_id for each in pack.counted for case_id in each.by_case}


def test_the_pack_of_an_instant_is_the_same_a_year_later(sqlite_store: Store):
    random_store(sqlite_store, 6, seed=5)
    number = new_resolved_case(sqlite_store, 19 * DAY)
    first = paper_of(sqlite_store, as_of=START + 20 * DAY)
    make_move(sqlite_store, number, "revisit", by=AGENT, after=200 * DAY, outcome="dissatisfied")
    make_move(sqlite_store, number, "reclassify", after=201 * DAY, category="damage", department="hotline")
    set_clock(sqlite_store, LATER)
    assert paper_of(sqlite_store, as_of=START + 20 * DAY) == first


def test_an_earlier_complaint_that_counts_in_the_period_is_listed_as_such(sqlite_store: Store):
    number = new_resolved_case(sqlite_store)
    make_move(sqlite_store, number, "revisit", by=AGENT, after=32 * DAY)
    set_clock(sqlite_store, START + 70 * DAY)
    april = pack_of(sqlite_store, START + 70 * DAY, period_of("2026-04"))
    assert [(case.row.number, case.received) for case in april.complaints] == [(number, False)]


def test_a_row_says_when_what_was_done_and_how_it_ended(sqlite_store: Store):
    number = new_case(sqlite_store, customer="Ms Wang", phone="13800138000", channel="hotline")
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "reply", after=HOUR)
    make_move(sqlite_store, number, "investigate", after=2 * HOUR)
    make_move(sqlite_store, number, "determine_responsibility", after=3 * HOUR)
    make_move(sqlite_store, number, "confirm_responsibility", after=3 * HOUR)
    make_move(sqlite_store, number, "compensate", by="han", after=3 * HOUR)
    make_move(sqlite_store, number, "resolve", after=8 * DAY)
    make_move(sqlite_store, number, "revisit", by=AGENT, after=9 * DAY, outcome="dissatisfied")
    row = row_of(paper_of(sqlite_store), number)
    assert row["First reply"] == "2026-03-02 10:00"
    assert row["Solution"] == "late, due 2026-03-03 09:00"
    assert (row["Result"], row["Within seven days"]) == ("2026-03-10 09:00", "no")
    assert (row["Compensation (yuan)"], row["Rounds reopened"]) == (Decimal(500), 1)
    assert row["Customer's answer"] == "dissatisfied"
    assert str(row["Customer"]).startswith("p-")
    assert str(row["Result by"]).startswith("a-")


@pytest.mark.parametrize(("after", "within"), [(7 * DAY, True), (7 * DAY + timedelta(microseconds=1), False)])
def test_seven_days_are_seven_times_twenty_four_hours(sqlite_store: Store, after: timedelta, within: bool):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "investigate")
    [open_] = pack_of(sqlite_store, START + 7 * DAY).complaints
    assert within_seven_days(open_, to_micros(START + 7 * DAY)) is None
    make_move(sqlite_store, number, "resolve", after=after)
    [case] = pack_of(sqlite_store).complaints
    assert within_seven_days(case, to_micros(START + 40 * DAY)) is within


@pytest.mark.requirement("H1")
def test_people_stand_in_it_by_name_only_where_a_reason_is_given(sqlite_store: Store):
    number = new_resolved_case(sqlite_store, customer="Ms Wang", phone="13800138000")
    without, named = paper_of(sqlite_store), paper_of(sqlite_store, "Letter 12 of the bureau.")
    assert not {"Ms Wang", "han"} & set(map(str, row_of(without, number).values()))
    row = row_of(named, number)
    assert (row["Customer"], row["Result by"]) == ("Ms Wang", "han")
    assert any("Letter 12 of the bureau." in text for text in named.texts)


def test_more_complaints_than_a_file_holds_are_refused_with_their_number(sqlite_store: Store):
    for hour in range(3):
        new_case(sqlite_store, hour * HOUR)
    with sqlite_store.looking() as tx:
        refused = refusal(lambda: gather(tx, rules_in(tx), MARCH, to_micros(LATER), EVERY_CASE, most=2))
    assert (refused.code, refused.params) == ("pack_too_long", {"count": 3, "most": 2})
