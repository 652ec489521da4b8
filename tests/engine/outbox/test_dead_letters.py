"""Who revived or gave up a delivery is in the journal; one that was given up otherwise is found."""

from dataclasses import replace

import pytest

from engine.audit.upgrade import upgrade_store
from engine.audit.verify import verify
from engine.ledger.journal import INIT
from engine.outbox.dead_letters import DeadLetter, drop_dead, reference_of, retry_all, retry_dead
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused
from tests.case_actions import HOUR, START, case_of, execute_sql, new_case, query_rows, refusal
from tests.erasures import ADMINISTRATOR, administrator_of

REACTION = "acknowledge_contact"
pytestmark = pytest.mark.requirement("B5")


@pytest.fixture
def letter(store: Store) -> DeadLetter:
    """A delivery that failed at its last try."""
    number = new_case(store)
    case_id = case_of(store, number)["id"]
    execute_sql(
        store,
        "INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at, error)"
        " VALUES (:case_id, 1, :reaction, 'dead', 5, 0, 'Down')",
        case_id=case_id,
        reaction=REACTION,
    )
    return DeadLetter(number, 1, REACTION)


def entries(store: Store) -> list[str]:
    """Return who made the entries about deliveries, in order."""
    rows = query_rows(store, "SELECT made_by FROM journal WHERE subject = 'dead_letter' ORDER BY seq")
    return [row["made_by"] for row in rows]


def faults(store: Store) -> list[str]:
    return [fault.what for fault in verify(store).faults]


def test_a_dropped_delivery_says_who_dropped_it_when_and_why(store: Store, letter: DeadLetter):
    drop_dead(store, administrator_of(store), letter, "She was called.", START + HOUR)
    assert entries(store) == [ADMINISTRATOR]
    assert faults(store) == []
    execute_sql(store, "UPDATE delivery SET drop_reason = 'Nothing happened.'")
    assert [fault.partition(" ")[0] for fault in faults(store)] == ["journal_changed"]


@pytest.mark.requirement("H1")
def test_who_may_not_know_the_number_decides_by_a_reference(store: Store, letter: DeadLetter):
    principal, reference = administrator_of(store), reference_of(store.secret, letter.number)
    assert letter.number not in reference
    for unknown in (reference[:-1], "dead-é", "dead-"):
        with pytest.raises(Refused, match="not_dead"):
            retry_dead(store, principal, replace(letter, number=unknown), START + HOUR)
    retry_dead(store, principal, replace(letter, number=reference), START + HOUR)
    assert entries(store) == [ADMINISTRATOR]
    with pytest.raises(Refused, match="not_dead"):
        drop_dead(store, principal, replace(letter, number=reference), "Again.", START + HOUR)


def test_a_revived_delivery_says_who_revived_it(store: Store, letter: DeadLetter):
    principal = administrator_of(store)
    retry_dead(store, principal, letter, START + HOUR)
    assert retry_all(store, principal, START + HOUR).revived == 0
    assert entries(store) == [ADMINISTRATOR]
    assert faults(store) == []
    execute_sql(store, "DELETE FROM delivery")
    assert [fault.partition(" ")[0] for fault in faults(store)] == ["journal_deleted"]


@pytest.mark.parametrize("reason", [None, "'She was called.'"], ids=["without a reason", "with a reason"])
def test_a_delivery_that_nobody_is_known_to_have_dropped_is_found(store: Store, letter: DeadLetter, reason: str | None):
    execute_sql(store, f"UPDATE delivery SET status = 'done', done_at = 5, drop_reason = {reason or 'NULL'}")
    assert faults(store) == [f'journal_missing dead_letter [1,1,"{REACTION}"]' if reason else "delivery_end"]


@pytest.mark.usefixtures("letter")
def test_an_upgrade_enters_what_was_dropped_before_it(store: Store, settings: Settings):
    execute_sql(store, "UPDATE delivery SET status = 'done', done_at = 5")
    of_cases = ("owner", "severity", "urgent", "department", "kind", "closed")
    of_timers = ("open", "spent", "next", "spent_of_case")
    for index in (*(f"cases_{name}" for name in of_cases), *(f"timer_{name}" for name in of_timers)):
        execute_sql(store, f"DROP INDEX ix_{index}")
    for index in ("actor", "determined"):
        execute_sql(store, f"DROP INDEX ix_transition_{index}")
    conduct = ("conduct_mark", "conduct_sheet", "conduct_sample", "conduct_draw")
    new = ("rule_draft", "suspension", "order_import", "access_code", "saved_filter", "care_consent", "care_greeting")
    duty = ("duty_alert", "duty_swap", "duty_shift", "duty_roster")
    surveys = ("day_forecast", "indicator_count", "survey_person", "survey_stratum", "survey")
    for table in ("kept_answer", "failed_log_in", *new, *conduct, *surveys, *duty):
        execute_sql(store, f"DROP TABLE {table}")
    later = {"delivery": ("retried_at", "drop_reason"), "party": ("erased_at", "erasure_reason", "birthday")}
    later["actor"] = ("name", "phone")
    for table, columns in {**later, "mail": ("erasure_reason", "answer")}.items():
        for column in columns:
            execute_sql(store, f"ALTER TABLE {table} DROP COLUMN {column}")
    execute_sql(store, "UPDATE alembic_version SET version_num = '0014'")
    store.close()
    upgrade_store(settings, START + HOUR)
    assert entries(store) == [INIT]
    assert "delivery_end" not in faults(store)
    assert [fault for fault in faults(store) if "dead_letter" in fault] == []


def test_a_request_under_its_key_is_honoured_once(store: Store, letter: DeadLetter):
    principal = administrator_of(store)
    first = retry_all(store, principal, START + HOUR, "a-key")
    assert (first.revived, retry_all(store, principal, START + HOUR, "a-key")) == (1, first)
    assert retry_all(store, principal, START + HOUR).revived == 0
    execute_sql(store, "UPDATE delivery SET status = 'dead', tries = 5, error = 'Down'")
    for _ in range(2):
        drop_dead(store, principal, letter, "She was called.", START + HOUR, "a-key")
    other = refusal(lambda: drop_dead(store, principal, letter, "Another reason.", START + HOUR, "a-key"))
    assert other.code == "key_reused"
    assert refusal(lambda: drop_dead(store, principal, letter, "She was called.", START + HOUR)).code == "not_dead"
    assert faults(store) == []


def test_a_delivery_tried_again_under_a_key_is_answered_alike(store: Store, letter: DeadLetter):
    for _ in range(2):
        retry_dead(store, administrator_of(store), letter, START + HOUR, "a-key")
    assert entries(store) == [ADMINISTRATOR]
