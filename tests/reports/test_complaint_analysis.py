"""The monthly analysis: subjects of the complaints, recurrences, measures and handling (B7)."""

import asyncio
import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from engine.categories import add_categories
from engine.create_store import set_clock
from engine.escalation.fire import fire_due
from engine.rules.in_force import rules_in
from engine.store import Store
from flows.scheduled_work import analyse_complaints, run_scheduled
from flows.work import Work
from locales.translation import label, locales
from models.columns import to_micros
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
from reports.indicators.figures import figures
from reports.indicators.periods import period_of
from tests.case_actions import AGENT, DAY, HOUR, MANAGER, START, case_of, execute_sql, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("B7")

NONE = 0 * HOUR
FEBRUARY, MARCH, APRIL, MAY, JUNE, JULY = (date(2026, month, 1) for month in range(2, 8))
IN_APRIL, IN_MAY, IN_JUNE, IN_JULY = (DAY * days for days in (31, 62, 92, 123))
END_OF_MARCH = timedelta(days=29, hours=15)
"""From ``START`` to midnight in Shanghai, when April begins."""
LAST = timedelta(microseconds=1)


def analysis_of(store: Store, month: date, at: timedelta = DAY * 400) -> ComplaintAnalysis:
    """Gather the analysis of a month, as it is at an instant."""
    return gather(store, START + at, month)


def new_complaint_with_cause(
    store: Store, after: timedelta, cause: str | None = "handling", party: str | None = "carrier"
) -> str:
    """Open a complaint, establish its cause and who answers for it, all at one instant; return its number."""
    number = new_case(store, after)
    make_move(store, number, "classify", after=after)
    make_move(store, number, "investigate", after=after, cause=cause)
    if party:
        make_move(store, number, "determine_responsibility", after=after, cause=cause, responsible=party)
    return number


def label_of(**code: str) -> str:
    """Return the English label of a code."""
    [(sort, name)] = code.items()
    return label("en", "complaint", sort, name)


def new_complaint_with_result(store: Store, after: timedelta, hours: float) -> str:
    """Open a complaint and resolve it so many hours later; return its number."""
    number = new_complaint_with_cause(store, after)
    make_move(store, number, "resolve", after=after + HOUR * hours)
    return number


def test_the_analysis_covers_the_previous_local_month(work: Work):
    set_clock(work.store, START + END_OF_MARCH - LAST)
    assert asyncio.run(analyse_complaints(work)).month.first == FEBRUARY
    set_clock(work.store, START + END_OF_MARCH)
    analysis = asyncio.run(analyse_complaints(work))
    assert (analysis.month.first, analysis.before.first) == (MARCH, FEBRUARY)
    assert asyncio.run(analyse_complaints(work, date(2026, 1, 31))).month.first == date(2026, 1, 1)


def test_months_are_shifted_across_the_end_of_a_year():
    assert [shifted(FEBRUARY, months) for months in (-2, -1, 0, 11)] == [
        date(2025, 12, 1), date(2026, 1, 1), FEBRUARY, date(2027, 1, 1),
    ]  # fmt: skip
    assert month_of(START + END_OF_MARCH) == APRIL


def test_a_current_month_is_not_over(store: Store):
    assert analysis_of(store, MARCH, END_OF_MARCH - LAST).over is False
    assert analysis_of(store, MARCH, END_OF_MARCH).over is True


def test_complaints_belong_to_the_month_in_which_they_were_opened(store: Store):
    for after in (NONE, DAY, END_OF_MARCH - LAST, END_OF_MARCH):
        new_case(store, after)
    analysis = analysis_of(store, APRIL)
    assert (analysis.before.received, analysis.month.received, analysis.did) == (3, 1, 1)


def test_a_complaint_is_open_until_it_closes(store: Store):
    soon, late, never = (new_case(store, DAY) for _ in range(3))
    make_move(store, soon, "withdraw", after=DAY * 2)
    make_move(store, late, "withdraw", after=END_OF_MARCH)
    march, april = (analysis_of(store, month).month for month in (MARCH, APRIL))
    assert (march.received, march.closed, march.open_at_end) == (3, 1, 2)
    assert (april.received, april.closed, april.open_at_end) == (0, 1, 1)
    assert case_of(store, never)["closed"] in (0, False)
    assert analysis_of(store, FEBRUARY).month.open_at_end == 0


