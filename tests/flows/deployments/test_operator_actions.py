"""A supervisor acts from a form: by code where duties are separated, in readable words, and never twice."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from apps.status import check_health
from engine.actors import NewActor, add_actor
from engine.commands.command import Command
from engine.commands.holds import PARKED, Held, held, hold, release
from engine.commands.one_time_codes import LASTS, issue, issue_by_hand, redeem
from engine.commands.staffing import journal
from engine.create_store import set_clock
from engine.outbox.case_event import CaseEvent
from engine.outbox.deliveries import lease
from engine.settings import Settings
from engine.store import Store
from engine.timers.next_due import look
from flows.deployments import operator_actions as acts
from flows.deployments.operator_forms import (
    ActForm,
    CaseForm,
    DecideForm,
    EscalateForm,
    ExtendForm,
    HoldForm,
    ReassignForm,
    ReleaseForm,
    SweepForm,
    decisions,
)
from flows.deployments.operator_outcomes import AGAIN, AWAITING, DONE, REFUSED, Outcome
from flows.nights.overnight_escalation import Night
from flows.work import Work
from gateways.mail import FileMailer
from models.columns import from_micros, to_micros
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    MICROSECOND,
    START,
    SUPERVISOR,
    case_of,
    execute_sql,
    fired_steps_of,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
    run_concurrently,
    timer_of,
)
from tests.flows.scenes import DAMAGE, ODD, deliveries, drained, sent_mails, templates_to

pytestmark = pytest.mark.any_database

T = TypeVar("T")
BERLIN = "Europe/Berlin"
APPROVE, AMOUNT = "approve_compensation", 900_000
CODE = re.compile(r"^  (\d{6})$", re.MULTILINE)


def ended(act: Awaitable[T]) -> T:
    async def one() -> T:
        return await act

    return asyncio.run(one())


def awaiting(store: Store, by: str = HANDLER) -> str:
    """A case whose compensation, above the desk's limit, waits for a second person."""
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "investigate")
    make_move(store, number, "determine_responsibility", by=HANDLER)
    make_move(store, number, "confirm_responsibility")
    make_move(store, number, "compensate", by=by, compensation=AMOUNT)
    return number


def decides(work: Work, number: str, code: str = "", by: str = SUPERVISOR, **more: Any) -> Outcome:
    form = {"case": number, "move": APPROVE, "amount": AMOUNT, "acting_as": by, "code": code, **more}
    return ended(acts.decide(work, DecideForm(**form)))


def code_of(work: Work) -> str:
    """The code in the latest mail."""
    found = CODE.search(sent_mails(work)[-1].body)
    assert found is not None
    return found[1]


Action = Callable[[Work, Any], Awaitable[Outcome]]


def with_code(work: Work, action: Action, form: type[ActForm], **entries: Any) -> Outcome:
    """Run an action as people do: for the code, and again with it; only once if the first run sends none."""
    asked = ended(action(work, form(**entries)))
    return asked if asked.state != AWAITING else ended(action(work, form(**entries, code=code_of(work))))


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def later(work: Work, after: timedelta) -> None:
    set_clock(work.store, START + after)


@pytest.mark.requirement("F3")
def test_an_approval_is_made_with_the_code_that_only_its_actor_gets(work: Work):
    number = awaiting(work.store)
    asked = decides(work, number)
    assert (asked.state, asked.code, moves_of(work.store, number)[-1]) == (AWAITING, "code_sent", "compensate")
    assert [mail.to for mail in sent_mails(work)] == ["sue@example.com"]
    code = code_of(work)
    assert code not in asked.text
    assert [
        row["code"] for row in query_rows(work.store, "SELECT code FROM one_time_code") if code in row["code"]
    ] == []

    done = decides(work, number, code)
    assert (done.state, done.code) == (DONE, f"{number}:7")
    last = history_of(work.store, number)[-1]
    assert (last["move"], last["via"]) == (APPROVE, "prefect-form")
    assert "批准赔付" in done.text
    assert SUPERVISOR in done.text


