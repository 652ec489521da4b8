"""A night as a group in a messenger reads it: the alert, its climb, and the mail where the group does not accept it.

At 02:10 a promise breaks; the group of the night shift reads so, and at 02:25 that the manager is alerted (B11).
"""

from datetime import datetime
from pathlib import Path

import pytest

from engine.audit.verify import verify
from engine.create_store import set_clock
from engine.outbox.mails import lease_mails
from flows.nights.duty_gaps import tell_gaps
from flows.prefect_ui.alerts import NIGHT_MISSING, alert
from flows.tick import drain
from flows.work import Work
from gateways.groups import FakeGroups, GroupAlert, GroupFailed, GroupSettings, Provider
from tests.case_actions import DIRECTOR, MANAGER, START, SUPERVISOR, new_case, query_rows
from tests.engine.duty.rosters import recorded, weekly
from tests.flows.scenes import DAMAGE, sent_mails
from tests.one_thread import run_in_one_thread
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("B11")

FALLBACK = "night-shift@example.com"
OF_GROUPS = (
    "SELECT key, outcome, answer, tries, body FROM mail WHERE substr(recipient, 1, 7) = ' group ' ORDER BY composed_at"
)


def group(name: str = "nights", **given: object) -> GroupSettings:
    whole = {"name": name, "provider": Provider.WECOM, "address_file": Path("a"), "fallback": FALLBACK, "locale": "en"}
    return GroupSettings.model_validate(whole | given)


def clock(work: Work, text: str) -> None:
    set_clock(work.store, datetime.fromisoformat(f"2026-03-{text}+08:00"))
    run_in_one_thread(drain(work))


@pytest.fixture
def groups(work: Work) -> FakeGroups:
    work.groups = FakeGroups((group(),))
    return work.groups


@pytest.fixture
def number(work: Work, groups: FakeGroups) -> str:
    """A case that comes in at ten past midnight, in a house with a roster; its first reply is due at 02:10."""
    recorded(work.store, weekly(SUPERVISOR, "20:00", "08:00"), weekly("-", "08:00", "20:00"),
             weekly(MANAGER, department="", level=2), weekly(DIRECTOR, department="", level=3))  # fmt: skip
    at = datetime.fromisoformat("2026-03-03T00:10:00+08:00") - START
    return new_case(work.store, at, text=DAMAGE, customer="王小明", email="xiaoming@example.org", phone="13812345678")


def test_the_group_reads_the_alert_and_its_climb_and_nothing_of_the_customer(
    work: Work, groups: FakeGroups, number: str
):
    clock(work, "03T02:10:01")
    [(name, subject, body)] = groups.sent
    assert (name, subject) == ("nights", f"{number}: alert, level 1")
    assert "Alerted: sue. Acknowledge until 2026-03-03 02:25" in body
    clock(work, "03T02:26")
    assert "Alerted: mei." in groups.sent[1][2]
    clock(work, "03T02:42")
    assert "Alerted: gao. No further level is alerted." in groups.sent[2][2]
    for text in ("王小明", "xiaoming", DAMAGE, "13812345678"):
        assert all(text not in part for sent in groups.sent for part in sent)
    rows = query_rows(work.store, OF_GROUPS)
    assert [(row["outcome"], row["answer"], row["tries"], row["body"]) for row in rows] == [("sent", "0", 1, "")] * 3
    assert rows[0]["key"].endswith(":1:group:nights")
    clock(work, "03T03:30")
    assert len(groups.sent) == 3
    assert verify(work.store).faults == ()


def test_a_group_that_does_not_accept_an_alert_is_tried_three_times_and_then_mailed(
    work: Work, groups: FakeGroups, number: str
):
    groups.failing["nights"] = GroupFailed("93000")
    for text in ("03T02:10:01", "03T02:10:12"):
        clock(work, text)
    [row] = query_rows(work.store, OF_GROUPS)
    assert (row["outcome"], row["answer"], row["tries"]) == ("refused", "93000", 2)
    assert [mail.to for mail in sent_mails(work) if mail.to == FALLBACK] == []
    clock(work, "03T02:10:55")
    [row] = query_rows(work.store, OF_GROUPS)
    assert (row["outcome"], row["answer"], row["tries"], row["body"]) == ("fell_back", "93000", 3, "")
    [instead] = [mail for mail in sent_mails(work) if mail.to == FALLBACK]
    assert instead.subject == f"{number}: alert, level 1"
    assert "Alerted: sue." in instead.body
    groups.failing.clear()
    clock(work, "03T02:20")
    assert groups.sent == []
    assert len([mail for mail in sent_mails(work) if mail.to == FALLBACK]) == 1
    assert verify(work.store).faults == ()