def test_a_complaint_closes_when_its_closing_occurred_and_not_when_it_was_recorded(store: Store):
    number = new_complaint_with_result(store, NONE, 1)
    make_move(store, number, "revisit", after=DAY)
    fire_due(store, START + IN_APRIL)  # its archiving was due in March, when no driver ran
    march, april = (analysis_of(store, month).month for month in (MARCH, APRIL))
    assert (march.closed, march.open_at_end, april.closed, april.open_at_end) == (1, 0, 0, 0)


def test_complaints_are_counted_by_category_severity_department_and_cause(store: Store):
    for severity in ("high", "high", "low"):
        make_move(store, new_case(store), "classify", category="loss", severity=severity, department="claims")
    new_case(store)
    new_complaint_with_cause(store, NONE, cause="packing", party=None)
    assert analysis_of(store, MARCH).month.received_by == {
        "category": {"loss": 3, "damage": 1, "": 1},
        "severity": {"high": 3, "low": 1, "": 1},
        "department": {"claims": 4, "": 1},
        "cause": {"packing": 1, "": 4},
        "responsible": {"": 5},
    }


def test_the_responsible_party_is_that_of_the_determination(store: Store):
    for party in ("carrier", "carrier", "customer"):
        number = new_complaint_with_cause(store, NONE, cause="packing", party=None)
        make_move(store, number, "determine_responsibility", responsible=party)
    new_complaint_with_cause(store, NONE, cause="packing", party=None)
    assert analysis_of(store, MARCH).month.received_by["responsible"] == {"carrier": 2, "customer": 1, "": 1}


def test_the_determined_cause_counts_and_not_the_first_guess(store: Store):
    number = new_complaint_with_cause(store, NONE, cause="packing", party=None)
    make_move(store, number, "determine_responsibility", cause="handling")
    assert analysis_of(store, MARCH).month.received_by["cause"] == {"handling": 1}


@pytest.mark.requirement("E2")
def test_a_later_investigation_does_not_undo_the_determination(store: Store):
    """A withdrawal is undone: the work begins anew, and the department guesses at another cause."""
    number = new_complaint_with_cause(store, NONE, cause="packing", party=None)
    make_move(store, number, "determine_responsibility", cause="handling", responsible="carrier")
    make_move(store, number, "withdraw", after=HOUR)
    make_move(store, number, "undo_end", after=DAY, reason="A mistake.")
    make_move(store, number, "classify", after=DAY)
    make_move(store, number, "investigate", after=DAY, cause="weather")
    received_by = analysis_of(store, MARCH).month.received_by
    assert (received_by["cause"], received_by["responsible"]) == ({"handling": 1}, {"carrier": 1})


def test_without_a_cause_on_the_case_that_of_the_last_investigation_counts(store: Store):
    number = new_complaint_with_cause(store, NONE, cause="packing", party=None)
    make_move(store, number, "resolve", after=HOUR)
    make_move(store, number, "revisit", after=DAY, outcome="dissatisfied")
    assert execute_sql(store, "UPDATE cases SET variables = '{}'") == 1
    assert analysis_of(store, MARCH).month.received_by["cause"] == {"packing": 1}
    execute_sql(store, """UPDATE cases SET variables = '{"responsible":"carrier"}'""")
    assert analysis_of(store, MARCH).month.received_by["cause"] == {"packing": 1}


def test_the_same_cause_and_party_again_is_a_recurrence(store: Store):
    first, second = new_complaint_with_cause(store, NONE), new_complaint_with_cause(store, DAY)
    new_complaint_with_cause(store, DAY, party="warehouse")
    new_complaint_with_cause(store, DAY, cause="packing")
    [recurrence] = analysis_of(store, MARCH).recurrences
    assert (recurrence.cause, recurrence.responsible) == ("handling", "carrier")
    assert (recurrence.times, recurrence.this_month, recurrence.numbers) == (2, 2, (first, second))


