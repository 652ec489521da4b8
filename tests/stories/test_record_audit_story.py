"""Stories of the audit of records: what closed cases lack becomes findings, each counted until its effect is seen."""

import json
from datetime import datetime

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from flows.nights.record_audit import Audited
from flows.scheduled_work import run_scheduled
from gateways.mail import FakeMailer
from gateways.schedule import SUPERVISION
from statemachines.roles import Role
from tests.case_actions import execute_sql, query_rows
from tests.one_thread import run_in_one_thread
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("F1")

FINDINGS = "SELECT number, state, department, variables FROM cases WHERE kind = 'finding' ORDER BY id"


TEXT = """
SELECT s.content AS body FROM statement s JOIN cases c ON c.id = s.case_id WHERE c.number = :number
"""


def closes_untold(story: Story, at: str, department: str = "delivery") -> str:
    """Close a complaint of which no record says that the customer was told the result."""
    set_clock(story.store, datetime.fromisoformat(at))
    story.opens("complaint", "货损。", email=None)
    story.then("amy", "classify", category="damage", severity="normal", department=department)
    story.then("mei", "investigate", findings="外箱破损。").then("mei", "resolve", result="已补发。")
    story.then("ann", "revisit", outcome="satisfied").after(days=4)
    assert story.state == "archived"
    return story.number


def audits(story: Story, at: str) -> Audited:
    """Let the scheduled supervision run at an instant, and the reactions to it."""
    set_clock(story.store, datetime.fromisoformat(at))
    done = run_in_one_thread(run_scheduled(story.work, SUPERVISION))
    assert isinstance(done, Audited)
    story.settle()
    return done


def findings(story: Story) -> list[tuple[str, str, str, int]]:
    """Return state, department, item and count of each finding."""
    rows = query_rows(story.store, FINDINGS)
    known = [(row, json.loads(row["variables"])) for row in rows]
    return [(row["state"], row["department"], each["item"], each["lacking"]) for row, each in known]


def test_what_records_lack_becomes_one_finding_for_each_department_and_item(story: Story):
    numbers = [closes_untold(story, f"2026-03-{day}T10:00+08:00") for day in ("04", "09")]
    closes_untold(story, "2026-03-17T10:00+08:00", "hotline")
    done = audits(story, "2026-04-01T06:15+08:00")
    assert findings(story) == [
        ("assigned", "delivery", "customer_told", 2),
        ("assigned", "hotline", "customer_told", 1),
    ]
    story.on(done.findings[0])
    assert story.fires("finding_measure") == datetime.fromisoformat("2026-04-12T12:15+08:00"), "75 % of 15 days"
    [text] = query_rows(story.store, TEXT, number=story.number)
    assert all(number in text["body"] for number in numbers)


def owners(story: Story) -> list[str | None]:
    return [
        row["owner"] for row in query_rows(story.store, "SELECT owner FROM cases WHERE kind = 'finding' ORDER BY id")
    ]


def assigned(story: Story, at: str, owner: str) -> None:
    """Close a complaint of which somebody was the owner, without a word to the customer."""
    set_clock(story.store, datetime.fromisoformat(at))
    story.opens("complaint", "货损。", email=None)
    story.then("amy", "classify", category="damage", severity="normal", department="delivery")
    story.then("mei", "assign", department="delivery", owner=owner)
    story.then(owner, "investigate", findings="外箱破损。").then(owner, "resolve", result="已补发。")
    story.then("ann", "revisit", outcome="satisfied").after(days=4)


def staff(story: Story, *people: NewActor) -> None:
    with story.store.writing() as tx:
        for person in people:
            add_actor(tx, person)


def test_a_finding_goes_to_whoever_owned_most_of_the_records_when_they_were_closed(story: Story):
    staff(story, NewActor("ben", (Role.HANDLER,), "delivery"), NewActor("cai", (Role.HANDLER,), "delivery"))
    for day, owner in (("04", "ben"), ("09", "cai"), ("16", "cai")):
        assigned(story, f"2026-03-{day}T10:00+08:00", owner)
    done = audits(story, "2026-04-01T06:15+08:00")
    assert owners(story) == ["cai"]
    assert audits(story, "2026-04-01T09:00+08:00").findings == done.findings
    story.on(done.findings[0]).then("cai", "propose_measure", cause="no_training", measure="培训。")
    assert story.state == "measure_set"


