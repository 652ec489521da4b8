"""A customer without a mail address proves who he is, and is handed a code that opens his case once."""

from datetime import timedelta
from typing import Any

import pytest

from engine.accounts.access_codes import LASTS, AccessCode, ProofGiven, make_access_code, use_access_code
from engine.accounts.attempt_limits import RateLimited
from engine.actors import CUSTOMER
from engine.audit.verify import verify
from engine.store import Store
from tests.case_actions import AGENT, HANDLER, START, case_of, execute_sql, new_case, query_rows, refusal
from tests.engine.attachments.evidence import person, principal_of

pytestmark = pytest.mark.requirement("H4")

HIS: dict[str, Any] = {"customer": "王 芳", "phone": "138-0013-8000", "shipment": "SF1234567890"}
PHONE, SHIPMENT = ProofGiven("王芳", phone="13800138000"), ProofGiven("王芳", shipment="sf 1234567890")
REASON = "She has no mail address."


@pytest.fixture
def number(store: Store) -> str:
    return new_case(store, **HIS)


def made(
    store: Store, number: str, given: ProofGiven = PHONE, after: timedelta = timedelta(), **more: Any
) -> AccessCode:
    who = person(store, more.get("by", AGENT))
    return make_access_code(store, who, number, given, more.get("reason", REASON), START + after)


def used(store: Store, number: str, code: str, after: timedelta = timedelta()) -> bool:
    return use_access_code(store, case_of(store, number)["id"], code, START + after)


@pytest.mark.parametrize(("given", "proof"), [(PHONE, "phone"), (SHIPMENT, "shipment")], ids=["phone", "shipment"])
def test_who_knows_name_and_one_fact_gets_a_code_that_opens_the_case_once(
    store: Store, number: str, given: ProofGiven, proof: str
):
    code = made(store, number, given).code
    assert (len(code), code.isdigit()) == (8, True)
    assert not used(store, number, f"{(int(code) + 1) % 10**8:08}"), "another code opens nothing"
    assert used(store, number, code)
    assert not used(store, number, code), "it is used"
    [row] = query_rows(store, "SELECT proof, reason FROM access_code")
    assert row == {"proof": proof, "reason": REASON}
    entered = query_rows(store, "SELECT made_by FROM journal WHERE subject = 'access_code' ORDER BY seq")
    assert [row["made_by"] for row in entered] == [AGENT, CUSTOMER]
    assert verify(store).ok


@pytest.mark.parametrize("given", [
    ProofGiven("王红", phone="13800138000"), ProofGiven("王芳"), ProofGiven("王芳", phone="13800138001"),
    ProofGiven("王芳", shipment="SF0"), ProofGiven("", phone="13800138000"), ProofGiven("王芳", phone="***"),
], ids=["another name", "no fact", "another number", "another shipment", "no name", "no number"])  # fmt: skip
def test_who_does_not_know_both_gets_none(store: Store, number: str, given: ProofGiven):
    assert refusal(lambda: made(store, number, given)).code == "identity_not_proved"
    assert query_rows(store, "SELECT id FROM access_code") == []


def test_a_code_ends_after_a_quarter_of_an_hour_and_with_the_next_one(store: Store, number: str):
    code = made(store, number).code
    assert not used(store, number, code, LASTS)
    newer = made(store, number, after=timedelta(minutes=1)).code
    assert not used(store, number, code, timedelta(minutes=2)) or code == newer
    assert used(store, number, newer, timedelta(minutes=3))


def test_a_code_opens_no_other_case(store: Store, number: str):
    other = new_case(store, row_id="2", **HIS)
    assert not used(store, other, made(store, number).code)


def test_somebody_is_tried_to_be_proved_five_times_an_hour(store: Store, number: str):
    wrong = ProofGiven("王芳", phone="13900139000")
    assert [refusal(lambda: made(store, number, wrong)).code for _ in range(5)] == ["identity_not_proved"] * 5
    with pytest.raises(RateLimited):
        made(store, number)
    assert made(store, number, after=timedelta(hours=1)).code


def test_whoever_has_a_mail_address_gets_his_code_there(store: Store):
    number = new_case(store, **HIS, email="wang@example.com")
    assert refusal(lambda: made(store, number)).code == "code_goes_by_mail"


@pytest.mark.parametrize("sql", [
    "UPDATE party SET name = NULL", "UPDATE cases SET party_id = NULL", "UPDATE cases SET kind = 'appeal'",
    "UPDATE cases SET kind = 'violation'",
], ids=["without a name", "without a customer", "internal", "a report"])  # fmt: skip
def test_nobody_is_proved_where_there_is_no_named_customer(store: Store, number: str, sql: str):
    execute_sql(store, sql)
    by = person(store, AGENT) if "kind" not in sql else principal_of(store, AGENT)
    attempt = lambda: make_access_code(store, by, number, PHONE, REASON, START)  # noqa: E731
    assert refusal(attempt).code == "no_customer_to_prove"


def test_only_the_desk_makes_codes_and_says_why(store: Store, number: str):
    handler = principal_of(store, HANDLER)
    attempt = lambda: make_access_code(store, handler, number, PHONE, REASON, START)  # noqa: E731
    assert refusal(attempt).code == "not_in_charge"
    assert refusal(lambda: made(store, number, reason=" ")).code == "no_reason"
    assert refusal(lambda: made(store, "cp-26-009999")).code == "unknown_case"


def test_a_code_that_somebody_puts_into_the_database_is_found(store: Store, number: str):
    made(store, number)
    execute_sql(store, "UPDATE access_code SET made_by = 2")
    assert [fault.what for fault in verify(store).faults] == ["journal_changed access_code [1]"]
