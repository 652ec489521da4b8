"""The morning report: its figures counted again by other means, its health, and no personal word in any language."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.holds import hold
from engine.create_store import set_clock
from engine.ledger.anchoring import anchor
from engine.outages import note_outage
from engine.runs import Done, keep
from flows.scheduled_work import run_scheduled, watch_scheduled
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from locales.translation import locales
from models.columns import from_micros
from reports.markdown import SHOWN
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from statemachines.roles import Role
from tests.case_actions import (
    DAY,
    HOUR,
    MANAGER,
    MICROSECOND,
    START,
    SUPERVISOR,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.conftest import copy_sqlite_store
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


@pytest.fixture(scope="module")
def home_of_the_week(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The home of a store after eight days with cases of every sort, settled every three hours."""
    home = tmp_path_factory.mktemp("week")
    work = Work(copy_sqlite_store(sqlite_template, home).store(), FakeMailer(), FakeTelephone())
    for hour in range(0, 24 * 8, 3):
        if hour % 12 == 0:
            new_case(work.store, HOUR * hour, text=DAMAGE, **CANARY)
        if hour % 24 == 6:
            new_resolved_case(work.store, HOUR * hour, text="canary " + ODD, **CANARY)
        if hour % 48 == 9:
            make_move(work.store, new_case(work.store, HOUR * hour, text=ODD), "withdraw", after=HOUR * hour)
        drained(work, HOUR * hour)
    work.store.close()
    return home


@pytest.fixture
def week(home: Path, home_of_the_week: Path) -> Iterator[Work]:
    """A copy of the store after eight days."""
    store = copy_sqlite_store(home_of_the_week / "closeloop.db", home).store()
    yield Work(store, FakeMailer(), FakeTelephone())
    store.close()


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
    assert len(told.overdue_cases) == told.overdue_by_department.total() == len(late)
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


def test_a_long_list_names_every_case(work: Work):
    for _ in range(SHOWN + 5):
        new_case(work.store, text=ODD)
    drained(work, HOUR * 2 + MICROSECOND)
    told = report(work, HOUR * 3)
    assert len(told.became_late) == SHOWN + 5
    text = render(told, "en")
    assert text.count("| First reply |") == SHOWN
    numbers = [case.worst.number for case in told.overdue_cases]
    assert f"And {' '.join(numbers[SHOWN:])}" in text, "the others are named by their numbers"


def test_it_says_when_prefect_was_away(work: Work):
    work.observer = Watching(there=False)
    new_case(work.store, text=DAMAGE)
    for after in (NONE, HOUR * 1.5, HOUR * 2 + MICROSECOND):
        drained(work, after)
    told = report(work, MORNING)
    runs = query_rows(work.store, "SELECT began_at FROM run WHERE NOT observed")
    assert told.health.unseen.count == len(runs) > 3
    assert (told.health.unseen.begin, told.health.unseen.end) == (START, START + HOUR * 2 + MICROSECOND)
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


@pytest.mark.usefixtures("awaited_are_not_told")
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
    assert "The automatic work “acknowledge_contact” failed at every try and was given up (Down)" in text
    assert f"1 times: {number}." in text
    assert "2 contacts or replies could not be taken" in text


def test_history_is_counted_and_not_listed_as_news(work: Work):
    imported(work.store, NONE, DAY * 3, text=ODD)
    drained(work, DAY * 3)
    told = report(work, DAY * 3 + HOUR)
    assert (told.health.history, told.became_late) == (8, [])
    assert "8 escalation steps were recorded more than an hour after they fell due" in render(told, "en")


def test_an_overdue_case_is_one_line_under_those_who_are_asked(work: Work):
    number = new_case(work.store, text=ODD, customer_type="key_account")
    make_move(work.store, number, "classify", department="claims", severity="normal", after=HOUR)
    drained(work, DAY)
    told = report(work, DAY)
    assert {(late.clause, late.percent) for late in told.climbed} == {("first_reply", 150), ("first_reply", 200)}
    lines = render(told, "en").splitlines()
    asked = lines.index("### General manager · gao (1)")
    assert "## Still overdue (1)" in lines[:asked]
    assert lines[asked + 2] == "| Case | Promise | Overdue | Severity, customer | Last act |"
    late = f"| {number} | First reply +1 | 22 h | Normal, key account | 03-02 sue: Classify |"
    assert lines[asked + 4] == late


def test_whoever_is_asked_has_one_list_in_the_order_of_the_levels(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("pia", (Role.DEPARTMENT_MANAGER,), "operations"))
    numbers = [new_case(work.store, timedelta(minutes=minute), text=ODD) for minute in range(4)]
    for place, number in enumerate(numbers):
        make_move(
            work.store, number, "classify", department=("claims", "operations")[place % 2], severity="low", after=HOUR
        )
    drained(work, HOUR * 3.5)
    text = render(report(work, HOUR * 3.5), "en")
    assert text.count("### Department manager · mei (2)") == text.count("### Department manager · pia (2)") == 1
    places = [text.index(number) for number in (numbers[0], numbers[2], numbers[1], numbers[3])]
    assert places == sorted(places)