def test_the_finding_of_somebody_who_left_goes_to_his_supervisor(story: Story):
    staff(
        story,
        NewActor("bao", (Role.TEAM_SUPERVISOR,), "delivery"),
        NewActor("ben", (Role.HANDLER,), "delivery", "bao"),
    )
    assigned(story, "2026-03-04T10:00+08:00", "ben")
    execute_sql(story.store, "UPDATE actor SET disabled_at = 1 WHERE handle = 'ben'")
    audits(story, "2026-04-01T06:15+08:00")
    assert owners(story) == ["bao"]
    story.number = ""  # the journal tells that the account was changed by hand


def test_however_often_the_audit_runs_it_opens_nothing_twice(story: Story):
    closes_untold(story, "2026-03-09T10:00+08:00")
    first = audits(story, "2026-04-01T06:15+08:00")
    story.on(first.findings[0]).then("hal", "propose_measure", cause="no_training", measure="培训。")
    again = audits(story, "2026-04-01T09:00+08:00")
    assert again.audits == first.audits
    assert [row["number"] for row in query_rows(story.store, FINDINGS)] == list(first.findings)


def test_the_next_month_is_counted_on_the_finding_that_is_open(story: Story):
    closes_untold(story, "2026-03-09T10:00+08:00")
    number = audits(story, "2026-04-01T06:15+08:00").findings[0]
    closes_untold(story, "2026-04-08T10:00+08:00")
    closes_untold(story, "2026-04-14T10:00+08:00")
    assert audits(story, "2026-05-01T06:15+08:00").findings == (number,)
    story.on(number).then("hal", "propose_measure", cause="no_training", measure="培训。")
    story.then("hal", "rectify", done="已培训。", evidence="签到表。")
    assert audits(story, "2026-06-01T06:15+08:00").findings == (number,)
    story.on(number)
    assert (json.loads(story.variables)["period"], json.loads(story.variables)["lacking"]) == ("2026-05", 0)
    story.then("odd", "verify_effect", effect="effective", evidence="五月无缺项。")
    closes_untold(story, "2026-06-08T10:00+08:00")
    [newer] = audits(story, "2026-07-01T06:15+08:00").findings
    assert newer != number


def test_months_that_an_outage_missed_are_audited_as_of_the_instants_at_which_they_were_due(story: Story):
    audits(story, "2026-03-05T06:15+08:00")
    closes_untold(story, "2026-03-09T10:00+08:00")
    done = audits(story, "2026-05-20T10:00+08:00")
    assert [(each.period.name, each.as_of.isoformat()) for each in done.audits] == [
        ("2026-03", "2026-04-01T06:15:00+08:00"), ("2026-04", "2026-05-01T06:15:00+08:00"),
    ]  # fmt: skip
    assert findings(story) == [("assigned", "delivery", "customer_told", 0)]


def test_an_auditor_is_told_once_a_month_what_lacks_and_what_to_doubt(story: Story):
    with story.store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.AUDITOR,), email="ada@example.com"))
    closes_untold(story, "2026-03-09T10:00+08:00")
    story.opens("complaint", "无人回访。", email=None)
    story.then("amy", "classify", category="damage", severity="normal", department="delivery")
    story.then("mei", "investigate", findings="外箱破损。").then("mei", "resolve", result="已补发。")
    story.until("2026-04-01T06:20+08:00")
    audits(story, "2026-04-01T09:00+08:00")
    assert isinstance(story.work.mailer, FakeMailer)
    [mail] = [mail for mail in story.work.mailer.sent if mail.to == "ada@example.com" and "2026-03" in mail.subject]
    assert f"1 件（{story.number}）" in mail.body
