"""The morning report: its figures counted again by other means, its health, and no personal word in any language."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.holds import hold
from engine.create_store import set_clock
from engine.ledger.anchoring import anchor
from engine.outages import note_outage
from engine.runs import Done, keep
from engine.store import Store
from flows.scheduled_work import run_scheduled, watch_scheduled
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from locales.translation import locales
from models.columns import from_micros
from reports.markdown import SHOWN
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from tests.case_actions import (
    DAY,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.flows.scenes import DAMAGE, ODD, FailingMailer, Watching, drained, imported

pytestmark = pytest.mark.requirement("I2")

NONE = 0 * HOUR
NIGHT = HOUR * 18.5
MORNING = HOUR * 22.5
CANARY: dict[str, Any] = {
    "customer": "Canary Wang",
    "phone": "13800138000",
    "email": "canary@example.com",
    "subject": "canary",
}


def report(work: Work, after: timedelta) -> MorningReport:
    set_clock(work.store, START + after)
    return gather(work.store, START + after)


@pytest.fixture
def week(sqlite_store: Store) -> Work:
    """Eight days with cases of every sort, settled every three hours."""
    work = Work(sqlite_store, FakeMailer(), FakeTelephone())
    for hour in range(0, 24 * 8, 3):
        if hour % 12 == 0:
            new_case(work.store, HOUR * hour, text=DAMAGE, **CANARY)
        if hour % 24 == 6:
            new_resolved_case(work.store, HOUR * hour, text="canary " + ODD, **CANARY)
        if hour % 48 == 9:
            make_move(work.store, new_case(work.store, HOUR * hour, text=ODD), "withdraw", after=HOUR * hour)
        drained(work, HOUR * hour)
    return work


def test_its_figures_are_those_of_the_tables(week: Work):
    told = report(week, DAY * 8)
    since = START + DAY * 7
    rungs = [
        (from_micros(one["due_at"]), one["percent"], one["level"], one["number"])
        for one in query_rows(
            week.store, "SELECT r.*, c.number FROM escalation_step r JOIN cases c ON c.id = r.case_id"
        )
        if one["clause"] != "archive" and since < from_micros(one["due_at"]) <= START + DAY * 8
    ]
    assert Counter(one.number for one in told.became_late) == Counter(n for _, p, _, n in rungs if p == 100)
    assert Counter(one.number for one in told.climbed) == Counter(n for *_, level, n in rungs if level >= 2)
    assert told.became_late, "the week has its broken promises"
    levels = [one.level for one in told.late]
    assert levels == sorted(levels, reverse=True)


def test_its_totals_are_those_of_the_tables(week: Work):
    told = report(week, DAY * 8)
    cases = query_rows(week.store, "SELECT * FROM cases")
    assert (told.cases, told.board.total()) == (len(cases), sum(not one["closed"] for one in cases))
    assert told.board["complaint", "classified", 3] == sum(
        (one["state"], one["level"]) == ("classified", 3) for one in cases
    )
    late = query_rows(week.store, "SELECT DISTINCT case_id FROM timer WHERE closed_at IS NULL AND level > 0")
    assert told.overdue.total() == len(late)
    assert told.opinions == Counter(
        one["outcome"] for one in query_rows(week.store, "SELECT outcome FROM callback WHERE done_at IS NOT NULL")
    )
    opens = [from_micros(one["opened_at"]) for one in cases]
    day, before = START + DAY * 7, START
    assert told.trends["open"].day == sum(at > day for at in opens)
    assert told.trends["open"].week == round(sum(before < at <= day for at in opens) / 7, 1)
    assert told.resolved_within == dict.fromkeys(("2h", "24h", "48h", "7d"), 8)


def test_the_callbacks_of_the_day_stand_in_it(work: Work):
    number = new_resolved_case(work.store)
    drained(work, NONE)
    assert report(work, MORNING).callbacks == [(number, 1, START + DAY)]


def test_it_holds_no_personal_word_in_any_language(week: Work):
    told = report(week, DAY * 8)
    for locale in locales():
        text = render(told, locale)
        assert told.became_late[0].number in text
        for word in ("anary", "13800138000", "example.com", "破损", "标志"):
            assert word not in text, f"{word} in {locale}"
        assert "{" not in text
        assert "report." not in text


def test_it_is_left_when_nothing_was_due(work: Work):
    set_clock(work.store, START + MORNING)
    told = asyncio.run(run_scheduled(work, "morning-report"))
    assert isinstance(told, MorningReport)
    assert (told.cases, told.did, told.health.ok) == (0, 0, True)
    [run] = query_rows(work.store, "SELECT flow, did FROM run")
    assert run == {"flow": "morning-report", "did": 0}
    for locale in locales():
        text = render(told, locale)
        assert text.startswith("# ")
        assert "2026-03-03" in text.splitlines()[0]


def test_a_long_list_says_how_much_more_there_is(work: Work):
    for _ in range(SHOWN + 5):
        new_case(work.store, text=ODD)
    drained(work, HOUR * 2)
    told = report(work, HOUR * 3)
    assert len(told.became_late) == SHOWN + 5
    text = render(told, "en")
    assert text.count("| First reply |") == SHOWN
    assert "5 more rows are not shown." in text


def test_it_says_when_prefect_was_away(work: Work):
    work.observer = Watching(there=False)
    new_case(work.store, text=DAMAGE)
    for after in (NONE, HOUR * 1.5, HOUR * 2):
        drained(work, after)
    told = report(work, MORNING)
    runs = query_rows(work.store, "SELECT began_at FROM run WHERE NOT observed")
    assert told.health.unseen.count == len(runs) > 3
    assert (told.health.unseen.begin, told.health.unseen.end) == (START, START + HOUR * 2)
    assert told.health.ok is False
    assert f"work ran {len(runs)} times without showing in Prefect" in render(told, "en")
    assert "03-02 09:00" in render(told, "en")
    assert report(work, DAY * 3).health.unseen.count == 0, "an old night is no news"


def test_with_prefect_or_without_nothing_is_unseen(work: Work):
    new_case(work.store, text=DAMAGE)
    drained(work, NONE)
    work.observer = Watching(there=True)
    drained(work, HOUR * 2)
    assert report(work, MORNING).health.ok is True


def test_a_night_that_nobody_saw_is_in_the_report(work: Work):
    """As in a simulation whose server is stopped for a night: the same is done, and the report says so."""
    new_case(work.store, text=DAMAGE)
    set_clock(work.store, START + NIGHT)
    work.observer = Watching(there=False)
    asyncio.run(watch_scheduled(work, "overnight-escalation"))
    told = report(work, MORNING)
    assert (told.health.unseen.count, told.health.last_night) == (1, START + NIGHT)
    assert len(told.late) == 3


def test_a_night_that_is_missing_is_said(work: Work):
    keep(work.store, Done("overnight-escalation", START + NIGHT, START + NIGHT, observed=True, did=0))
    assert report(work, NIGHT + HOUR * 25).health.missed_night is False
    told = report(work, NIGHT + HOUR * 26)
    assert (told.health.missed_night, told.health.ok) == (True, False)
    assert "No nightly work has run since 03-03 03:30" in render(told, "en")


def test_dead_letters_and_refused_arrivals_are_said(work: Work):
    work.mailer = FailingMailer(99)
    number = new_case(work.store, text=ODD, email="canary@example.com")
    for seconds in (0, 10, 50, 210, 850):
        drained(work, timedelta(seconds=seconds))
    told = report(work, MORNING)
    assert [(one.number, one.reaction, one.error) for one in told.health.dead] == [
        (number, "acknowledge_contact", "Down")
    ]
    text = render(replace(told, health=replace(told.health, refused_arrivals=2)), "en")
    assert f"Case {number}: the automatic work “acknowledge_contact” failed at every try" in text
    assert "2 contacts or replies could not be taken" in text


def test_history_is_counted_and_not_listed_as_news(work: Work):
    imported(work.store, NONE, DAY * 3, text=ODD)
    drained(work, DAY * 3)
    told = report(work, DAY * 3 + HOUR)
    assert (told.health.history, told.became_late) == (8, [])
    assert "8 escalation steps were recorded more than an hour after they fell due" in render(told, "en")


def test_who_climbed_is_one_row_with_its_promises_and_who_is_asked(work: Work):
    number = new_case(work.store, text=ODD)
    make_move(work.store, number, "classify", department="claims", severity="normal")
    drained(work, DAY)
    told = report(work, DAY)
    [climb] = told.climbs
    assert (climb.number, climb.level, climb.due_at - START) == (number, 3, HOUR * 4)
    assert climb.promises == (("first_reply", (150, 200)),)
    text = render(told, "en")
    assert f"| General manager · gao | {number} | First reply 150/200 % | 03-02 13:00 | Classified · to be" in text
    assert "1 cases before the department manager or the general manager" in text


def test_who_was_raised_without_a_clock_is_named_with_who_did_it(work: Work):
    number, other = new_case(work.store, text=ODD), new_resolved_case(work.store)
    make_move(work.store, number, "escalate", level=2, by=SUPERVISOR)
    make_move(work.store, other, "tell_result", opinion="rejected")
    told = report(work, HOUR)
    assert [(one.number, one.move, one.level, one.by) for one in told.raised] == [
        (number, "escalate", 2, SUPERVISOR),
        (other, "tell_result", 1, SUPERVISOR),
    ]
    assert f"| Department manager · mei | {number} | Escalate | sue | 03-02 09:00 |" in render(told, "en")
    assert report(work, DAY * 2).raised == ()


def test_each_department_stands_against_its_own_week(week: Work):
    told = report(week, DAY * 8)
    since, before = START + DAY * 7, START
    broken = [
        (one["department"] or "", from_micros(one["due_at"]))
        for one in query_rows(
            week.store, "SELECT r.*, c.department FROM escalation_step r JOIN cases c ON c.id = r.case_id"
        )
        if one["percent"] == 100 and one["clause"] != "archive"
    ]
    assert told.broken
    for code, trend in told.broken.items():
        assert trend.day == sum(one == code and at > since for one, at in broken)
        assert trend.week == round(sum(one == code and before < at <= since for one, at in broken) / 7, 1)
    assert sum(trend.day for trend in told.broken.values()) == len(told.became_late)


def test_what_falls_due_today_is_named_with_whom_it_waits_for(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NONE)
    told = report(work, HOUR)
    assert [(one.number, one.clause, one.due_at - START) for one in told.today] == [(number, "first_reply", HOUR * 2)]
    assert f"| 03-02 11:00 | {number} | First reply | Handler" in render(told, "en")
    drained(work, HOUR * 2)
    assert report(work, HOUR * 2).today == (), "it is broken: nothing falls due any more"


@pytest.mark.requirement("I1")
def test_it_links_to_every_artifact_it_speaks_of_and_draws_the_life_as_lived(week: Work):
    told = report(week, DAY * 8)
    for locale in locales():
        text = render(told, locale, linked=True)
        for key in ("escalation-ledger", "sla-board", "callback-list", "complaint-analysis"):
            assert f"](../key/{key})" in text
        assert "```mermaid\nstateDiagram-v2" in text
        assert "](../key/" not in render(told, locale), "on a terminal there is nowhere to go"


def test_what_ran_when_stands_in_it_seen_or_not(work: Work):
    for name, after, seen in (("overnight-escalation", NIGHT, True), ("callback-plan", MORNING, False)):
        keep(work.store, Done(name, START + after, START + after, observed=seen, did=3))
    told = report(work, MORNING + HOUR / 2)
    assert [(one.name, one.run is not None) for one in told.health.works] == [
        ("overnight-escalation", True),
        ("callback-plan", True),
    ]
    text = render(told, "en")
    assert "| Overnight escalation | 03-03 03:30 | 03-03 03:30 | 3 | yes |" in text
    assert "| Callback plan | 03-03 07:00 | 03-03 07:30 | 3 | no |" in text


def test_scheduled_work_that_nobody_did_is_missing(work: Work):
    keep(work.store, Done("callback-plan", START, START, observed=True, did=0))
    assert report(work, HOUR * 22).health.missing == (), "the driver has twenty minutes for it"
    told = report(work, MORNING)
    assert [one.name for one in told.health.missing] == ["callback-plan"]
    assert told.health.ok is False
    assert "“Callback plan” was due at 03-03 07:00 and has not run" in render(told, "en")


def test_what_was_missed_is_said_with_the_reason(work: Work):
    note_outage(work.store, "database_away", START + NIGHT, START + NIGHT + HOUR)
    note_outage(work.store, "never_heard_of", START + NIGHT, START + NIGHT + HOUR)
    told = report(work, MORNING)
    assert told.health.ok is False
    text = render(told, "en")
    assert "The database could not be reached from 03-03 03:30 to 03-03 04:30" in text
    assert "(never_heard_of)" in text
    assert text.index("Needs a person") < text.index("Promises broken"), "what needs a person comes first"


def test_a_kind_on_hold_is_said_and_is_no_fault(work: Work):
    with work.store.writing() as tx:
        assert hold(tx, "complaint", MANAGER, "instruction", START)
    told = report(work, MORNING)
    assert told.health.ok is True
    assert "Complaint has been on hold since 03-02 09:00 (mei: " in render(told, "en")


def test_work_that_died_with_its_process_is_told_as_dead(work: Work):
    number = new_case(work.store, text=ODD)
    case_id = query_rows(work.store, "SELECT id FROM cases WHERE number = :number", number=number)[0]["id"]
    sql = """
        INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at, error)
        VALUES (:case_id, 1, 'classify_contact', 'dead', 5, 0, 'ProcessLost')
    """
    execute_sql(work.store, sql, case_id=case_id)
    assert "“classify_contact” failed at every try and was given up (ProcessLost)" in render(report(work, HOUR), "en")


@pytest.mark.requirement("B5")
def test_the_root_of_the_last_anchor_stands_in_it(work: Work):
    new_case(work.store)
    made = anchor(work.store, START + NIGHT)
    assert made is not None
    told = report(work, MORNING)
    assert (told.health.anchored, told.health.ok) == (made, True)
    for locale in locales():
        assert f"`{made.root}`" in render(told, locale)


@pytest.mark.requirement("B5")
def test_a_night_that_could_not_anchor_is_told(work: Work):
    new_case(work.store)
    anchor(work.store, START + HOUR)
    new_case(work.store, DAY)
    keep(work.store, Done("overnight-escalation", START + DAY + NIGHT, START + DAY + NIGHT, observed=True, did=0))
    told = report(work, DAY + MORNING)
    assert (told.health.unanchored, told.health.ok) == (True, False)
    for locale in locales():
        assert "closeloop anchor" in render(told, locale)
    anchor(work.store, START + DAY + NIGHT)
    assert not report(work, DAY + MORNING).health.unanchored