def test_the_same_entries_with_the_same_code_change_nothing_again(work: Work):
    number = awaiting(work.store)
    decides(work, number)
    code = code_of(work)
    decides(work, number, code)
    again = decides(work, number, code)
    assert (again.state, again.code) == (AGAIN, f"{number}:7")
    assert moves_of(work.store, number).count(APPROVE) == 1


def test_a_code_that_was_used_is_refused_under_another_key(store: Store):
    number = awaiting(store)
    command = Command(number, APPROVE, {"approved": AMOUNT}, SUPERVISOR, key="one")
    code = issue(store, command, START).code
    redeem(store, command, code, START)
    other = Command(number, APPROVE, {"approved": AMOUNT}, SUPERVISOR, key="two")
    assert refusal(lambda: redeem(store, other, code, START)).code == "code_used"


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    "other", [{"amount": 1}, {"by": MANAGER}, {"move": "decline_compensation", "amount": None, "reason": "in_order"}]
)
def test_a_code_is_good_for_its_own_entries_alone(work: Work, other: dict[str, Any]):
    number = awaiting(work.store)
    decides(work, number)
    refused = decides(work, number, code_of(work), **other)
    assert (refused.state, refused.code) == (REFUSED, "code_unknown")
    assert moves_of(work.store, number)[-1] == "compensate"


def test_five_wrong_codes_lock_the_actor_out_until_they_have_ended(work: Work):
    number = awaiting(work.store)
    decides(work, number)
    code = code_of(work)
    tried = [decides(work, number, other_than(code)) for _ in range(5)]
    assert [one.code for one in tried] == ["code_wrong"] * 4 + ["code_locked"]
    assert re.search("还可以试 4 次", tried[0].text)
    assert decides(work, number, code).code == "code_locked"
    assert decides(work, number).code == "code_locked", "a new code would be five new tries"
    assert decides(work, number, by=MANAGER).state == AWAITING, "who did not try is not locked out"
    later(work, LASTS)
    decides(work, number)
    assert decides(work, number, code_of(work)).state == DONE


def test_a_code_is_good_for_a_quarter_of_an_hour(work: Work):
    number = awaiting(work.store)
    decides(work, number)
    code = code_of(work)
    later(work, LASTS)
    assert decides(work, number, code).code == "code_expired"
    decides(work, number)
    later(work, 2 * LASTS - MICROSECOND)
    assert decides(work, number, code_of(work)).state == DONE


def test_the_latest_code_is_the_one_that_counts(work: Work):
    number = awaiting(work.store)
    decides(work, number)
    first = code_of(work)
    while decides(work, number) and code_of(work) == first:
        pass
    assert decides(work, number, first).code == "code_wrong"
    assert decides(work, number, code_of(work)).state == DONE


def test_a_code_moves_a_case_once_whoever_comes_at_the_same_time(store: Store):
    number = awaiting(store)
    command = Command(number, APPROVE, {"approved": AMOUNT}, SUPERVISOR, key="one")
    code = issue(store, command, START).code
    answers: list[Any] = run_concurrently([lambda: redeem(store, command, code, START)] * 4)
    assert sorted(answer.again for answer in answers) == [False, True, True, True]
    assert moves_of(store, number).count(APPROVE) == 1


@pytest.mark.requirement("F3")
def test_nobody_approves_his_own_work_and_no_code_is_sent_for_it(work: Work):
    number = awaiting(work.store, by=SUPERVISOR)
    refused = decides(work, number)
    assert (refused.state, refused.code, sent_mails(work)) == (REFUSED, "own_work", [])
    assert "提出赔付" in refused.text
    decides(work, number, by=MANAGER)
    assert decides(work, number, code_of(work), by=MANAGER).state == DONE


def test_a_code_is_not_spent_on_a_move_that_is_refused(work: Work):
    number = awaiting(work.store)
    decides(work, number)
    code = code_of(work)
    make_move(work.store, number, "decline_compensation", by=MANAGER)
    assert decides(work, number, code).code == "not_now"
    make_move(work.store, number, "compensate", by=HANDLER, compensation=AMOUNT)
    assert decides(work, number, code).state == DONE


