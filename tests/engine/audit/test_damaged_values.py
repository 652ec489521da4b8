"""One value that cannot be read is reported with its place, and hides no other fault, from neither verifier."""

import argparse
import sqlite3
from contextlib import closing

import pytest

from engine.audit.verify import verify
from engine.ledger.anchoring import anchor
from engine.store import Store
from tests.audit.tamperings import STANDALONE
from tests.case_actions import DAY, START, new_resolved_case

pytestmark = pytest.mark.requirement("B5")

FIRST, SECOND = "cp-26-000001", "cp-26-000002"
DEEP = "[" * 100_000
DAMAGES = {
    "no UTF-8 in a form": "UPDATE transition SET form = CAST(X'7BFF7D' AS TEXT) WHERE case_id = 1 AND seq = 2",
    "no UTF-8 in a text": "UPDATE statement SET content = CAST(X'FF41' AS TEXT) WHERE case_id = 1 AND field = 'text'",
    "no UTF-8 in a state": "UPDATE cases SET state = CAST(X'FFFE' AS TEXT) WHERE id = 1",
    "no UTF-8 in a number": "UPDATE cases SET number = CAST(X'FFFE' AS TEXT) WHERE id = 1",
    "a blob as a number": "UPDATE cases SET number = X'00FF' WHERE id = 1",
    "a NUL": "UPDATE transition SET via = CAST(X'630069' AS TEXT) WHERE case_id = 1 AND seq = 2",
    "a deep form": f"UPDATE transition SET form = '{DEEP}' WHERE case_id = 1 AND seq = 2",
    "deep variables": f"UPDATE cases SET variables = '{DEEP}' WHERE id = 1",
    "a text as an instant": "UPDATE transition SET recorded_at = 'yesterday' WHERE case_id = 1 AND seq = 2",
    "a blob as a salt": "UPDATE statement SET salt = 'salt' WHERE case_id = 1 AND field = 'text'",
    "a huge version": f"UPDATE cases SET version = {2**62} WHERE id = 1",
    "a text as a version": "UPDATE cases SET version = 'x' WHERE id = 1",
}
EVERYWHERE = {
    "a huge count of steps": (f"UPDATE timer SET steps_fired = {2**62} WHERE case_id = 1", FIRST),
    "a timer of the wrong type": ("UPDATE timer SET consumed = X'FF', closed_at = 'x' WHERE case_id = 1", FIRST),
    "no UTF-8 in a handle": ("UPDATE actor SET handle = CAST(X'FF' AS TEXT) WHERE handle = 'odd'", "journal-0"),
    "no UTF-8 in the journal": ("UPDATE journal SET key = CAST(X'FF' AS TEXT) WHERE seq = 3", "journal-0"),
    "no UTF-8 in a lifecycle": ("UPDATE lifecycle_version SET document = CAST(X'FF' AS TEXT)", ""),
}


@pytest.fixture
def damaged(sqlite_store: Store) -> Store:
    """Two anchored cases; a text of the second one is changed, which must be found whatever else is damaged."""
    for _ in range(2):
        new_resolved_case(sqlite_store, subject="Broken")
    assert anchor(sqlite_store, START + DAY) is not None
    change(sqlite_store, "UPDATE statement SET content = 'It was fine.' WHERE case_id = 2 AND field = 'text'")
    return sqlite_store


def change(store: Store, sql: str) -> None:
    store.close()
    with closing(sqlite3.connect(store.file, isolation_level=None)) as raw:
        assert raw.execute(sql).rowcount >= 1


@pytest.mark.parametrize("sql", DAMAGES.values(), ids=DAMAGES)
def test_both_verifiers_report_the_damage_and_the_other_fault(damaged: Store, sql: str):
    change(damaged, sql)
    faults = {(fault.number, fault.what) for fault in verify(damaged).faults}
    options = argparse.Namespace(anchors=damaged.anchors, state=None, key=None, accept_anew=False)
    elsewhere = {(number, what) for number, _, what in STANDALONE.check(damaged.file, options)}
    for found in (faults, elsewhere) if "variables" not in sql else (faults,):
        assert (SECOND, "statement_text") in found
        assert found - {(SECOND, "statement_text")}


@pytest.mark.parametrize(("sql", "place"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_damage_outside_the_chains_is_reported_with_its_place(damaged: Store, sql: str, place: str):
    change(damaged, sql)
    faults = verify(damaged).faults
    assert (SECOND, "statement_text") in {(fault.number, fault.what) for fault in faults}
    assert place in {fault.number for fault in faults}


def test_a_nightly_check_is_not_blinded_either(damaged: Store):
    change(damaged, DAMAGES["no UTF-8 in a form"])
    faults = {(fault.number, fault.seq, fault.what) for fault in verify(damaged, START).faults}
    assert {(FIRST, 2, "hash"), (SECOND, 1, "statement_text")} <= faults
