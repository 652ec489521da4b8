"""The monthly analysis: what was complained of, what came again, what is done about it, and how it was handled (B7)."""

import asyncio
import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from engine.create_store import set_clock
from engine.escalation.fire import fire_due
from engine.store import Store
from flows.scheduled_work import analyse_complaints, run_scheduled
from flows.work import Work
from locales.translation import label, locales
from reports.complaint_analysis import (
    LISTED,
    TOP,
    ComplaintAnalysis,
    MeasureTaken,
    _pages,
    _span,
    gather,
    month_of,
    shifted,
)
from reports.complaint_analysis_text import SHOWN, render
from tests.case_actions import AGENT, DAY, HOUR, MANAGER, START, case_of, execute_sql, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("B7")

NONE = 0 * HOUR
FEBRUARY, MARCH, APRIL, MAY, JUNE, JULY = (date(2026, month, 1) for month in range(2, 8))
IN_APRIL, IN_MAY, IN_JUNE, IN_JULY = (DAY * days for days in (31, 62, 92, 123))
END_OF_MARCH = timedelta(days=29, hours=15)
"""From ``START`` to midnight in Shanghai, when April begins."""
LAST = timedelta(microseconds=1)


def analysed(store: Store, month: date, at: timedelta = DAY * 400) -> ComplaintAnalysis:
    return gather(store, START + at, month)


def found(store: Store, after: timedelta, cause: str | None = "handling", party: str | None = "carrier") -> str:
    """A complaint whose cause is found, and who answers for it, all at one instant; its number."""
    number = new_case(store, after)
    make_move(store, number, "classify", after=after)
    make_move(store, number, "investigate", after=after, cause=cause)
    if party:
        make_move(store, number, "determine_responsibility", after=after, cause=cause, responsible=party)
    return number


def words(**code: str) -> str:
    """What an English reader sees of a code."""
    [(sort, name)] = code.items()
    return label("en", "complaint", sort, name)


def done(store: Store, after: timedelta, hours: float) -> str:
    """A complaint that has its first result so many hours after it was opened."""
    number = found(store, after)
    make_move(store, number, "resolve", after=after + HOUR * hours)
    return number


def test_it_is_about_the_month_before_this_one_as_people_here_count(work: Work):
    set_clock(work.store, START + END_OF_MARCH - LAST)
    assert asyncio.run(analyse_complaints(work)).month.first == FEBRUARY
    set_clock(work.store, START + END_OF_MARCH)
    told = asyncio.run(analyse_complaints(work))
    assert (told.month.first, told.before.first) == (MARCH, FEBRUARY)
    assert asyncio.run(analyse_complaints(work, date(2026, 1, 31))).month.first == date(2026, 1, 1)


def test_months_follow_each_other_over_the_year():
    assert [shifted(FEBRUARY, months) for months in (-2, -1, 0, 11)] == [
        date(2025, 12, 1), date(2026, 1, 1), FEBRUARY, date(2027, 1, 1),
    ]  # fmt: skip
    assert month_of(START + END_OF_MARCH) == APRIL


def test_a_month_that_still_runs_is_not_over(store: Store):
    assert analysed(store, MARCH, END_OF_MARCH - LAST).over is False
    assert analysed(store, MARCH, END_OF_MARCH).over is True


def test_complaints_belong_to_the_month_in_which_they_came(store: Store):
    for after in (NONE, DAY, END_OF_MARCH - LAST, END_OF_MARCH):
        new_case(store, after)
    told = analysed(store, APRIL)
    assert (told.before.received, told.month.received, told.did) == (3, 1, 1)


def test_a_complaint_is_open_until_it_closes(store: Store):
    soon, late, never = (new_case(store, DAY) for _ in range(3))
    make_move(store, soon, "withdraw", after=DAY * 2)
    make_move(store, late, "withdraw", after=END_OF_MARCH)
    march, april = (analysed(store, month).month for month in (MARCH, APRIL))
    assert (march.received, march.closed, march.open_at_end) == (3, 1, 2)
    assert (april.received, april.closed, april.open_at_end) == (0, 1, 1)
    assert case_of(store, never)["closed"] in (0, False)
    assert analysed(store, FEBRUARY).month.open_at_end == 0


