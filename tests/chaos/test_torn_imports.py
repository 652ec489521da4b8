"""Contacts that hold their replies are imported with them, wherever a batch ends and whoever else imports."""

import pytest

from engine.commands.arrivals import Source, record, take_due
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from models.contact import Reply
from tests.case_actions import DAY, HOUR, MICROSECOND, START, contact, moves_of, query_rows

FILE = Source("file", "complaint", "logistics")


def import_answered(store: Store, rows: int) -> None:
    """Record contacts each of which was answered within the hour."""
    reply = Reply(text="It was found.", at=START + HOUR)
    record(store, FILE, [contact(n * MICROSECOND, row_id=f"{n}", reply=reply) for n in range(rows)])


def test_no_step_fires_after_a_reply_in_the_next_batch(store: Store):
    import_answered(store, 3)
    while take_due(store, START + 7 * DAY, limit=2):
        fire_due(store, START + 7 * DAY)
    assert query_rows(store, "SELECT clause, percent FROM escalation_step WHERE clause <> 'revisit'") == []
    assert moves_of(store, "cp-26-000003")[:4] == ["open", "classify", "investigate", "resolve"]


@pytest.mark.postgres
def test_a_reply_waits_while_another_driver_processes_its_contact(postgres_store: Store):
    import_answered(postgres_store, 1)
    with postgres_store.writing() as tx:
        tx.rows("SELECT row_id FROM arrival WHERE part = 'contact' FOR UPDATE")
        assert take_due(postgres_store, START + DAY) == []
    assert take_due(postgres_store, START + DAY) == ["cp-26-000001"] * 2
    assert query_rows(postgres_store, "SELECT 1 FROM arrival WHERE refusal IS NOT NULL") == []


def test_a_contact_sent_again_under_its_key_is_recognised(store: Store):
    first = open_case(store, Opening(contact(), key="k"), START)
    again = open_case(store, Opening(contact(HOUR), key="k"), START + HOUR)
    assert (again.number, again.seq, again.again) == (first.number, first.seq, True)