def test_recurrences_are_looked_for_in_three_months(store: Store):
    early, middle, latest = (new_complaint_with_cause(store, after) for after in (NONE, IN_MAY, IN_JUNE))
    [recurrence] = analysis_of(store, JUNE).recurrences
    assert (recurrence.times, recurrence.this_month, recurrence.numbers) == (3, 1, (early, middle, latest))
    assert analysis_of(store, JULY).recurrences == (), "it did not come again in July"
    last = new_complaint_with_cause(store, IN_JULY)
    [recurrence] = analysis_of(store, JULY).recurrences
    assert (recurrence.times, recurrence.numbers) == (3, (middle, latest, last)), "March is too long ago"


def test_a_complaint_of_the_first_instant_belongs_to_one_month_only(store: Store):
    march, april = new_complaint_with_cause(store, END_OF_MARCH - LAST), new_complaint_with_cause(store, END_OF_MARCH)
    assert analysis_of(store, MARCH).recurrences == ()
    july = new_complaint_with_cause(store, IN_JULY)
    [recurrence] = analysis_of(store, JULY).recurrences
    assert march not in recurrence.numbers
    assert recurrence.numbers == (april, july)


def test_the_most_frequent_recurrence_is_first_and_names_its_latest_cases(sqlite_store: Store):
    for _ in range(2):
        new_complaint_with_cause(sqlite_store, NONE, cause="a")
    numbers = [new_complaint_with_cause(sqlite_store, NONE, cause="b") for _ in range(LISTED + 1)]
    most, least = analysis_of(sqlite_store, MARCH).recurrences
    assert (most.cause, most.times, most.numbers) == ("b", LISTED + 1, tuple(numbers[1:]))
    assert (least.cause, least.times) == ("a", 2)
    assert f", {numbers[-1]} … |" in render(analysis_of(sqlite_store, MARCH), "en")


@pytest.mark.requirement("E2")
def test_what_was_recorded_later_changes_no_figure_of_an_earlier_instant(store: Store):
    ended, open_still, answered = (new_complaint_with_cause(store, NONE) for _ in range(3))
    late = new_complaint_with_cause(store, DAY, cause="packing", party=None)
    for number in (ended, answered):
        make_move(store, number, "resolve", after=HOUR)
    make_move(store, answered, "revisit", after=DAY)
    make_move(store, open_still, "reply", after=HOUR)
    make_move(store, ended, "withdraw", after=DAY * 28)
    instant, year = IN_APRIL + DAY, DAY * 300
    first = analysis_of(store, MARCH, instant)
    assert (first.month.received, first.month.open_at_end, first.month.handling.answers) == (4, 3, {"satisfied": 1})
    make_move(store, ended, "undo_end", after=IN_APRIL + DAY * 2, reason="A mistake.")
    make_move(store, open_still, "determine_responsibility", after=IN_MAY, cause="delay", responsible="customer")
    make_move(store, late, "reclassify", after=IN_MAY, category="loss", severity="low", department="delivery")
    make_move(store, late, "withdraw", after=IN_MAY)
    assert analysis_of(store, MARCH, instant) == first
    later = analysis_of(store, MARCH, year)
    assert later.month.received_by["cause"] != first.month.received_by["cause"]
    assert later.month.received_by["category"] != first.month.received_by["category"]
    assert (first.month.closed, later.month.closed) == (1, 0), "its end was undone"


@pytest.mark.requirement("E2")
def test_what_was_not_recorded_yet_is_not_counted(store: Store):
    new_complaint_with_cause(store, NONE)
    number = new_complaint_with_cause(store, DAY)
    make_move(store, number, "reply", after=DAY + HOUR, by=AGENT)
    assert analysis_of(store, MARCH, HOUR).month.received == 1
    assert analysis_of(store, MARCH, HOUR).recurrences == ()
    assert analysis_of(store, MARCH, DAY).month.handling.kept == {}
    assert analysis_of(store, MARCH, DAY + HOUR).month.handling.kept == {"first_reply": 1}


@pytest.mark.requirement("E2")
@pytest.mark.parametrize(("hours", "sort"), [(1, "kept"), (200, "late")])
def test_a_timer_that_ended_then_counts_as_of_then_when_its_message_comes_back(store: Store, hours: int, sort: str):
    number = new_case(store, email="wang@example.com")
    fire_due(store, START + HOUR * hours)
    reply = make_move(store, number, "reply", after=HOUR * hours, medium="send", recipient=None).seq
    instant = HOUR * hours + DAY
    first = analysis_of(store, MARCH, instant)
    assert getattr(first.month.handling, sort)["first_reply"] == 1
    make_move(store, number, "message_undelivered", after=instant + DAY, message=reply, cause="bounced")
    assert analysis_of(store, MARCH, instant) == first
    assert analysis_of(store, MARCH, instant + DAY).month.handling.kept["first_reply"] == 0


