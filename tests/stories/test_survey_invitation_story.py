"""Stories of periodic surveys: drawn each quarter, asked by letter, call or visit, answered once (E1)."""

from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.create_store import set_clock
from engine.surveys.draw import draw, send_out
from engine.surveys.plan import SamplingPlan
from flows.nights.surveys import Surveyed, survey_customers
from gateways.mail import FakeMailer
from reports import callback_list
from tests.case_actions import START, execute_sql, query_rows
from tests.one_thread import run_in_one_thread
from tests.stories.story import CUSTOMER, Story

INVITATIONS = "SELECT number, state FROM cases WHERE kind = 'survey_invitation' ORDER BY id"
INVITED = """
SELECT c.number FROM survey_person p JOIN cases c ON c.id = p.case_id JOIN party w ON w.id = c.party_id
"""
MORNING_OF_THE_QUARTER = "2026-04-01T07:00+08:00"
APRIL = datetime.fromisoformat("2026-04-01T00:00+08:00")


def inquiries(story: Story, *names: str, **fields: Any) -> None:
    """Open a question of each customer under the rules of shipping; each has an address of his own."""
    for name in names:
        given = {"pack": "shipping", "customer": name, "email": f"{name}@example.com", **fields}
        story.opens("consultation", f"{name}：请问班轮几时开航？", **given)


def surveys(story: Story, at: str = MORNING_OF_THE_QUARTER) -> Surveyed:
    """Let the morning come in which the surveys of the quarter go out."""
    set_clock(story.store, datetime.fromisoformat(at))
    surveyed = run_in_one_thread(survey_customers(story.work))
    story.settle()
    return surveyed


def states(story: Story) -> Counter[str]:
    return Counter(row["state"] for row in query_rows(story.store, INVITATIONS))


def letters(story: Story, to: str) -> list[str]:
    return [mail for mail in story.mails(f"{to}@example.com") if "评价我们的服务" in mail]


@pytest.mark.requirement("E1")
def test_a_quarter_is_surveyed_once_however_often_the_night_runs(story: Story):
    inquiries(story, "wu", "li", "ma")
    surveyed = surveys(story)
    assert (surveyed.drawn, len(surveyed.invited)) == ((1,), 3)
    assert surveys(story, "2026-04-02T07:00+08:00") == Surveyed((), ())
    assert states(story)["invited"] == 3
    story.assert_consistent()


@pytest.mark.requirement("E1")
def test_letters_go_out_in_working_hours_and_who_does_not_answer_is_reminded_twice_and_no_more(story: Story):
    inquiries(story, "wu")
    surveys(story)
    assert (states(story), letters(story, "wu")) == (Counter({"to_invite": 1}), [])
    story.until("2026-04-01T10:00:01+08:00")
    assert len(letters(story, "wu")) == 1
    story.until("2026-04-21T12:00+08:00")
    assert len(letters(story, "wu")) == 3
    assert isinstance(story.work.mailer, FakeMailer)
    story.until("2026-04-30T12:00+08:00")
    assert (states(story), len(letters(story, "wu"))) == (Counter({"unanswered": 1}), 3)
    story.assert_consistent()


def face_to_face(story: Story, way: str = "face_to_face", size: int = 10) -> Story:
    """Let Eva draw and send out a survey of the first quarter that is no letter; continue with its first invitation."""
    with story.store.looking() as tx:
        eva = Principal(known_actor(tx, "eva"), PrincipalKind.PERSON, "console")
    plan = SamplingPlan("logistics", START, APRIL, ("inquiry",), size, way=way)
    set_clock(story.store, APRIL)
    number = draw(story.store, eva, plan, story.now)
    assert send_out(story.store, eva, number, story.now)
    surveys(story)
    return story.on(query_rows(story.store, INVITATIONS)[0]["number"])


