"""A customer is erased with the texts of his last case; nobody finds him any more, and the journal covers it."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.audit.backup import back_up
from engine.audit.erase_texts import Erased, erase_texts
from engine.audit.restore import restore
from engine.audit.verify import verify
from engine.ledger.anchoring import anchor
from engine.outbox.mails import REFUSED, ComposedMail, MailOutcome, compose, lease_mails, queue_mails, settle_mails
from engine.settings import Settings
from engine.store import Store
from models.contact import Contact
from reports.desk_queries import customers, party_ids
from reports.same_person import open_questions
from tests.case_actions import DAY, HOUR, START, contact, execute_sql, make_move, new_case, query_rows
from tests.engine.audit.test_backup_and_restore import bring_key, elsewhere
from tests.erasures import ADMINISTRATOR, REASON, administrator_of

__all__ = ["elsewhere"]

pytestmark = pytest.mark.requirement("H1")

WANG: dict[str, Any] = {"customer": "王芳", "phone": "13800138000", "email": "wang@example.com"}
EMPTY = dict.fromkeys(("name", "phone", "email", "identity", "phone_key", "email_key"))
EVERY = ", ".join(f"{column} = NULL" for column in EMPTY)
PARTIES = f"SELECT {', '.join(EMPTY)} FROM party ORDER BY id"


def closed_case(store: Store, **fields: Any) -> str:
    number = new_case(store, **WANG | fields)
    make_move(store, number, "withdraw", after=HOUR)
    return number


def erase(store: Store, number: str, reason: str = REASON) -> Erased:
    return erase_texts(store, administrator_of(store), number, reason, START + DAY)


def faults(store: Store) -> list[str]:
    return [fault.what for fault in verify(store).faults]


def found_by(store: Store, **fields: Any) -> int:
    """Return how many customers the desk finds."""
    with store.looking() as tx:
        query: Contact = contact(**fields)
        assert bool(party_ids(tx, store.secret, query)) == bool(customers(tx, store.secret, query))
        return len(customers(tx, store.secret, query))


def test_name_number_and_address_are_erased_and_the_journal_says_by_whom(store: Store):
    number = closed_case(store)
    anchor(store, START + HOUR)
    assert erase(store, number).customer is True
    assert query_rows(store, PARTIES) == [EMPTY]
    [entry] = query_rows(store, "SELECT made_by, key FROM journal WHERE subject = 'party_erasure'")
    assert entry == {"made_by": ADMINISTRATOR, "key": "[1]"}
    [row] = query_rows(store, "SELECT erasure_reason FROM party")
    assert row["erasure_reason"] == REASON
    assert faults(store) == []
    assert erase(store, number, "Again.") == Erased([])
    assert anchor(store, START + 2 * DAY) is not None
    assert faults(store) == []


def test_all_numbers_of_the_person_are_erased_and_nobody_elses(store: Store):
    number = closed_case(store)
    closed_case(store, row_id="2", email="fang@example.com")
    closed_case(store, row_id="3", customer="李强", phone="13900139000", email=None)
    assert erase(store, number).customer is True
    assert [row["name"] for row in query_rows(store, PARTIES)] == [None, None, "李强"]
    assert faults(store) == []


def test_an_open_case_of_the_person_keeps_his_data_until_it_is_closed(store: Store):
    number = closed_case(store)
    other = new_case(store, row_id="2", customer="王芳", phone="13800138000", email="fang@example.com")
    erased = erase(store, number)
    assert (erased.customer, bool(erased.texts)) == (False, True)
    assert [row["phone"] for row in query_rows(store, PARTIES)] == ["13800138000"] * 2
    make_move(store, other, "withdraw", after=HOUR)
    assert erase(store, number) == Erased([], customer=True)
    assert query_rows(store, PARTIES) == [EMPTY, EMPTY]


@pytest.mark.parametrize("field", WANG)
def test_nobody_finds_an_erased_customer(store: Store, field: str):
    number = closed_case(store)
    assert found_by(store, **{field: WANG[field]}) == 1
    erase(store, number)
    assert found_by(store, **{field: WANG[field]}) == 0


def test_a_new_contact_of_the_same_person_is_a_new_customer(store: Store):
    number = closed_case(store)
    erase(store, number)
    new_case(store, row_id="2", **WANG)
    rows = query_rows(store, "SELECT id, person_id, name FROM party ORDER BY id")
    assert rows == [{"id": 1, "person_id": None, "name": None}, {"id": 2, "person_id": None, "name": WANG["customer"]}]
    assert faults(store) == []


def test_nobody_is_asked_any_more_who_an_erased_customer_is(store: Store):
    office = "021-61234567"
    number = closed_case(store, phone=office)
    new_case(store, row_id="2", customer="Mr Lee", email="lee@example.com", phone=office)
    with store.looking() as tx:
        assert len(open_questions(tx, 9)) == 1
    erase(store, number)
    with store.looking() as tx:
        assert open_questions(tx, 9) == []
    assert faults(store) == []


@pytest.mark.parametrize(
    "values",
    [
        "phone = NULL",
        EVERY,
        f"{EVERY}, erased_at = 5, erasure_reason = 'He asked for it.'",
        "erased_at = 5",
        "erasure_reason = 'He asked for it.'",
    ],
    ids=["one-value", "all-values", "as-the-command-does", "only-the-instant", "only-the-reason"],
)
def test_a_customer_erased_by_hand_is_a_fault(store: Store, values: str):
    closed_case(store)
    assert execute_sql(store, f"UPDATE party SET {values}") == 1
    assert {fault.partition(" ")[0] for fault in faults(store)} <= {"party_erased", "party_key", "journal_missing"}
    assert faults(store) != []


@pytest.mark.parametrize(
    "values", ["erased_at = erased_at + 1", "erasure_reason = 'x'", "erased_at = NULL", "name = '王芳'"]
)
def test_when_and_why_a_customer_was_erased_cannot_be_changed(store: Store, values: str):
    erase(store, closed_case(store))
    assert execute_sql(store, f"UPDATE party SET {values}") == 1
    assert any(fault.startswith("journal_") for fault in faults(store))


def test_the_command_puts_right_what_was_erased_by_hand(store: Store):
    number = closed_case(store)
    execute_sql(store, "UPDATE party SET name = NULL, phone = NULL, email = NULL")
    assert faults(store) == ["party_erased 1"]
    assert erase(store, number).customer is True
    assert faults(store) == []


def test_an_erased_customer_stays_erased_in_a_backup(store: Store, elsewhere: Settings, tmp_path: Path):
    erase(store, closed_case(store))
    file = tmp_path / "store.backup"
    back_up(store, file, START + 2 * DAY)
    bring_key(store, elsewhere)
    restore(elsewhere, file, START + 2 * DAY)
    with closing(elsewhere.store()) as restored:
        assert query_rows(restored, PARTIES) == [EMPTY]
        assert faults(restored) == []


def test_texts_of_mails_that_were_not_delivered_are_erased_and_not_sent(store: Store):
    number, other = closed_case(store), closed_case(store, row_id="2")
    refused, unsent, queued, of_other = (
        ComposedMail(f"{case}:1:{name}:amy", "amy", "Late", "Dear Amy")
        for case, name in ((number, "refused"), (number, "unsent"), (number, "queued"), (other, "unsent"))
    )
    compose(store, [refused, unsent, of_other], START)
    queue_mails(store, [queued], START)
    settle_mails(store, [MailOutcome(refused.key, "amy", REFUSED)], START)
    assert erase(store, number).mails == 3
    left = query_rows(store, "SELECT key, body FROM mail WHERE body <> '' OR subject <> ''")
    assert left == [{"key": of_other.key, "body": "Dear Amy"}]
    assert lease_mails(store, START + 2 * DAY, 9) == []
    settle_mails(store, [MailOutcome(refused.key, "amy", REFUSED)], START + 2 * DAY)
    outcomes = query_rows(store, "SELECT outcome, erasure_reason FROM mail WHERE key <> :key", key=of_other.key)
    assert outcomes == [{"outcome": "erased", "erasure_reason": REASON}] * 3
    entries = query_rows(store, "SELECT DISTINCT made_by FROM journal WHERE subject = 'mail_erasure'")
    assert entries == [{"made_by": ADMINISTRATOR}]
    assert faults(store) == []


@pytest.mark.parametrize(
    "values",
    ["outcome = 'erased', settled_at = 5, body = ''", "subject = '', body = '', erasure_reason = 'x'"],
    ids=["without-a-reason", "without-an-entry"],
)
def test_a_mail_erased_by_hand_is_a_fault(store: Store, values: str):
    compose(store, [ComposedMail(f"{closed_case(store)}:1:unsent:amy", "amy", "", "Dear Amy")], START)
    assert faults(store) == []
    assert execute_sql(store, f"UPDATE mail SET {values}") == 1
    assert [fault.partition(" ")[0] for fault in faults(store)] in (["mail_settled"], ["journal_missing"])