def test_a_merged_case_and_a_party_without_responsibility_are_no_recurrence(store: Store):
    target, merged = new_complaint_with_cause(store, NONE), new_complaint_with_cause(store, NONE)
    make_move(store, new_complaint_with_cause(store, NONE), "determine_responsibility", degree="none")
    new_complaint_with_cause(store, NONE, party=None)
    assert len(analysis_of(store, MARCH).recurrences) == 1
    make_move(store, merged, "merge", into=target)
    analysis = analysis_of(store, MARCH)
    assert (analysis.recurrences, analysis.month.received_by["cause"]) == ((), {"handling": 4})


PLAN, FINDING = "improvement_plan", "finding"


def new_linked_case(store: Store, parent: str, kind: str = PLAN) -> str:
    """Open a case that came of another case; return its number."""
    child = new_case(store)
    execute_sql(store, "UPDATE cases SET kind = :kind WHERE number = :number", kind=kind, number=child)
    ids = {"parent": case_of(store, parent)["id"], "child": case_of(store, child)["id"]}
    sql = "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent, :child, 'came_of', 0)"
    execute_sql(store, sql, **ids)
    return child


def test_what_was_paid_is_split_by_cause_and_party_and_adds_up_to_the_indicator(store: Store):
    for after, cause, party in (
        (NONE, "handling", "carrier"),
        (DAY, "handling", "customer"),
        (IN_APRIL, "delay", "carrier"),
    ):
        number = new_complaint_with_cause(store, after, cause, party)
        make_move(
            store, number, "confirm_responsibility", after=after, confirmed_cause=cause, confirmed_responsible=party
        )
        make_move(store, number, "compensate", by="han", after=after, compensation=40_000)
    march, april = analysis_of(store, MARCH).month, analysis_of(store, APRIL).month
    assert march.cost_by == {"cause": {"handling": 80_000}, "responsible": {"carrier": 40_000, "customer": 40_000}}
    assert april.cost_by == {"cause": {"delay": 40_000}, "responsible": {"carrier": 40_000}}
    set_clock(store, START + DAY * 400)
    as_of = to_micros(START + DAY * 400)
    with store.looking() as tx:
        rules = rules_in(tx)
        [figure] = figures(tx, rules, [rules.indicator("compensation", as_of)], [period_of("2026-03")], as_of)[
            "compensation"
        ]
    assert figure.numerator == sum(march.cost_by["cause"].values())


def test_a_quarter_counts_what_its_months_count(store: Store):
    for after in (NONE, IN_APRIL, IN_MAY, IN_JUNE):
        new_complaint_with_cause(store, after)
    quarter = gather(store, START + DAY * 400, APRIL, 3)
    months = [analysis_of(store, month).month for month in (APRIL, MAY, JUNE)]
    assert quarter.month.received == sum(month.received for month in months) == 3
    assert quarter.month.received_by["cause"] == sum((month.received_by["cause"] for month in months), Counter())
    assert (quarter.before.received, quarter.over) == (1, True)
    assert [(each.times, each.this_month) for each in quarter.recurrences] == [(4, 3)]


def test_the_measures_of_a_cause_are_listed_with_it(store: Store):
    early, latest = new_complaint_with_cause(store, NONE), new_complaint_with_cause(store, IN_MAY)
    new_complaint_with_cause(store, IN_MAY, cause="packing")
    plan, finding = new_linked_case(store, early), new_linked_case(store, latest, FINDING)
    for no_measure in ("recovery", "complaint"):
        new_linked_case(store, latest, no_measure)
    execute_sql(store, "UPDATE cases SET closed = :yes WHERE number = :number", yes=True, number=plan)
    analysis = analysis_of(store, MAY)
    cause, plans, findings = label_of(cause="handling"), label_of(kind=PLAN), label_of(kind=FINDING)
    assert f"| {cause} | {plans} {plan} (closed), {findings} {finding} |" in render(analysis, "en")
    assert analysis.measures == {
        "handling": (
            MeasureTaken(PLAN, "came_of", plan, closed=True),
            MeasureTaken(FINDING, "came_of", finding, closed=False),
        ),
        "packing": (),
    }
    assert analysis.month.received == 2, "what came of a complaint in March came in March"