def test_a_complaint_closes_when_that_happened_and_not_when_it_was_recorded(store: Store):
    number = done(store, NONE, 1)
    make_move(store, number, "revisit", after=DAY)
    fire_due(store, START + IN_APRIL)  # its archiving fell due in March, when nobody was there
    march, april = (analysed(store, month).month for month in (MARCH, APRIL))
    assert (march.closed, march.open_at_end, april.closed, april.open_at_end) == (1, 0, 0, 0)


def test_they_are_split_by_what_they_are_about(store: Store):
    for severity in ("high", "high", "low"):
        make_move(store, new_case(store), "classify", category="loss", severity=severity, department="claims")
    new_case(store)
    found(store, NONE, cause="packing", party=None)
    assert analysed(store, MARCH).month.received_by == {
        "category": {"loss": 3, "damage": 1, "": 1},
        "severity": {"high": 3, "low": 1, "": 1},
        "department": {"claims": 4, "": 1},
        "cause": {"packing": 1, "": 4},
    }


def test_the_cause_that_was_determined_counts_and_not_the_first_guess(store: Store):
    number = found(store, NONE, cause="packing", party=None)
    make_move(store, number, "determine_responsibility", cause="handling")
    assert analysed(store, MARCH).month.received_by["cause"] == {"handling": 1}


def test_without_a_cause_on_the_case_the_last_investigation_tells_it(store: Store):
    number = found(store, NONE, cause="packing", party=None)
    make_move(store, number, "resolve", after=HOUR)
    make_move(store, number, "revisit", after=DAY, outcome="dissatisfied")
    assert execute_sql(store, "UPDATE cases SET variables = '{}'") == 1
    assert analysed(store, MARCH).month.received_by["cause"] == {"packing": 1}
    execute_sql(store, """UPDATE cases SET variables = '{"responsible":"carrier"}'""")
    assert analysed(store, MARCH).month.received_by["cause"] == {"packing": 1}


def test_the_same_cause_and_party_again_is_a_recurrence(store: Store):
    first, second = found(store, NONE), found(store, DAY)
    found(store, DAY, party="warehouse")
    found(store, DAY, cause="packing")
    [again] = analysed(store, MARCH).recurrences
    assert (again.cause, again.responsible) == ("handling", "carrier")
    assert (again.times, again.this_month, again.numbers) == (2, 2, (first, second))


def test_three_months_are_looked_back_upon(store: Store):
    early, middle, latest = (found(store, after) for after in (NONE, IN_MAY, IN_JUNE))
    [again] = analysed(store, JUNE).recurrences
    assert (again.times, again.this_month, again.numbers) == (3, 1, (early, middle, latest))
    assert analysed(store, JULY).recurrences == (), "it did not come again in July"
    last = found(store, IN_JULY)
    [again] = analysed(store, JULY).recurrences
    assert (again.times, again.numbers) == (3, (middle, latest, last)), "March is too long ago"


def test_a_complaint_of_the_first_instant_belongs_to_its_month_alone(store: Store):
    march, april = found(store, END_OF_MARCH - LAST), found(store, END_OF_MARCH)
    assert analysed(store, MARCH).recurrences == ()
    july = found(store, IN_JULY)
    [again] = analysed(store, JULY).recurrences
    assert march not in again.numbers
    assert again.numbers == (april, july)


def test_what_came_again_most_often_stands_first_and_names_its_latest_cases(sqlite_store: Store):
    for _ in range(2):
        found(sqlite_store, NONE, cause="a")
    numbers = [found(sqlite_store, NONE, cause="b") for _ in range(LISTED + 1)]
    most, least = analysed(sqlite_store, MARCH).recurrences
    assert (most.cause, most.times, most.numbers) == ("b", LISTED + 1, tuple(numbers[1:]))
    assert (least.cause, least.times) == ("a", 2)
    assert f", {numbers[-1]} … |" in render(analysed(sqlite_store, MARCH), "en")


def test_a_merged_case_and_a_party_who_answers_for_nothing_are_no_recurrence(store: Store):
    stays, goes = found(store, NONE), found(store, NONE)
    make_move(store, found(store, NONE), "determine_responsibility", degree="none")
    found(store, NONE, party=None)
    assert len(analysed(store, MARCH).recurrences) == 1
    make_move(store, goes, "merge", into=stays)
    told = analysed(store, MARCH)
    assert (told.recurrences, told.month.received_by["cause"]) == ((), {"handling": 4})


PLAN, FINDING = "improvement_plan", "finding"


