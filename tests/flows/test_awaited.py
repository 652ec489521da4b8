"""Whoever a case awaits hears of it: each state tells its owner, in the right department, once (B6, B12)."""

from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from flows.work import Work
from gateways.mail import Mail
from statemachines.roles import Role
from tests.case_actions import AGENT, DIRECTOR, HANDLER, HOUR, MANAGER, SUPERVISOR, make_move, new_case, query_rows
from tests.flows.scenes import DAMAGE, ODD, drained, sent_mails

pytestmark = [pytest.mark.requirement("B6"), pytest.mark.requirement("B12"), pytest.mark.any_database]

MINUTE = timedelta(minutes=1)
NOW = timedelta()


def staff(work: Work, **more: tuple[Role, str | None]) -> None:
    with work.store.writing() as tx:
        for handle, (role, department) in more.items():
            add_actor(tx, NewActor(handle, (role,), department, email=f"{handle}@example.com"))


def told(work: Work, since: int = 0) -> list[str]:
    """Return who got a notice that a case awaits him, in order."""
    return [mail.to.partition("@")[0] for mail in awaiting(work)[since:]]


def awaiting(work: Work) -> list[Mail]:
    return [mail for mail in sent_mails(work) if ":awaited:" in mail.key]


def moved(work: Work, number: str, move: str, by: str, after: timedelta = NOW, **form: object) -> list[str]:
    """Make a move, do all that follows from it, and return who was told that the case awaits him."""
    before = len(awaiting(work))
    make_move(work.store, number, move, by, after, **form)
    drained(work, after)
    return told(work, before)


def test_an_assignment_tells_the_new_owner_and_nobody_else(work: Work):
    staff(work, bo=(Role.HANDLER, "claims"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert told(work) == ["bo"], "the least busy handler was assigned, and only he is told"
    assert moved(work, number, "assign", SUPERVISOR, owner=HANDLER) == [HANDLER]
    assert number in awaiting(work)[-1].subject
    assert "已分类" in awaiting(work)[-1].subject


def test_what_a_person_does_himself_is_not_told_to_him(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "investigate", HANDLER) == [], "it is still his"
    assert moved(work, number, "resolve", HANDLER) == [AGENT], "the callback awaits the desk"


def test_another_department_hears_of_its_case_and_the_former_owner_loses_it(work: Work):
    staff(work, hal=(Role.HANDLER, "delivery"), sid=(Role.TEAM_SUPERVISOR, "delivery"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "assign", SUPERVISOR, department="delivery", owner=None) == ["hal"]
    before = len(sent_mails(work))
    drained(work, HOUR * 1.5)
    assert [mail.to for mail in sent_mails(work)[before:]] == ["hal@example.com"], "the reminder goes there, too"


def test_a_department_without_handlers_tells_its_supervisor_and_says_so(work: Work):
    staff(work, sid=(Role.TEAM_SUPERVISOR, "delivery"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "assign", SUPERVISOR, department="delivery", owner=None) == ["sid"]
    assert "本应先找经办人" in awaiting(work)[-1].body


def test_a_ruling_and_a_refusal_are_wanted_of_a_supervisor_who_did_not_ask_for_them(work: Work):
    staff(work, sam=(Role.TEAM_SUPERVISOR, "claims"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "return", HANDLER) == []
    assert moved(work, number, "return", HANDLER) == ["sam", SUPERVISOR]
    assert moved(work, number, "rule_owner", SUPERVISOR, owner=HANDLER) == [HANDLER]
    assert moved(work, number, "propose_refusal", SUPERVISOR) == ["sam"], "nobody reviews his own proposal"


def test_where_nobody_else_may_judge_the_next_level_is_told(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "propose_refusal", SUPERVISOR) == [MANAGER]
    assert "本应先找客服班组长" in awaiting(work)[-1].body


def test_levels_that_nobody_holds_are_named_together(work: Work):
    staff(work, gao=(Role.GENERAL_MANAGER, None))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    assert moved(work, number, "assign", SUPERVISOR, department="billing", owner=None) == ["gao"]
    body = awaiting(work)[-1].body
    assert "本应先找经办人、客服班组长、部门经理，" in body
    assert body.count("本应先找") == 1


def test_a_new_round_tells_the_owner_and_a_final_state_nobody(work: Work):
    staff(work, ann=(Role.AGENT, "hotline"))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    moved(work, number, "investigate", HANDLER)
    assert moved(work, number, "resolve", HANDLER) == [AGENT, "ann"]
    assert moved(work, number, "revisit", "ann", outcome="dissatisfied") == [HANDLER]
    assert moved(work, number, "withdraw", AGENT) == []


@pytest.mark.usefixtures("awaited_are_not_told")
def test_a_managers_own_task_climbs_to_the_general_manager_and_never_down_to_the_team(work: Work):
    staff(work, quin=(Role.QUALITY_TEAM, None))
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    for _ in range(2):
        make_move(work.store, number, "return", HANDLER)
    for hour in range(1, 25):
        drained(work, HOUR * hour)
    asked = [mail.to.partition("@")[0] for mail in sent_mails(work)]
    assert asked == [SUPERVISOR, MANAGER, DIRECTOR], "the ruling is the supervisor's, then it goes up"


def test_a_notice_that_waits_for_a_digest_is_left_out_once_the_case_went_on(work: Work):
    numbers = [new_case(work.store, text=ODD) for _ in range(7)]
    drained(work, NOW)
    assert told(work) == []
    make_move(work.store, numbers[0], "classify", SUPERVISOR)
    drained(work, MINUTE)
    drained(work, MINUTE * 12)
    [digest] = [mail for mail in sent_mails(work) if mail.to == "amy@example.com"]
    assert [number in digest.body for number in numbers] == [False, *[True] * 6]


def test_delivered_twice_nobody_is_told_twice(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    with work.store.writing() as tx:
        tx.run("UPDATE delivery SET status = 'waiting', done_at = NULL WHERE reaction = 'tell_whom_the_case_awaits'")
    drained(work, MINUTE)
    assert told(work) == [HANDLER]
    rows = query_rows(work.store, "SELECT recipient, awaiting FROM notice")
    assert rows == [{"recipient": HANDLER, "awaiting": "classified"}]
    assert number in awaiting(work)[0].subject


def test_a_reclassification_that_leaves_the_case_where_it_is_tells_nobody_again(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, NOW)
    [category, department] = ["loss", "claims"]
    assert moved(work, number, "reclassify", SUPERVISOR, category=category, department=department) == []
    assert moved(work, number, "assign", SUPERVISOR, department=department, owner=HANDLER) == []
    staff(work, hal=(Role.HANDLER, "delivery"))
    assert moved(work, number, "reclassify", SUPERVISOR, category=category, department="delivery") == ["hal"]
    assert moved(work, number, "reclassify", SUPERVISOR, category=category, department=department) == [HANDLER]