def test_who_has_no_address_gets_no_code(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("bo", (Role.GENERAL_MANAGER,)))
    assert decides(work, awaiting(work.store), by="bo").code == "no_address"


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ({"amount": None}, "form"),
        ({"reason": "in_order"}, "unknown_field"),
        ({"department": "claims"}, "unknown_field"),
        ({"amount": AMOUNT + 1}, "guard"),
        ({"move": "approve_plan"}, "unknown_move"),
        ({"by": "nobody"}, "unknown_actor"),
        ({"by": HANDLER}, "role"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_code(work: Work, entered: dict[str, Any], code: str):
    refused = decides(work, awaiting(work.store), **entered)
    assert (refused.state, refused.code, sent_mails(work)) == (REFUSED, code, [])
    assert "{" not in refused.text


def test_a_case_that_does_not_exist_is_refused(work: Work):
    assert decides(work, "cp-26-999999").code == "unknown_case"


def escalates(work: Work, number: str, **more: Any) -> Outcome:
    form = {"case": number, "acting_as": SUPERVISOR, "level": "2", "reason": "urgent_customer", **more}
    return with_code(work, acts.escalate, EscalateForm, **form)


def said(store: Store, number: str, seq: int, field: str = "reason") -> str:
    sql = "SELECT content FROM statement WHERE case_id = :id AND seq = :seq AND field = :field"
    [row] = query_rows(store, sql, id=case_of(store, number)["id"], seq=seq, field=field)
    return row["content"]


def test_a_case_is_escalated_for_a_reason_that_reads_as_it_was_chosen(work: Work):
    number = new_case(work.store)
    done = escalates(work, number, reference="OA-2026-0142")
    assert (done.state, case_of(work.store, number)["level"]) == (DONE, 2)
    assert said(work.store, number, 2) == "客户催促紧急（OA-2026-0142）"
    again = escalates(work, number, reference="OA-2026-0142", code=code_of(work))
    assert (again.state, again.code) == (AGAIN, done.code)
    assert escalates(work, number).code == "guard", "it is there already"


def test_a_promise_gets_more_time_once_for_each_code(work: Work):
    number = new_case(work.store)
    before = timer_of(work.store, number, "solution")["allowance"]
    form = {"case": number, "acting_as": SUPERVISOR, "clause": "solution", "hours": 12, "reason": "force_majeure"}

    def extends(**more: Any) -> str:
        return with_code(work, acts.extend, ExtendForm, **form, **more).state

    assert [extends(), extends(code=code_of(work)), extends()] == [DONE, AGAIN, DONE]
    assert timer_of(work.store, number, "solution")["allowance"] - before == 24 * 3600 * 10**6
    form["clause"] = "revisit"
    assert extends() == REFUSED


def reassigns(work: Work, number: str, **more: Any) -> Outcome:
    form = {"case": number, "acting_as": SUPERVISOR, "department": "claims", "reason": "wrong_department", **more}
    return with_code(work, acts.reassign, ReassignForm, **form)


def test_a_case_is_reassigned(work: Work):
    number = new_case(work.store)
    assert reassigns(work, number, owner=HANDLER).state == DONE
    case = case_of(work.store, number)
    assert (case["department"], case["owner"]) == ("claims", HANDLER)
    assert reassigns(work, number, owner="nobody").code == "unknown_actor"


def test_a_department_that_the_house_does_not_have_is_refused_with_those_it_has(work: Work):
    number = new_case(work.store)
    refused = reassigns(work, number, department="clams")
    assert (refused.state, refused.code, sent_mails(work)) == (REFUSED, "unknown_department", [])
    assert "clams" in refused.message
    assert "claims" in refused.message
    assert case_of(work.store, number)["department"] is None


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    ("action", "form", "entries"),
    [
        (acts.escalate, EscalateForm, {"level": "2", "reason": "urgent_customer"}),
        (acts.reassign, ReassignForm, {"department": "claims", "reason": "workload"}),
        (acts.extend, ExtendForm, {"clause": "solution", "hours": 1, "reason": "force_majeure"}),
    ],
)
def test_nobody_acts_on_a_case_under_anothers_name_without_his_code(
    work: Work, action: Any, form: type[CaseForm], entries: dict[str, Any]
):
    number = new_case(work.store)

    def asked(by: str) -> str:
        outcome = ended(action(work, form(case=number, acting_as=by, **entries)))
        assert (outcome.state, outcome.code) == (AWAITING, "code_sent")
        return code_of(work)

    own, theirs = asked(SUPERVISOR), asked(MANAGER)
    while theirs == own:
        theirs = asked(MANAGER)
    tried = ended(action(work, form(case=number, acting_as=SUPERVISOR, code=theirs, **entries)))
    assert (tried.state, tried.code, moves_of(work.store, number)) == (REFUSED, "code_wrong", ["open"])


