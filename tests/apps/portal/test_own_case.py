"""What a customer sees of his own case, and what he does there himself."""

import re
from datetime import timedelta

import pytest

from engine.commands.open_case import Opening, open_case
from tests.apps.portal.visitors import WANG, Visitor, hidden_of
from tests.case_actions import (
    HANDLER,
    START,
    case_of,
    contact,
    execute_sql,
    history_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
)


@pytest.mark.requirement("B9")
def test_he_sees_what_was_promised_to_him_and_until_when(guest: Visitor):
    number = new_case(guest.store, **WANG)
    make_move(guest.store, number, "classify")
    make_move(guest.store, number, "promise", promise="A call.", due_at="2026-03-03T09:00:00+08:00")
    guest.log_in(number)
    page = guest.get("/case").text
    assert "until 2026-03-03 09:00" in page
    assert "Promise" in page


def test_he_reads_what_he_was_told_and_nothing_that_was_written_for_colleagues(guest: Visitor):
    number = new_case(guest.store, **WANG)
    make_move(guest.store, number, "classify")
    make_move(guest.store, number, "note", note="He is a nuisance.")
    make_move(guest.store, number, "reply", message="We are looking for it.")
    make_move(guest.store, number, "investigate", findings="Our forklift broke it.")
    guest.log_in(number)
    page = guest.get("/case").text
    assert "We are looking for it." in page
    for hidden in ("nuisance", "forklift", ">han", ">sue", "claims", "wang@example.com"):
        assert hidden not in page


