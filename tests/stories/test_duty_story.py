"""A night on duty, as a manager reads it: who was alerted, who did not answer, who acknowledged, what the report says.

At 02:10 a promise breaks. Sue is on duty and does not answer. After fifteen minutes the manager on duty, Mei, is
alerted; she acknowledges. In the morning the report says so (B11).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.audit.verify import verify
from engine.create_store import set_clock
from engine.outbox.duty_alerts import Alert, acknowledge, climb, due_alerts, record_alert
from flows.tick import drain
from flows.work import Work
from gateways.mail import Mail
from reports.duty_alerts import alerts_between, open_alerts
from reports.morning_report import gather
from reports.morning_report_text import render
from statemachines.refused import Refused
from tests.case_actions import AGENT, DIRECTOR, HANDLER, MANAGER, START, SUPERVISOR, make_move, new_case
from tests.editions import publishes
from tests.engine.duty.rosters import recorded, weekly
from tests.flows.scenes import DAMAGE, sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = pytest.mark.requirement("B11")


def clock(work: Work, text: str) -> None:
    """Let the driver work up to a time of the night: at each instant at which something is due."""
    set_clock(work.store, datetime.fromisoformat(f"2026-03-{text}+08:00"))
    run_in_one_thread(drain(work))


def duty_mails(work: Work) -> list[Mail]:
    return [mail for mail in sent_mails(work) if mail.key.startswith("duty:")]


def alerted(work: Work) -> list[str]:
    return [mail.to.partition("@")[0] for mail in duty_mails(work)]


def alerts(work: Work) -> list[Alert]:
    return due_alerts(work.store, START + timedelta(days=2))


def on_the_console(work: Work, handle: str) -> Principal:
    with work.store.looking() as tx:
        return Principal(known_actor(tx, handle), PrincipalKind.PERSON, "console")


def became(work: Work) -> list[tuple[int, tuple[str, ...], str, str | None]]:
    with work.store.looking() as tx:
        found = alerts_between(tx, START, START + timedelta(days=2))
    return [(each.level, each.people, each.became, each.by) for each in found]


@pytest.fixture
def number(work: Work) -> str:
    """A case that comes in at ten past midnight, in a house with a roster; its first reply is due at 02:10."""
    recorded(work.store, weekly(SUPERVISOR, "20:00", "08:00"), weekly("-", "08:00", "20:00"),
             weekly(MANAGER, department="", level=2), weekly(DIRECTOR, department="", level=3))  # fmt: skip
    return new_case(work.store, datetime.fromisoformat("2026-03-03T00:10:00+08:00") - START, text=DAMAGE)


def test_whoever_does_not_answer_at_night_is_followed_by_the_manager_on_duty(work: Work, number: str):
    clock(work, "03T02:09")
    assert alerted(work) == []
    clock(work, "03T02:10:01")
    assert alerted(work) == [SUPERVISOR]
    clock(work, "03T02:24")
    assert alerted(work) == [SUPERVISOR]
    clock(work, "03T02:25:02")
    assert alerted(work) == [SUPERVISOR, MANAGER]
    clock(work, "03T02:31")
    assert acknowledge(work.store, on_the_console(work, MANAGER), number, work.store.now()) == 2
    assert acknowledge(work.store, on_the_console(work, MANAGER), number, work.store.now()) == 0
    for text in ("03T02:45", "03T03:30", "03T07:05", "03T07:30"):
        clock(work, text)
    assert alerted(work) == [SUPERVISOR, MANAGER], "an acknowledged alert climbs no further"
    assert became(work) == [
        (1, (SUPERVISOR,), "acknowledged", MANAGER), (2, (MANAGER,), "acknowledged", MANAGER),
    ]  # fmt: skip
    report = render(gather(work.store, work.store.now()), "en")
    assert f"| {number} | level 2 | mei | 03-03 02:25 | acknowledged by mei, 03-03 02:31 |" in report
    assert verify(work.store).faults == ()


def test_without_an_answer_the_alert_climbs_to_the_top_and_stays_in_the_report(work: Work, number: str):
    for text in ("03T02:10:01", "03T02:26", "03T02:41", "03T03:30"):
        clock(work, text)
    assert alerted(work) == [SUPERVISOR, MANAGER, DIRECTOR]
    assert [row[2] for row in became(work)] == ["climbed", "climbed", "unanswered"]
    with work.store.looking() as tx:
        assert [each.number for each in open_alerts(tx)] == [number]


def test_who_meets_the_promise_ends_the_alert(work: Work, number: str):
    clock(work, "03T02:10:01")
    make_move(work.store, number, "reply", by=AGENT, after=work.store.now() - START)
    clock(work, "03T02:40")
    assert alerted(work) == [SUPERVISOR]
    assert [row[2] for row in became(work)] == ["ended"]


def test_where_nobody_is_on_duty_the_next_level_is_alerted_at_once(work: Work, number: str):
    with work.store.writing() as tx:
        tx.run("UPDATE actor SET absent_from = 0, absent_until = NULL WHERE handle = :handle", handle=SUPERVISOR)
    clock(work, "03T02:10:01")
    assert alerted(work) == [MANAGER]
    assert became(work)[0] == (1, (), "nobody", None)
    assert "nobody on duty; next level alerted" in render(gather(work.store, work.store.now()), "en")


def test_two_drivers_and_a_repeated_delivery_alert_each_level_once(work: Work, number: str):
    clock(work, "03T02:10:01")
    [first] = alerts(work)
    set_clock(work.store, datetime.fromisoformat("2026-03-03T02:26:00+08:00"))
    higher = replace(first, level=2, people=(MANAGER,), climbs_at=None)
    assert [climb(work.store, first, higher, [], work.store.now()) for _ in range(2)] == [True, False]
    assert record_alert(work.store, first, [], work.store.now()) is False
    run_in_one_thread(drain(work))
    assert [(row[0], row[2]) for row in became(work)] == [(1, "climbed"), (2, "unanswered")]


def test_an_alert_is_acknowledged_by_whom_it_names_or_by_a_supervisor(work: Work, number: str):
    with pytest.raises(Refused, match="no_alert"):
        acknowledge(work.store, on_the_console(work, SUPERVISOR), number, work.store.now())
    clock(work, "03T02:10:01")
    with pytest.raises(Refused, match="not_alerted"):
        acknowledge(work.store, on_the_console(work, HANDLER), number, work.store.now())
    assert acknowledge(work.store, on_the_console(work, DIRECTOR), number, work.store.now()) == 1


def test_a_pack_may_wake_people_at_night_for_urgent_cases_alone(work: Work):
    publishes(work.store, "alerts", calendar="cn-daytime", levels=[1, 2, 3], at_once=["urgent"])
    recorded(work.store, weekly(SUPERVISOR))
    at = datetime.fromisoformat("2026-03-03T00:10:00+08:00") - START
    urgent, usual = new_case(work.store, at, text=DAMAGE), new_case(work.store, at, text=DAMAGE)
    for number, severity in ((urgent, "urgent"), (usual, "high")):
        make_move(work.store, number, "classify", after=at, severity=severity)
    for text in ("03T00:30", "03T01:10:01", "03T02:10:01"):
        clock(work, text)
    assert {mail.subject[:12] for mail in duty_mails(work)} == {urgent}
    clock(work, "03T07:00:01")
    assert {mail.subject[:12] for mail in duty_mails(work)} == {urgent, usual}