def test_a_role_that_nobody_holds_passes_the_case_to_whom_the_mails_go_with_a_note(work: Work):
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE handle = 'gao'")
    new_case(work.store, text=ODD)
    drained(work, DAY)
    texts = {locale: render(report(work, DAY), locale) for locale in locales()}
    heading = "### Department manager · mei (instead of: General manager, where nobody is there) (1)"
    assert heading in texts["en"]
    assert "### 部门经理 · mei（总经理暂无人在岗，转由此处办理）（1 件）" in texts["zh_CN"]
    assert "### 部門經理 · mei（總經理暫無人在崗，轉由此處辦理）（1 件）" in texts["zh_TW"]
    assert {promise.asked for promise in report(work, DAY).overdue} == {("mei",)}


def test_where_nobody_is_there_at_all_the_role_is_said_to_be_vacant(work: Work):
    new_case(work.store, text=ODD)
    drained(work, DAY)
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE roles NOT IN ('system', 'import')")
    texts = {locale: render(report(work, DAY), locale) for locale in locales()}
    assert "### General manager · nobody holds this role (1)" in texts["en"]
    assert "### 总经理 · 无人担任此角色（1 件）" in texts["zh_CN"]
    assert "### 總經理 · 無人擔任此角色（1 件）" in texts["zh_TW"]


def test_a_promise_that_was_met_since_is_counted_and_not_listed(work: Work):
    number = new_case(work.store, text=ODD)
    drained(work, HOUR * 3)
    make_move(work.store, number, "reply", after=HOUR * 3)
    told = report(work, HOUR * 4)
    assert (told.did, told.dealt_with, told.overdue) == (1, 1, [])
    text = render(told, "en")
    assert "Promises broken in the last 24 hours: 1, dealt with since: 1." in text
    assert "nothing needs a person" in text
    assert "Still overdue" not in text


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
    overdue = render(report(work, HOUR * 3), "en")
    assert overdue.count(number) == 1, "a case that is overdue is named there, with whom it asks"
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
def test_it_links_to_every_artifact_and_draws_what_branches(week: Work):
    told = report(week, DAY * 8)
    for locale in locales():
        text = render(told, locale, linked=True)
        for key in ("escalation-ledger", "sla-board", "callback-list", "complaint-analysis"):
            assert f"](../key/{key})" in text
        assert "```mermaid\nstateDiagram-v2" in text
        plain = render(told, locale)
        assert "](../key/" not in plain, "on a terminal there is nowhere to go"
        assert "```" not in plain, "and no picture"


def test_a_straight_line_is_not_drawn(work: Work):
    new_resolved_case(work.store, text=ODD)
    told = report(work, HOUR)
    assert told.lived
    assert "mermaid" not in render(told, "en", linked=True)


def test_what_ran_when_stands_in_it_seen_or_not(work: Work):
    for name, after, seen in (("overnight-escalation", NIGHT, True), ("callback-plan", MORNING, False)):
        keep(work.store, Done(name, START + after, START + after, observed=seen, did=3))
    told = report(work, MORNING + HOUR / 2)
    assert [(one.name, one.run is not None) for one in told.health.works] == [
        ("overnight-escalation", True),
        ("callback-plan", True),
    ]
    text = render(told, "en")
    assert "- Scheduled work: Overnight escalation 03-03 03:30 (done: 3), Callback plan 03-03 07:30 (done: 3, " in text
    assert "(done: 3, not observed by Prefect: 1 of 1)." in text


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
    assert "The system's own work needs a person (causes: 2," in text
    assert text.index("The system's own work") < text.index("The database could not")


def test_causes_that_repeat_are_one_line_with_a_count(work: Work):
    for hour in range(3):
        note_outage(work.store, "database_away", START + NIGHT + HOUR * hour, START + NIGHT + HOUR * (hour + 0.5))
    number = new_case(work.store, text=ODD)
    case_id = query_rows(work.store, "SELECT id FROM cases WHERE number = :number", number=number)[0]["id"]
    for seq in range(1, 4):
        sql = """
            INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at, error)
            VALUES (:case_id, :seq, 'acknowledge_contact', 'dead', 5, 0, 'Down')
        """
        execute_sql(work.store, sql, case_id=case_id, seq=seq)
    told = report(work, MORNING)
    assert ([outage.times for outage in told.health.outages], len(told.health.dead)) == ([3], 3)
    text = render(told, "en")
    assert text.count("The database could not be reached") == 1
    assert "caught up afterwards. (3 times)" in text
    assert f"was given up (Down), 3 times: {number}. See" in text
    assert "(causes: 2," in text


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
