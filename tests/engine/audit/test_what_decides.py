"""What decides and is no move of a case is covered, too: people, rules, the schema, and the anchors themselves."""

import shutil
from typing import Any

import pytest

from engine.actors import NewActor
from engine.audit.verify import verify
from engine.commands.open_case import Opening, open_case
from engine.commands.staffing import change_actor, engage
from engine.escalation.fire import fire_due
from engine.ledger.anchor_file import read_lines
from engine.ledger.anchoring import anchor
from engine.ledger.chain import GENESIS, chain_hash
from engine.ledger.last_seen import SEEN
from engine.ledger.record import record_of
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, contact, execute_sql, history_of, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("B5")


def codes(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


@pytest.fixture
def staffed(store: Store) -> Store:
    """A store with an administrator who has changed an actor, and a case whose timers have fired."""
    engage(store, NewActor("ada", (Role.ADMINISTRATOR,)), "", START)
    change_actor(store, "sue", {"department": "quality"}, "ada", START)
    new_case(store)
    fire_due(store, START + 3 * HOUR)
    assert anchor(store, START + DAY) is not None
    assert verify(store).ok
    return store


def test_a_new_store_is_anchored(store: Store):
    [line] = read_lines(store.anchors)
    assert (line.line, line.cases, line.begun_by) == (1, 0, "")
    assert verify(store).ok


def test_a_store_whose_anchors_were_wiped_is_doubted(staffed: Store):
    execute_sql(staffed, "DELETE FROM anchor")
    shutil.rmtree(staffed.anchors)
    assert codes(staffed) == {"anchor_rolled_back"}
    assert anchor(staffed, START + 2 * DAY) is None
    (staffed.home / SEEN).unlink()
    assert codes(staffed) == {"anchor_none"}
    assert anchor(staffed, START + 2 * DAY) is None


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE actor SET roles = 'general_manager' WHERE handle = 'amy'", 'journal_changed actor ["amy"]'),
        ("UPDATE actor SET absent_from = 1 WHERE handle = 'amy'", 'journal_changed actor ["amy"]'),
        ("UPDATE actor SET handle = 'eve' WHERE handle = 'odd'", 'journal_missing actor ["eve"]'),
        ("DELETE FROM actor_change", "journal_deleted actor_change [1]"),
        ("UPDATE category SET name = 'x' WHERE code = 'damage'", 'journal_changed category ["damage"]'),
        ("INSERT INTO department VALUES ('night', 1, 'eve')", 'journal_missing department ["night"]'),
        ("UPDATE journal SET made_by = 'sue' WHERE made_by = 'ada'", "journal_hash"),
        ("UPDATE cases SET pack = 'cold-chain'", "journal_changed case_parties [1,1]"),
        ("UPDATE store_info SET secret_check = 'x'", "journal_changed store_info [1]"),
    ],
)
def test_a_changed_row_is_found(staffed: Store, sql: str, what: str):
    assert execute_sql(staffed, sql) >= 1
    assert what in codes(staffed)


def test_the_party_of_a_case_cannot_be_exchanged(store: Store):
    for name in ("Li", "Wu"):
        person = contact(customer=name, phone="13800138000" if name == "Li" else "13800138001")
        open_case(store, Opening(person), START)
    assert anchor(store, START + DAY) is not None
    execute_sql(store, "UPDATE cases SET party_id = 1 WHERE id = 2")
    assert codes(store) == {"journal_changed case_parties [1,2]"}


def test_a_number_of_a_customer_cannot_be_changed(store: Store):
    open_case(store, Opening(contact(customer="Li", phone="13800138000")), START)
    execute_sql(store, "UPDATE party SET phone = '13900139000'")
    assert codes(store) == {"party_key 1"}


