"""What follows from a moment: classified, acknowledged, routed, told, called back; each once, under its own key."""

import pytest

from engine.actors import NewActor, add_actor
from flows.work import Work
from gateways.telephone import FakeTelephone
from statemachines.roles import Role
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    SUPERVISOR,
    case_of,
    execute_sql,
    fired_steps_of,
    history_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    timer_of,
)
from tests.flows.scenes import DAMAGE, HINT, ODD, deliveries, drained, imported, sent_mails, templates_to

pytestmark = pytest.mark.any_database

NONE = 0 * HOUR
CUSTOMER = "wang@example.com"


def test_what_the_rules_are_sure_of_is_classified_and_routed(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NONE)
    assert moves_of(work.store, number) == ["open", "classify", "assign"]
    case = case_of(work.store, number)
    assert (case["category"], case["department"], case["owner"]) == ("cargo_damage", "claims", HANDLER)
    assert {row["via"] for row in history_of(work.store, number)[1:]} == {"flow"}


def test_what_they_are_not_sure_of_is_left_to_a_person(work: Work):
    number = new_case(work.store, text=HINT)
    drained(work, NONE)
    assert moves_of(work.store, number) == ["open", "suggest"]
    case = case_of(work.store, number)
    assert (case["state"], case["category"], case["owner"]) == ("received", None, None)


def test_what_they_know_nothing_of_is_left_alone(work: Work):
    number = new_case(work.store, text=ODD)
    drained(work, NONE)
    assert moves_of(work.store, number) == ["open"]
    assert all(status == "done" for _, status, *_ in deliveries(work.store))


def test_a_person_who_was_faster_is_not_overruled(work: Work):
    number = new_case(work.store, text=DAMAGE)
    make_move(work.store, number, "classify", category="loss", department="claims")
    drained(work, NONE)
    assert moves_of(work.store, number) == ["open", "classify", "assign"]
    assert case_of(work.store, number)["category"] == "loss"


@pytest.mark.usefixtures("awaited_are_not_told")
def test_the_customer_gets_a_receipt_that_keeps_no_promise(work: Work):
    number = new_case(work.store, text=ODD, customer="王女士", email=CUSTOMER)
    drained(work, NONE)
    [mail] = sent_mails(work)
    assert (mail.to, mail.key) == (CUSTOMER, f"{number}:1:acknowledge_contact:acknowledged")
    assert number in mail.subject + mail.body
    assert moves_of(work.store, number) == ["open", "acknowledge"]
    assert timer_of(work.store, number, "first_reply")["closed_at"] is None
    drained(work, HOUR * 2 + MICROSECOND)
    assert ("first_reply", 100, HOUR * 2) in fired_steps_of(work.store, number)


def test_work_goes_to_whoever_of_the_department_has_least(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("ben", (Role.HANDLER,), "claims"))
        add_actor(tx, NewActor("zed", (Role.HANDLER,), "billing"))
    owners = []
    for _ in range(4):
        number = new_case(work.store, text=DAMAGE)
        drained(work, NONE)
        owners.append(case_of(work.store, number)["owner"])
    assert owners == ["ben", HANDLER, "ben", HANDLER]


def test_a_department_without_a_handler_owns_nothing(work: Work):
    number = new_case(work.store, text=ODD)
    make_move(work.store, number, "classify", department="billing")
    drained(work, NONE)
    assert case_of(work.store, number)["owner"] is None
    assert all(status == "done" for _, status, *_ in deliveries(work.store))


@pytest.mark.usefixtures("awaited_are_not_told")
def test_each_rung_tells_the_level_it_asks(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NONE)
    for quarter in range(1, 17):
        drained(work, HOUR * quarter / 4)
    addresses = [mail.to for mail in sent_mails(work)]
    assert addresses == [f"{name}@example.com" for name in ("han", "sue", "mei", "gao")]
    assert all(number in mail.subject for mail in sent_mails(work))
    assert [case_of(work.store, number)["level"], len(fired_steps_of(work.store, number))] == [3, 4]


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_reminder_without_an_owner_goes_to_who_is_awaited(work: Work):
    new_case(work.store, text=ODD)
    drained(work, HOUR * 1.5)
    assert [mail.to for mail in sent_mails(work)] == ["amy@example.com"]