def test_a_provider_that_is_called_too_often_is_given_a_quarter_of_an_hour(work: Work, groups: FakeGroups, number: str):
    groups.failing["nights"] = GroupFailed("45009", busy=True)
    for text in ("03T02:10:01", "03T02:10:12", "03T02:10:55"):
        clock(work, text)
    groups.failing.clear()
    clock(work, "03T02:13:40")
    assert len(groups.sent) == 1
    assert [mail for mail in sent_mails(work) if mail.to == FALLBACK] == []


def test_a_process_that_dies_between_the_two_writes_loses_no_mail_in_place_of_a_message(
    work: Work, groups: FakeGroups, number: str
):
    groups.failing["nights"] = GroupFailed("93000")
    for text in ("03T02:10:01", "03T02:10:12"):
        clock(work, text)
    at = datetime.fromisoformat("2026-03-03T02:10:55+08:00")
    set_clock(work.store, at)
    [leased] = lease_mails(work.store, at, 10)
    assert leased.tries == 3
    clock(work, "03T02:12")
    assert [mail.to for mail in sent_mails(work)].count(FALLBACK) == 1


def test_a_group_that_the_file_no_longer_names_is_nobodys_and_the_message_is_recorded(
    work: Work, groups: FakeGroups, number: str
):
    groups.failing["nights"] = GroupFailed("timeout")
    clock(work, "03T02:10:01")
    groups.groups = ()
    clock(work, "03T02:10:12")
    [row] = query_rows(work.store, OF_GROUPS)
    assert (row["outcome"], row["answer"]) == ("fell_back", "no_group")
    [instead] = query_rows(work.store, "SELECT outcome FROM mail WHERE substr(recipient, 1, 8) = ' instead'")
    assert instead["outcome"] == "no_address"


def test_a_group_gets_the_alerts_of_its_departments_levels_and_sorts(work: Work, number: str):
    claims, delivery = group("claims", departments=["claims"]), group("delivery", departments=["delivery"])
    second, night = group("second", levels=[2]), group("night", alerts=[GroupAlert.NIGHT])
    work.groups = groups = FakeGroups((claims, delivery, second, night))
    clock(work, "03T02:10:01")
    assert [name for name, *_ in groups.sent] == ["claims"]
    clock(work, "03T02:26")
    assert sorted(name for name, *_ in groups.sent[1:]) == ["claims", "second"]
    run_in_one_thread(alert(work, NIGHT_MISSING))
    assert sorted(name for name, *_ in groups.sent[3:]) == ["claims", "delivery", "night", "second"]
    assert groups.sent[3][1] == "No overnight escalation for 26 hours"
    run_in_one_thread(alert(work, NIGHT_MISSING))
    assert len(groups.sent) == 7


def test_nobody_on_duty_is_told_to_the_group_once(work: Work, groups: FakeGroups, number: str):
    recorded(work.store, weekly(SUPERVISOR, "20:00", "06:00"), at=work.store.now())
    run_in_one_thread(tell_gaps(work))
    gaps = [sent for sent in groups.sent if sent[1].startswith("Nobody on duty")]
    assert gaps
    run_in_one_thread(tell_gaps(work))
    assert [sent for sent in groups.sent if sent[1].startswith("Nobody on duty")] == gaps


def test_a_confidential_case_is_told_to_no_group(story: Story, groups: FakeGroups):
    recorded(story.store, weekly(MANAGER, department="", level=2), at=story.now)
    story.work.groups = groups
    story.opens("report", "派送员代签收货单。", channel="whistle_mail")
    story.then("quin", "take_up", category="falsification", severity="high", accused="hal")
    story.then("quin", "escalate", level=2, reason="The accused is the manager's friend.")
    assert query_rows(story.store, "SELECT people FROM duty_alert")
    assert groups.sent == []