def test_a_journal_that_is_rewritten_with_care_is_found_by_the_anchors(staffed: Store):
    execute_sql(staffed, "UPDATE journal SET made_by = 'sue' WHERE made_by = 'ada'")
    before = GENESIS
    for row in query_rows(staffed, "SELECT * FROM journal ORDER BY seq"):
        before = chain_hash(before, {name: value for name, value in row.items() if name != "hash"})
        execute_sql(staffed, "UPDATE journal SET hash = :hash WHERE seq = :seq", hash=before, seq=row["seq"])
    assert codes(staffed) == {"anchor_rewritten"}


def test_a_journal_that_is_cut_off_is_found_by_the_anchors(staffed: Store):
    execute_sql(staffed, "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
    assert "anchor_cut_short" in codes(staffed)


def test_the_nightly_check_finds_what_is_new(staffed: Store):
    change_actor(staffed, "han", {"department": "quality"}, "ada", START + DAY)
    assert verify(staffed, START + DAY).ok
    execute_sql(staffed, "UPDATE actor SET roles = 'administrator' WHERE handle = 'han'")
    assert {fault.what for fault in verify(staffed, START + DAY).faults} == {'journal_changed actor ["han"]'}


def test_a_timer_deleted_with_its_steps_is_found(staffed: Store):
    [row] = query_rows(staffed, "SELECT DISTINCT timer_id FROM escalation_step LIMIT 1")
    execute_sql(staffed, "DELETE FROM escalation_step WHERE timer_id = :timer_id", **row)
    execute_sql(staffed, "DELETE FROM timer WHERE id = :timer_id", **row)
    assert "step_missing" in codes(staffed)


def test_an_outcome_is_found_that_does_not_fit(staffed: Store):
    make_move(staffed, "cp-26-000001", "reply", after=DAY)
    assert verify(staffed).ok
    assert execute_sql(staffed, "UPDATE timer SET outcome = 'met' WHERE outcome = 'breached'") == 1
    assert codes(staffed) == {"timer_outcome_first_reply"}


@pytest.mark.parametrize("via", ["cli", "timer"])
def test_a_breach_written_by_hand_is_found(staffed: Store, via: str):
    """Its author knows the chain, and the case's row is made to fit; nothing was anchored since."""
    number = new_case(staffed, DAY)
    last = history_of(staffed, number)[-1]
    at: dict[str, Any] = {"occurred_at": last["recorded_at"] + 1, "recorded_at": last["recorded_at"] + 1}
    row = last | {"seq": 2, "move": "breach", "source": last["dest"], "level": 1, "via": via, "form": "{}"} | at
    before = row.pop("hash")
    row["hash"] = chain_hash(before, record_of(number, row))
    marks = ", ".join(f":{name}" for name in row)
    execute_sql(staffed, f"INSERT INTO transition ({', '.join(row)}) VALUES ({marks})", **row)
    fits = "UPDATE cases SET version = 2, head = :hash, level = 1, changed_at = :recorded_at WHERE number = :number"
    execute_sql(staffed, fits, hash=row["hash"], recorded_at=row["recorded_at"], number=number)
    assert codes(staffed) == {"step_forged" if via == "cli" else "step_missing"}


def test_a_trigger_that_was_added_is_found(staffed: Store):
    create = "CREATE TRIGGER hide AFTER UPDATE ON cases BEGIN SELECT 1; END"
    if staffed.postgres:
        create = "CREATE TRIGGER hide AFTER UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION erase_fingerprint()"
    execute_sql(staffed, create)
    assert codes(staffed) == {"schema trigger hide"}


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DROP INDEX ix_cases_party", "schema add_index ix_cases_party"),
        ("CREATE TABLE aside (id INTEGER)", "schema remove_table aside"),
        ("ALTER TABLE cases ADD COLUMN hint TEXT", "schema remove_column cases hint"),
    ],
)
def test_a_changed_schema_is_found(staffed: Store, sql: str, what: str):
    execute_sql(staffed, sql)
    assert what in codes(staffed)