def test_what_is_done_says_what_changed_in_the_language_and_zone_of_whoever_acted(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("max", (Role.TEAM_SUPERVISOR,), "claims", None, "en", "max@example.com", BERLIN))
    number = new_case(work.store)
    entries = {"case": number, "acting_as": "max", "clause": "solution", "hours": 12, "reason": "force_majeure"}
    before = from_micros(timer_of(work.store, number, "solution")["running_since"])
    assert before == START
    extended = with_code(work, acts.extend, ExtendForm, **entries)
    assert f"2026-03-03 02:00 {BERLIN} → 2026-03-03 14:00 {BERLIN}" in extended.message
    assert extended.message.startswith("“Extend” done by max")
    raised = escalates(work, number, acting_as="max")
    assert "level: Handler → Department manager" in raised.message
    moved = reassigns(work, number, acting_as="max", owner=HANDLER)
    assert "owner: – → han" in moved.message
    assert "department: – → Claims" in moved.message
    refused = escalates(work, number, acting_as="max", level="1")
    assert refused.message.startswith("The condition for “Escalate” does not hold")
    assert "ask_customer" not in refused.message


def test_a_code_without_a_mail_server_says_that_it_reached_nobody(work: Work):
    work.mailer = FileMailer(work.store.home / "outbox" / "mail.jsonl")
    asked = ended(acts.escalate(work, EscalateForm(
        case=new_case(work.store), acting_as=SUPERVISOR, level="2", reason="urgent_customer")))  # fmt: skip
    assert "outbox/mail.jsonl" in asked.message
    assert f"closeloop code --for {SUPERVISOR}" in asked.message


def by_hand(store: Store, handle: str) -> str:
    with store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,)))
    return issue_by_hand(store, handle, "ada", store.now()).code


@pytest.mark.requirement("F3")
def test_a_code_that_an_administrator_hands_over_is_good_for_one_act_of_that_person(work: Work):
    number, other = new_case(work.store), new_case(work.store, row_id="2")
    code = by_hand(work.store, SUPERVISOR)
    assert escalates(work, number, acting_as=MANAGER, code=code).code == "code_unknown"
    assert escalates(work, number, code=other_than(code)).code == "code_wrong"
    assert escalates(work, number, code=code).state == DONE
    assert escalates(work, other, code=code).code == "code_used"
    with work.store.looking() as tx:
        [change] = [one for one in journal(tx, SUPERVISOR) if one.field == "code"]
    assert (change.by, change.before) == ("ada", None)
    assert code not in str(change)


def test_only_an_administrator_hands_a_code_over(store: Store):
    assert refusal(lambda: issue_by_hand(store, SUPERVISOR, MANAGER, START)).code == "not_in_charge"


def test_a_code_that_was_handed_over_ends_like_every_other(work: Work):
    code = by_hand(work.store, SUPERVISOR)
    number = new_case(work.store)
    later(work, LASTS)
    assert escalates(work, number, code=code).code == "code_expired"


def test_decisions_are_found_in_the_tables_and_none_asks_for_words():
    found = decisions()
    assert {APPROVE, "decline_compensation", "rule_owner", "approve_plan", "take_on", "write_off"} <= set(found)
    assert not {"refuse", "decide", "settle_exception", "withdraw", "escalate", "archive"} & set(found)
    assert found[APPROVE] == f"批准赔付 · Approve the compensation · {APPROVE}"
    assert DecideForm(acting_as="x", case="cp-26-000001", move=found[APPROVE]).move == APPROVE