def test_nobody_is_told_of_a_case_that_is_closed(work: Work):
    number = new_case(work.store, text=ODD)
    make_move(work.store, number, "note", after=HOUR * 2.1)  # the case is taken in hand: two rungs fire
    make_move(work.store, number, "withdraw", after=HOUR * 2.1)
    drained(work, HOUR * 2.1)
    assert len(fired_steps_of(work.store, number)) == 2
    assert sent_mails(work) == []


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_person_who_escalates_is_heard_by_that_level(work: Work):
    number = new_case(work.store, text=ODD)
    drained(work, NONE)
    make_move(work.store, number, "escalate", by=SUPERVISOR, level=2)
    drained(work, NONE)
    assert templates_to(work, "mei@example.com") == ["escalated"]
    assert len(sent_mails(work)) == 1


@pytest.mark.usefixtures("awaited_are_not_told")
def test_history_is_told_to_nobody_one_by_one(work: Work):
    number = imported(work.store, NONE, DAY - HOUR, text=DAMAGE, email=CUSTOMER)
    drained(work, DAY - HOUR)
    assert [moves_of(work.store, number)[at] for at in (0, -1)] == ["open", "assign"]
    assert "acknowledge" not in moves_of(work.store, number)
    assert len(fired_steps_of(work.store, number)) == 4 + 1
    assert sent_mails(work) == []
    drained(work, DAY + MICROSECOND)
    assert len(fired_steps_of(work.store, number)) == 6
    assert [mail.key.split(":")[3] for mail in sent_mails(work)] == ["escalation_step"], (
        "what falls due from now on is told"
    )


def test_a_resolved_case_is_called_back_and_asked(work: Work):
    work.telephone = FakeTelephone({"1": ["no_answer", {"outcome": "satisfied", "attitude": 5}]})
    number = imported(work.store, NONE, NONE, text=ODD, phone="13800138000")
    execute_sql(
        work.store,
        "INSERT INTO arrival (source, row_id, part, kind, pack, at, digest, processed_at, case_id)"
        " VALUES ('desk', '1', 'contact', 'complaint', 'logistics', 0, '', 0, :id)",
        id=case_of(work.store, number)["id"],
    )
    for move in ("classify", "investigate", "resolve"):
        make_move(work.store, number, move)
    for day in range(5):
        drained(work, DAY * day)
    assert [(call.attempt, call.phone) for call in work.telephone.rung] == [(1, "13800138000"), (2, "13800138000")]
    assert len({call.key for call in work.telephone.rung}) == 2
    assert moves_of(work.store, number)[-2:] == ["attempt", "revisit"]


def test_a_case_that_moves_on_is_called_no_more(work: Work):
    number = new_resolved_case(work.store, text=ODD)
    drained(work, NONE)
    make_move(work.store, number, "revisit", by=SUPERVISOR)
    drained(work, HOUR)
    drained(work, DAY * 2)
    assert isinstance(work.telephone, FakeTelephone)
    assert work.telephone.rung == []


def test_every_mail_of_a_life_has_a_key_of_its_own(work: Work):
    for _ in range(3):
        new_case(work.store, text=DAMAGE, email=CUSTOMER)
    number = new_resolved_case(work.store, text=DAMAGE, email=CUSTOMER)
    for quarter in range(0, 24 * 4 * 9, 3):
        drained(work, HOUR * quarter / 4)
    keys = [mail.key for mail in sent_mails(work)]
    assert len(keys) > 10
    assert len(set(keys)) == len(keys)
    assert {mail.key.split(":")[0] for mail in sent_mails(work)} >= {number}


@pytest.mark.parametrize("reaction", ["classify_contact", "acknowledge_contact", "route_case"])
def test_a_delivery_made_twice_changes_nothing(work: Work, reaction: str):
    """As after a crash between the effect and its record."""
    number = new_case(work.store, text=DAMAGE, email=CUSTOMER)
    drained(work, NONE)
    moves, keys = moves_of(work.store, number), {mail.key for mail in sent_mails(work)}
    again = "UPDATE delivery SET status = 'leased', lease_owner = 'dead', done_at = NULL WHERE reaction = :reaction"
    assert execute_sql(work.store, again, reaction=reaction) == 1
    drained(work, HOUR)
    assert moves_of(work.store, number) == moves
    assert {mail.key for mail in sent_mails(work)} == keys