def test_measures_are_listed_for_the_top_causes_and_a_plan_of_several_cases_once(sqlite_store: Store):
    for cause in "abcdefg":
        new_complaint_with_cause(sqlite_store, NONE, cause=cause)
    first, second = (
        new_complaint_with_cause(sqlite_store, NONE, cause="g"),
        new_complaint_with_cause(sqlite_store, NONE, cause="g"),
    )
    plan = new_linked_case(sqlite_store, first)
    sql = "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent, :child, 'came_of', 0)"
    ids = {"parent": case_of(sqlite_store, second)["id"], "child": case_of(sqlite_store, plan)["id"]}
    execute_sql(sqlite_store, sql, **ids)
    measures = analysis_of(sqlite_store, MARCH).measures
    assert list(measures) == list("gabcd")
    assert len(measures) == TOP
    assert measures["g"] == (MeasureTaken(PLAN, "came_of", plan, closed=False),)


def test_timers_count_in_the_month_in_which_they_ended(store: Store):
    number = new_case(store, END_OF_MARCH - HOUR)
    make_move(store, number, "reply", after=END_OF_MARCH - LAST, by=AGENT)
    make_move(store, number, "propose_solution", after=END_OF_MARCH + DAY, by=AGENT)
    march, april = (analysis_of(store, month).month.handling for month in (MARCH, APRIL))
    assert (march.kept, march.late) == ({"first_reply": 1}, {})
    assert (april.kept["solution"], april.late["solution"]) == (0, 1)
    assert "first_reply" not in april.kept | april.late


def test_a_result_that_is_not_accepted_begins_a_further_round(store: Store):
    number, other = new_complaint_with_result(store, NONE, 1), new_complaint_with_result(store, NONE, 2)
    make_move(store, number, "revisit", after=DAY, outcome="dissatisfied")
    make_move(store, other, "tell_result", after=DAY, opinion="rejected")
    make_move(store, number, "resolve", after=DAY * 2)
    make_move(store, number, "revisit", after=DAY * 3)
    handling = analysis_of(store, MARCH).month.handling
    assert (handling.results, handling.further, handling.reopened, handling.reopened_percent) == (3, 1, 2, 66.7)
    assert handling.answers == {"satisfied": 1, "dissatisfied": 1}
    april = analysis_of(store, APRIL)
    assert april.month.handling.reopened_percent is None
    assert april.before.handling == handling


def test_unsatisfied_ends_are_counted(store: Store):
    make_move(store, new_complaint_with_result(store, NONE, 1), "refer", after=DAY, by=MANAGER)
    make_move(store, new_case(store), "withdraw", after=DAY)
    assert analysis_of(store, MARCH).month.handling.unsatisfied_ends == 1


def test_hours_are_counted_to_the_first_result(store: Store):
    for hours in range(1, 11):
        new_complaint_with_result(store, DAY, hours)
    number = new_complaint_with_result(store, NONE, 100)
    make_move(store, number, "revisit", after=DAY * 5, outcome="dissatisfied")
    make_move(store, number, "resolve", after=DAY * 20)
    handling = analysis_of(store, MARCH).month.handling
    assert (handling.median, handling.p90) == (6.0, 10.0)
    assert analysis_of(store, FEBRUARY).month.handling.median is None


def test_the_median_of_an_even_number_lies_between_the_middle_values(store: Store):
    for hours in (1, 2, 4, 9):
        new_complaint_with_result(store, NONE, hours)
    handling = analysis_of(store, MARCH).month.handling
    assert (handling.median, handling.p90) == (3.0, 9.0)


def test_a_month_without_complaints_counts_nothing(store: Store):
    analysis = analysis_of(store, MARCH)
    assert (analysis.month.received, analysis.month.closed, analysis.month.open_at_end) == (0, 0, 0)
    assert (analysis.recurrences, analysis.measures, analysis.did) == ((), {}, 0)