def linked(store: Store, parent: str, kind: str = PLAN) -> str:
    """A case that came of another one; its number."""
    child = new_case(store)
    execute_sql(store, "UPDATE cases SET kind = :kind WHERE number = :number", kind=kind, number=child)
    ids = {"parent": case_of(store, parent)["id"], "child": case_of(store, child)["id"]}
    sql = "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent, :child, 'came_of', 0)"
    execute_sql(store, sql, **ids)
    return child


def test_what_is_done_about_a_cause_stands_beside_it(store: Store):
    early, latest = found(store, NONE), found(store, IN_MAY)
    found(store, IN_MAY, cause="packing")
    plan, finding = linked(store, early), linked(store, latest, FINDING)
    for no_measure in ("recovery", "complaint"):
        linked(store, latest, no_measure)
    execute_sql(store, "UPDATE cases SET closed = :yes WHERE number = :number", yes=True, number=plan)
    told = analysed(store, MAY)
    cause, plans, findings = words(cause="handling"), words(kind=PLAN), words(kind=FINDING)
    assert f"| {cause} | {plans} {plan} (closed), {findings} {finding} |" in render(told, "en")
    assert told.measures == {
        "handling": (
            MeasureTaken(PLAN, "came_of", plan, closed=True),
            MeasureTaken(FINDING, "came_of", finding, closed=False),
        ),
        "packing": (),
    }
    assert told.month.received == 2, "what came of a complaint in March came in March"


def test_measures_are_told_of_the_top_causes_and_a_plan_for_many_cases_once(sqlite_store: Store):
    for cause in "abcdefg":
        found(sqlite_store, NONE, cause=cause)
    first, second = found(sqlite_store, NONE, cause="g"), found(sqlite_store, NONE, cause="g")
    plan = linked(sqlite_store, first)
    sql = "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent, :child, 'came_of', 0)"
    ids = {"parent": case_of(sqlite_store, second)["id"], "child": case_of(sqlite_store, plan)["id"]}
    execute_sql(sqlite_store, sql, **ids)
    measures = analysed(sqlite_store, MARCH).measures
    assert list(measures) == list("gabcd")
    assert len(measures) == TOP
    assert measures["g"] == (MeasureTaken(PLAN, "came_of", plan, closed=False),)


def test_promises_count_in_the_month_in_which_they_were_answered(store: Store):
    number = new_case(store, END_OF_MARCH - HOUR)
    make_move(store, number, "reply", after=END_OF_MARCH - LAST, by=AGENT)
    make_move(store, number, "propose_solution", after=END_OF_MARCH + DAY, by=AGENT)
    march, april = (analysed(store, month).month.handling for month in (MARCH, APRIL))
    assert (march.kept, march.late) == ({"first_reply": 1}, {})
    assert (april.kept["solution"], april.late["solution"]) == (0, 1)
    assert "first_reply" not in april.kept | april.late


def test_a_result_that_is_not_accepted_is_a_round_more(store: Store):
    number, other = done(store, NONE, 1), done(store, NONE, 2)
    make_move(store, number, "revisit", after=DAY, outcome="dissatisfied")
    make_move(store, other, "tell_result", after=DAY, opinion="rejected")
    make_move(store, number, "resolve", after=DAY * 2)
    make_move(store, number, "revisit", after=DAY * 3)
    told = analysed(store, MARCH).month.handling
    assert (told.results, told.further, told.reopened, told.reopened_percent) == (3, 1, 2, 66.7)
    assert told.answers == {"satisfied": 1, "dissatisfied": 1}
    april = analysed(store, APRIL)
    assert april.month.handling.reopened_percent is None
    assert april.before.handling == told


def test_an_end_that_satisfied_nobody_is_counted_as_such(store: Store):
    make_move(store, done(store, NONE, 1), "refer", after=DAY, by=MANAGER)
    make_move(store, new_case(store), "withdraw", after=DAY)
    assert analysed(store, MARCH).month.handling.unsatisfied_ends == 1


def test_hours_are_counted_to_the_first_result(store: Store):
    for hours in range(1, 11):
        done(store, DAY, hours)
    again = done(store, NONE, 100)
    make_move(store, again, "revisit", after=DAY * 5, outcome="dissatisfied")
    make_move(store, again, "resolve", after=DAY * 20)
    told = analysed(store, MARCH).month.handling
    assert (told.median, told.p90) == (6.0, 10.0)
    assert analysed(store, FEBRUARY).month.handling.median is None