@pytest.mark.requirement("E1")
def test_whoever_meets_the_customer_enters_his_answer_once(story: Story):
    inquiries(story, "wu", pack="logistics")
    face_to_face(story)
    assert story.state == "to_visit"
    story.then("mak", "revisit", outcome="satisfied", timeliness=5, price=3)
    assert story.state == "answered"
    assert story.refused("amy", "revisit", outcome="dissatisfied").code == "not_now"
    [rating] = query_rows(story.store, "SELECT questionnaire, answered, score FROM rating")
    assert rating == {"questionnaire": "periodic", "answered": 2, "score": 8857}
    story.after(days=4)
    assert story.state == "archived"


@pytest.mark.requirement("D1")
@pytest.mark.requirement("E1")
def test_a_call_stands_in_the_callers_list_and_after_the_last_in_vain_nobody_was_reached(story: Story):
    inquiries(story, "wu", pack="logistics", phone="13900000001")
    face_to_face(story, "phone")
    [call] = callback_list.gather(story.store, story.now, date(2026, 4, 2)).lines
    assert (call.number, call.questionnaire) == (story.number, "periodic@2026-12")
    story.after(days=10)  # nobody answers
    assert (story.state, story.moves.count("attempt"), letters(story, "wu")) == ("unreached", 3, [])


@pytest.mark.requirement("D2")
@pytest.mark.requirement("E1")
def test_a_dissatisfied_answer_leads_to_a_complaint(story: Story):
    inquiries(story, "wu", pack="logistics")
    face_to_face(story).then("amy", "revisit", outcome="dissatisfied", words="送货总是迟到。")
    complaint = story.child("complaint")
    assert story.on(complaint).state == "received"


@pytest.mark.requirement("E1")
def test_whoever_wants_to_be_asked_no_more_is_drawn_no_more(story: Story):
    inquiries(story, "wu", "li")
    surveys(story)
    [refuser] = query_rows(story.store, f"{INVITED} WHERE w.name = 'wu'")
    story.on(refuser["number"]).then("amy", "decline", never=True)
    assert story.state == "declined"
    inquiries(story, "wu", "li")
    surveyed = surveys(story, "2026-07-01T07:00+08:00")
    [stratum] = query_rows(story.store, "SELECT * FROM survey_stratum WHERE survey_id = 2")
    assert (len(surveyed.invited), stratum["population"], stratum["left_out"]) == (1, 2, '{"opted_out":[1]}')


@pytest.mark.requirement("E1")
def test_a_letter_that_cannot_be_sent_reaches_nobody(story: Story):
    inquiries(story, "wu")
    surveys(story)
    execute_sql(story.store, "UPDATE party SET email = NULL")
    story.until("2026-04-01T12:00+08:00")
    assert states(story) == Counter({"unreached": 1})
    story.number = ""  # the journal tells that somebody has changed the party's address


@pytest.mark.requirement("D2")
@pytest.mark.requirement("E1")
def test_invitations_are_found_by_the_link_of_the_letter(story: Story):
    story.work.portal_url = "https://closeloop.example/portal"
    inquiries(story, "wu")
    surveys(story)
    story.until("2026-04-01T12:00+08:00")
    assert isinstance(story.work.mailer, FakeMailer)
    letter = next(mail for mail in story.work.mailer.sent if "评价我们的服务" in mail.subject)
    [number] = [row["number"] for row in query_rows(story.store, INVITATIONS)]
    assert f"https://closeloop.example/portal/link/{number}." in letter.body


@pytest.mark.requirement("E1")
def test_an_invitation_is_answered_after_a_reminder(story: Story):
    office = {"unit": "business_hours", "calendar": "cn-office"}
    days = {"amount": 21, "unit": "days"}
    story.promises(survey_letter=office | {"amount": 1}, survey_reminder=office | {"amount": 40}, survey_answer=days)
    story.opens("survey_invitation", "定期满意度调查邀请", by="eva")
    assert story.refused("amy", "revisit", outcome="satisfied").code == "not_now"
    story.then("eva", "choose_way", survey=1, stratum="unknown", way="link")
    story.after(hours=1.1)
    assert (story.state, len(story.mails(CUSTOMER))) == ("invited", 1)
    story.after(days=8)
    assert (story.state, len(story.mails(CUSTOMER))) == ("reminded", 2)
    story.then("amy", "revisit", outcome="satisfied", quality=4).after(days=4)
    assert story.state == "archived"
