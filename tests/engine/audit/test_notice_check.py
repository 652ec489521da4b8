"""Notices and mails that do not fit one another or the record are found."""

import pytest

from engine.audit.verify import verify
from engine.store import Store
from flows.work import Work
from tests.case_actions import HOUR, MICROSECOND, execute_sql, new_case
from tests.flows.scenes import DAMAGE, drained

pytestmark = [pytest.mark.requirement("B5"), pytest.mark.any_database]

CHANGES = {
    "notice_cycle": "UPDATE notice SET cycle = cycle + 1",
    "notice_timer": "UPDATE notice SET timer_id = (SELECT min(id) FROM timer WHERE case_id = 2) WHERE case_id = 1"
    " AND timer_id IS NOT NULL",
    "notice_waits": "UPDATE notice SET mail = NULL WHERE digest_at IS NULL",
    "notice_mail": "DELETE FROM mail",
    "notice_key": "UPDATE notice SET mail = (SELECT o.mail FROM notice o WHERE o.case_id = 2 AND o.seq = notice.seq"
    " AND o.recipient = notice.recipient) WHERE case_id = 1",
    "mail_settled": "UPDATE mail SET settled_at = NULL",
}


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


@pytest.fixture
def asked(work: Work) -> Store:
    """A store of two cases, both of which have asked people by mail."""
    for _ in range(2):
        new_case(work.store, text=DAMAGE)
    drained(work, HOUR - HOUR)
    drained(work, HOUR * 2 + MICROSECOND)
    assert faults(work.store) == set()
    return work.store


@pytest.mark.parametrize("code", CHANGES)
def test_what_does_not_fit_is_found(asked: Store, code: str):
    assert execute_sql(asked, CHANGES[code]) > 0
    assert code in faults(asked)


@pytest.mark.parametrize("change", ["body = 'Dear Li'", "recipient = 'nobody'"])
def test_a_mail_that_was_sent_keeps_its_recipient_and_no_text(asked: Store, change: str):
    assert execute_sql(asked, f"UPDATE mail SET {change} WHERE key IN (SELECT mail FROM notice)") > 0
    assert faults(asked) & {"mail_settled", "notice_mail"}