def test_the_median_of_an_even_number_lies_between(store: Store):
    for hours in (1, 2, 4, 9):
        done(store, NONE, hours)
    told = analysed(store, MARCH).month.handling
    assert (told.median, told.p90) == (3.0, 9.0)


def test_a_quiet_month_counts_nothing(store: Store):
    told = analysed(store, MARCH)
    assert (told.month.received, told.month.closed, told.month.open_at_end) == (0, 0, 0)
    assert (told.recurrences, told.measures, told.did) == ((), {}, 0)


def test_the_complaints_are_read_page_by_page(store: Store):
    numbers = [new_case(store, DAY * day) for day in (3, 0, 2, 1, 40)]
    with store.looking() as tx:
        for page in (1, 2, 4, 9):
            assert [row.number for row in _pages(tx, _span(MARCH), page)] == numbers[:4]


def test_the_scheduled_work_is_written_down(work: Work):
    found(work.store, NONE)
    set_clock(work.store, START + END_OF_MARCH)
    told = asyncio.run(run_scheduled(work, "complaint-analysis"))
    assert isinstance(told, ComplaintAnalysis)
    assert told.month.first == MARCH
    assert query_rows(work.store, "SELECT flow, did FROM run") == [{"flow": "complaint-analysis", "did": 1}]


CANARY: dict[str, Any] = {"customer": "Canary Wang", "phone": "13800138000", "subject": "canary"}


@pytest.fixture
def busy(sqlite_store: Store) -> Store:
    """Two months with something of everything."""
    store = sqlite_store
    for after in (NONE, IN_APRIL):
        number = done(store, after, 30)
        make_move(store, number, "revisit", after=after + DAY * 2, outcome="dissatisfied", words="canary")
        linked(store, number)
    make_move(store, new_case(store, IN_APRIL, text="canary", **CANARY), "reply", after=IN_APRIL + HOUR)
    found(store, IN_APRIL, cause="packing", party=None)
    return store


def test_it_reads_well_in_every_language(busy: Store):
    for month in (FEBRUARY, APRIL):
        told = analysed(busy, month, at=IN_APRIL + DAY * 3)
        for locale in locales():
            text = render(told, locale)
            assert f"{month:%Y-%m}" in text.splitlines()[0]
            assert not re.search(r"analysis\.|\w+\.(?:clause|cause|severity|department)\.|[{}]|anary|1380", text), text
            assert text.count("\n## ") == 8


def test_it_says_what_there_is_to_say(busy: Store):
    told = analysed(busy, APRIL, at=IN_APRIL + DAY * 3)
    text = render(told, "en")
    [again] = told.recurrences
    assert "The month is not over" in text
    assert "| Received | 3 | 1 |" in text
    assert "| High | 2 | 1 |" in text
    assert "| not established | 1 | 0 |" in text
    cause, party = words(cause="handling"), words(responsible="carrier")
    assert f"| {cause} | {party} | 2 | 1 | {', '.join(again.numbers)} |" in text
    assert f"| {cause} | {words(kind=PLAN)} {told.measures['handling'][0].number}, " in text
    assert f"| {words(cause='packing')} | no measure yet |" in text
    assert "| First reply: kept / late | 1 / 1 | 0 / 1 |" in text
    assert "| Reopened (times, and against those resolved) | 1 (100 %) | 1 (100 %) |" in text
    assert "| Dissatisfied at the callback | 1 | 1 |" in text
    assert "| From opening to first result, median hours | 30 | 30 |" in text
    assert "The month is not over" not in render(analysed(busy, APRIL), "en")


def test_a_long_list_says_how_much_more_there_is(sqlite_store: Store):
    for n in range(SHOWN + 3):
        make_move(sqlite_store, new_case(sqlite_store), "classify", category=f"c{n}")
    told = analysed(sqlite_store, MARCH)
    assert told.month.received_by["category"] == Counter({f"c{n}": 1 for n in range(SHOWN + 3)})
    text = render(told, "en")
    assert len(re.findall(r"^\| c\d+ \|", text, re.MULTILINE)) == SHOWN
    assert "3 more rows are not shown." in text


def test_what_vanished_since_the_month_before_is_still_seen(sqlite_store: Store):
    found(sqlite_store, NONE, cause="packing")
    assert f"| {words(cause='packing')} | 0 | 1 |" in render(analysed(sqlite_store, APRIL), "en")