@pytest.mark.requirement("A4")
def test_he_answers_a_question_and_the_work_goes_on(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    make_move(visitor.store, number, "classify")
    make_move(visitor.store, number, "ask_customer", question="Which day was it?", medium="send")
    visitor.log_in(number)
    assert "Which day was it?" in visitor.get("/case").text
    answer = visitor.does("customer_answers", answer="On Sunday.")
    assert answer.headers["location"] == "/portal/case?done=customer_answers"
    assert case_of(visitor.store, number)["state"] == "classified"
    last = history_of(visitor.store, number)[-1]
    assert (last["move"], last["via"]) == ("customer_answers", "portal")
    assert "On Sunday." in visitor.get("/case").text


@pytest.mark.requirement("B3")
@pytest.mark.parametrize(
    ("outcome", "state", "cycle"), [("satisfied", "revisited", 1), ("dissatisfied", "investigated", 2)]
)
def test_he_accepts_or_rejects_the_result(guest: Visitor, outcome: str, state: str, cycle: int):
    number = new_resolved_case(guest.store, **WANG)
    guest.log_in(number)
    assert guest.does("revisit", outcome=outcome, attitude="4", words="As I said.").status_code == 303
    row = case_of(guest.store, number)
    assert (row["state"], row["cycle"]) == (state, cycle)


def test_he_withdraws(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    guest.does("withdraw", reason="It was found.")
    assert case_of(guest.store, number)["state"] == "withdrawn"
    assert "withdraw" not in moves_offered(guest)


@pytest.mark.requirement("C1")
@pytest.mark.parametrize(
    ("move", "fields", "state"),
    [
        ("customer_consents", {"consent": "Agreed."}, "consented"),
        ("customer_declines", {"reason": "Too late."}, "reviewed"),
    ],
)
def test_he_agrees_to_a_plan_or_not(guest: Visitor, move: str, fields: dict[str, str], state: str):
    number = order_in(guest, "plan_approved")
    guest.log_in(number)
    assert guest.does(move, **fields).status_code == 303
    assert case_of(guest.store, number)["state"] == state


@pytest.mark.requirement("C2")
def test_he_signs_an_acceptance_with_the_criteria_of_his_plan(guest: Visitor):
    number = order_in(guest, "accepting")
    guest.log_in(number)
    signed = {"documents": "true", "site": "true", "function": "true", "report": "Wang Fang"}
    refused = guest.does("pass_acceptance", **signed)
    assert refused.status_code == 409, "the plan's own criteria are not met"
    assert 'value="Wang Fang"' in refused.text
    assert guest.does("pass_acceptance", **signed, met="dry").status_code == 303
    assert case_of(guest.store, number)["state"] == "resolved"


def test_nobody_signs_in_the_name_of_a_third_party(guest: Visitor):
    number = order_in(guest, "accepting")
    guest.log_in(number)
    signed = {"documents": "true", "site": "true", "function": "true", "met": "dry", "report": "Wang Fang"}
    guest.does("pass_acceptance", **signed, signed_by="third_party")
    assert '"signed_by":"customer"' in history_of(guest.store, number)[-1]["form"]


@pytest.mark.requirement("A10")
def test_he_adds_photos(visitor: Visitor):
    number = new_case(visitor.store, **WANG)
    visitor.log_in(number)
    fields = {"_csrf": hidden_of(visitor.get("/case").text, "/portal/case/follow_up")["_csrf"], "_key": "k1"}
    files = {"_files": ("box.txt", b"The lid is crushed.", "text/plain")}
    for _ in range(2):  # a second click adds nothing twice
        answer = visitor.client.post("/portal/files", data=fields | {"note": "See the lid."}, files=files)
        assert answer.headers["location"] == "/portal/case?done=attach"
    assert moves_of(visitor.store, number).count("attach") == 1
    page = visitor.get("/case").text
    assert "box.txt" in page
    assert "See the lid." in page


def test_a_file_that_is_refused_leaves_his_remark_on_the_page(guest: Visitor):
    guest.log_in(new_case(guest.store, **WANG))
    fields = {"_csrf": hidden_of(guest.get("/case").text, "/portal/case/follow_up")["_csrf"], "_key": "k1"}
    files = {"_files": ("run.exe", b"MZ\x90\x00", "application/octet-stream")}
    answer = guest.client.post("/portal/files", data=fields | {"note": "See it."}, files=files)
    assert answer.status_code == 415
    assert 'value="See it."' in answer.text


def test_a_form_that_is_sent_twice_moves_the_case_once(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up") | {"words": "It is wet, too."}
    assert [guest.send("/case/follow_up", **fields).status_code for _ in range(2)] == [303, 303]
    assert moves_of(guest.store, number).count("follow_up") == 1


def test_what_he_typed_stays_when_the_case_has_moved_on(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up")
    make_move(guest.store, number, "classify")
    answer = guest.send("/case/follow_up", **fields, words="It is <b>wet</b>.")
    assert answer.status_code == 412
    assert "It is &lt;b&gt;wet&lt;/b&gt;." in answer.text
    assert "has moved on meanwhile" in answer.text


def test_thirty_things_are_done_on_one_case_in_an_hour(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up") | {"words": ""}
    answers = [guest.send("/case/follow_up", **fields).status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]


def test_a_move_of_staff_is_none_of_his(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    fields = hidden_of(guest.get("/case").text, "/portal/case/follow_up")
    for move in ("classify", "note", "assign", "escalate", "breach", "no_such_move"):
        assert guest.send(f"/case/{move}", **fields, note="x").status_code in {404, 422}
    assert moves_of(guest.store, number) == ["open"]


@pytest.mark.requirement("C8")
def test_he_tracks_his_order_and_sees_how_old_the_data_are(guest: Visitor):
    number = order_in(guest, "executing")
    assert guest.get("/track").status_code == 200
    guest.log_in(number)
    assert "No position has been reported yet." in guest.get("/case").text
    as_of = (START - timedelta(hours=3)).isoformat()
    make_move(guest.store, number, "report_position", by=HANDLER, position="ningbo", as_of=as_of, reported_by="tms")
    page = guest.get("/case").text
    assert "ningbo" in page
    assert "3 h ago" in page


def test_what_is_shown_to_him_is_logged(guest: Visitor):
    number = new_case(guest.store, **WANG)
    guest.log_in(number)
    guest.get("/case")
    [reading] = query_rows(guest.store, "SELECT via, kind, fields, case_id FROM reading")
    assert (reading["via"], reading["kind"], reading["fields"]) == ("portal", "customer", "texts")


def moves_offered(guest: Visitor) -> list[str]:
    """Return the moves whose forms the page of his case shows."""
    return re.findall(r'action="/portal/case/([a-z_]+)"', guest.get("/case").text)


def order_in(guest: Visitor, state: str) -> str:
    """Return the number of an order of Ms Wang in a state, as the work on it leaves it."""
    number = open_case(guest.store, Opening(contact(**WANG), "order"), START).number
    execute_sql(
        guest.store, "UPDATE cases SET state = :state, variables = :known WHERE number = :number",
        state=state, known='{"criteria":"dry","lead_department":"claims"}', number=number,
    )  # fmt: skip
    return number