@pytest.mark.parametrize(
    "words",
    [
        {"reference": "13800138000"},
        {"reference": "王小明"},
        {"reference": "TEL-13800138000"},
        {"acting_as": "wang@example.com"},
        {"acting_as": "Wang Xiaoming"},
        {"case": "cp-26-000001 王小明"},
        {"reason": "He is angry."},
        {"note": "He is angry."},
        {"level": "0"},
    ],
)
def test_a_form_takes_no_words_and_does_not_repeat_them(words: dict[str, str]):
    form = {"case": "cp-26-000001", "acting_as": SUPERVISOR, "level": "2", "reason": "urgent_customer"}
    EscalateForm(**form)
    with pytest.raises(ValidationError) as caught:
        EscalateForm(**form | words)
    assert "input_value" not in str(caught.value)


def holds(work: Work, by: str = MANAGER, kind: str = "complaint") -> Outcome:
    return with_code(work, acts.pause_kind, HoldForm, kind=kind, acting_as=by, reason="mail_trouble")


def resumes(work: Work, by: str = DIRECTOR, kind: str = "complaint") -> Outcome:
    return with_code(work, acts.resume_kind, ReleaseForm, kind=kind, acting_as=by, reason="cause_mended")


def held_back(store: Store) -> bool:
    with store.writing() as tx:
        return hold(tx, "complaint", MANAGER, "maintenance", START)


def freed(store: Store) -> int:
    with store.writing() as tx:
        return release(tx, "complaint", MANAGER, "cause_mended", START + HOUR)


def test_a_kind_is_held_and_freed_with_a_code_alone(work: Work):
    asked = ended(acts.pause_kind(work, HoldForm(kind="complaint", acting_as=MANAGER, reason="mail_trouble")))
    assert (asked.state, on_hold(work)) == (AWAITING, [])
    holds(work)
    asked = ended(acts.resume_kind(work, ReleaseForm(kind="complaint", acting_as=MANAGER, reason="cause_mended")))
    assert (asked.state, [one.kind for one in on_hold(work)]) == (AWAITING, ["complaint"])


def test_while_a_kind_is_on_hold_nothing_goes_out_and_its_clocks_run_on(work: Work):
    assert holds(work).state == DONE
    number = new_case(work.store, text=ODD, email="li@example.com")
    drained(work, 2 * HOUR + MICROSECOND)
    assert templates_to(work, "li@example.com") == []
    assert {status for _, status, _, _ in deliveries(work.store)} == {"waiting"}
    assert [percent for clause, percent, _ in fired_steps_of(work.store, number) if clause == "first_reply"] == [
        75,
        100,
    ]
    make_move(work.store, number, "reply", by=AGENT, after=2 * HOUR)
    assert moves_of(work.store, number)[-1] == "reply"


def test_a_held_kind_wakes_nobody_until_it_is_resumed(work: Work):
    holds(work)
    new_case(work.store, text=ODD)
    drained(work, MICROSECOND)
    due = look(work.store).delivery
    assert due is not None
    assert due > to_micros(START + 365 * DAY)
    assert look(work.store).outbox_event is None


def test_all_that_waited_follows_when_the_hold_ends(work: Work):
    holds(work)
    new_case(work.store, text=DAMAGE, email="li@example.com")
    drained(work, 2 * HOUR)
    freed = resumes(work)
    assert freed.state == DONE
    drained(work, 2 * HOUR + MICROSECOND)
    assert "acknowledged" in templates_to(work, "li@example.com")
    assert "escalation_step" in templates_to(work, "han@example.com")
    assert {status for _, status, _, _ in deliveries(work.store)} == {"done"}


def test_what_is_tried_again_later_keeps_its_hour_through_a_hold(work: Work):
    number = new_case(work.store, text=ODD)
    drained(work, MICROSECOND)
    hour, whose = to_micros(START + DAY), case_of(work.store, number)["id"]
    assert execute_sql(work.store, "UPDATE delivery SET status = 'waiting', next_at = :hour", hour=hour)

    def hours() -> set[int]:
        rows = query_rows(work.store, "SELECT next_at FROM delivery WHERE case_id = :id AND seq = 1", id=whose)
        return {row["next_at"] for row in rows}

    holds(work)
    new_case(work.store, text=ODD, row_id="2")
    drained(work, HOUR)
    assert hours() == {hour}
    resumes(work)
    assert hours() == {hour}