def test_the_complaints_are_read_page_by_page(store: Store):
    numbers = [new_case(store, DAY * day) for day in (3, 0, 2, 1, 40)]
    with store.looking() as tx:
        for page in (1, 2, 4, 9):
            assert [row.number for row in _pages(tx, _span(MARCH, to_micros(START + DAY * 400)), page)] == numbers[:4]


def test_the_scheduled_work_is_recorded(work: Work):
    new_complaint_with_cause(work.store, NONE)
    set_clock(work.store, START + END_OF_MARCH)
    analysis = asyncio.run(run_scheduled(work, "complaint-analysis"))
    assert isinstance(analysis, ComplaintAnalysis)
    assert analysis.month.first == MARCH
    assert query_rows(work.store, "SELECT flow, did FROM run") == [{"flow": "complaint-analysis", "did": 1}]


CANARY: dict[str, Any] = {"customer": "Canary Wang", "phone": "13800138000", "subject": "canary"}


@pytest.fixture
def store_of_two_months(sqlite_store: Store) -> Store:
    """A store with complaints of two months, in which each figure of the analysis occurs."""
    store = sqlite_store
    for after in (NONE, IN_APRIL):
        number = new_complaint_with_result(store, after, 30)
        make_move(store, number, "revisit", after=after + DAY * 2, outcome="dissatisfied", words="canary")
        new_linked_case(store, number)
    make_move(store, new_case(store, IN_APRIL, text="canary", **CANARY), "reply", after=IN_APRIL + HOUR)
    new_complaint_with_cause(store, IN_APRIL, cause="packing", party=None)
    return store


def test_the_text_is_complete_in_every_language(store_of_two_months: Store):
    for month in (FEBRUARY, APRIL):
        analysis = analysis_of(store_of_two_months, month, at=IN_APRIL + DAY * 3)
        for locale in locales():
            text = render(analysis, locale)
            assert f"{month:%Y-%m}" in text.splitlines()[0]
            assert not re.search(r"analysis\.|\w+\.(?:clause|cause|severity|department)\.|[{}]|anary|1380", text), text
            assert text.count("\n## ") == 11


def test_the_text_holds_every_figure(store_of_two_months: Store):
    analysis = analysis_of(store_of_two_months, APRIL, at=IN_APRIL + DAY * 3)
    text = render(analysis, "en")
    [recurrence] = analysis.recurrences
    assert "The month is not over" in text
    assert "| Received | 3 | 1 |" in text
    assert "| High | 2 | 1 |" in text
    assert "| not established | 1 | 0 |" in text
    cause, party = label_of(cause="handling"), label_of(responsible="carrier")
    assert f"| {cause} | {party} | 2 | 1 | {', '.join(recurrence.numbers)} |" in text
    assert f"| {cause} | {label_of(kind=PLAN)} {analysis.measures['handling'][0].number}, " in text
    assert f"| {label_of(cause='packing')} | no measure yet |" in text
    assert "| First reply: kept / late | 1 / 1 | 0 / 1 |" in text
    assert "| New rounds after a result (and against the results) | 1 (100 %) | 1 (100 %) |" in text
    assert "| Dissatisfied at the callback (rounds) | 1 | 1 |" in text
    assert "| From opening to first result, median hours | 30 | 30 |" in text
    assert "The month is not over" not in render(analysis_of(store_of_two_months, APRIL), "en")


def test_a_long_list_states_the_number_of_hidden_rows(sqlite_store: Store):
    with sqlite_store.writing() as tx:
        add_categories(tx, ((f"c{n}", f"c{n}") for n in range(SHOWN + 3)), "eva", 0)
    for n in range(SHOWN + 3):
        make_move(sqlite_store, new_case(sqlite_store), "classify", category=f"c{n}")
    analysis = analysis_of(sqlite_store, MARCH)
    assert analysis.month.received_by["category"] == Counter({f"c{n}": 1 for n in range(SHOWN + 3)})
    text = render(analysis, "en")
    assert len(re.findall(r"^\| c\d+ \|", text, re.MULTILINE)) == SHOWN
    assert "3 more rows are not shown." in text


def test_a_subject_of_the_month_before_alone_is_listed(sqlite_store: Store):
    new_complaint_with_cause(sqlite_store, NONE, cause="packing")
    assert f"| {label_of(cause='packing')} | 0 | 1 |" in render(analysis_of(sqlite_store, APRIL), "en")