def test_another_kind_is_not_held(work: Work):
    holds(work, kind="inquiry")
    new_case(work.store, text=ODD, email="li@example.com")
    drained(work, MICROSECOND)
    assert templates_to(work, "li@example.com") == ["acknowledged"]


def test_a_delivery_under_way_is_not_taken_from_whoever_has_it(work: Work):
    new_case(work.store, text=ODD, email="li@example.com")
    lease(work.store, "me", wanted_by_all, START)
    holds(work)
    assert lease(work.store, "you", wanted_by_all, START + HOUR) == []
    assert {row["lease_owner"] for row in query_rows(work.store, "SELECT lease_owner FROM delivery")} == {None}


def test_a_release_leaves_nothing_behind_whoever_parks_at_the_same_time(store: Store):
    held_back(store)
    for n in range(6):
        new_case(store, text=ODD, row_id=str(n))
    parking: list[Any] = [lambda: lease(store, "me", wanted_by_all, START + HOUR, limit=2)] * 3
    run_concurrently([*parking, lambda: freed(store), *parking])
    assert query_rows(store, "SELECT seq FROM delivery WHERE next_at = :parked", parked=PARKED) == []


def wanted_by_all(event: CaseEvent) -> list[str]:
    return ["greet"]


def test_a_hold_is_made_and_ended_once(work: Work):
    assert resumes(work).code == "not_on_hold"
    assert [holds(work).state, holds(work, by=DIRECTOR).state] == [DONE, AGAIN]
    assert [(one.kind, one.handle, one.reason) for one in on_hold(work)] == [("complaint", MANAGER, "mail_trouble")]
    assert [resumes(work).state, resumes(work).state] == [DONE, REFUSED]
    assert "客诉" in resumes(work).text
    runs = query_rows(work.store, "SELECT flow, note FROM run ORDER BY id")
    assert [row["flow"] for row in runs] == ["pause-kind", "resume-kind"]
    assert [handle in row["note"] for row, handle in zip(runs, (MANAGER, DIRECTOR), strict=True)] == [True, True]


@pytest.mark.parametrize("by", [AGENT, HANDLER, SUPERVISOR, "nobody"])
def test_only_a_manager_holds_a_kind(work: Work, by: str):
    refused = [holds(work, by=by), resumes(work, by=by)]
    assert {one.code for one in refused} == {"unknown_actor" if by == "nobody" else "not_in_charge"}
    assert on_hold(work) == []


def on_hold(work: Work) -> list[Held]:
    with work.store.looking() as tx:
        return held(tx)


def test_the_status_says_what_is_on_hold_and_since_when(settings: Settings, work: Work):
    assert "holds" not in [one.part for one in check_health(settings, work.store)]
    holds(work)
    [line] = [one for one in check_health(settings, work.store) if one.part == "holds"]
    assert line.ok
    assert "客诉，自 2026-03-02 09:00 Asia/Shanghai 起（mei）" in line.text("zh_CN")
    assert "Complaint since 2026-03-02 09:00 Asia/Shanghai (mei)" in line.text("en")


def test_the_sweep_runs_when_a_supervisor_wants_it(work: Work):
    number = new_case(work.store, text=ODD)
    later(work, 3 * HOUR)
    assert ended(acts.sweep_now(work, SweepForm(acting_as=SUPERVISOR))).night is None
    assert fired_steps_of(work.store, number) == []
    swept = with_code(work, acts.sweep_now, SweepForm, acting_as=SUPERVISOR)
    assert swept.state == DONE
    assert isinstance(swept.night, Night)
    assert len(fired_steps_of(work.store, number)) == 3
    refused = ended(acts.sweep_now(work, SweepForm(acting_as=AGENT)))
    assert (refused.state, refused.code, refused.night) == (REFUSED, "not_in_charge", None)
