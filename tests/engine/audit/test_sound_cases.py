"""A case is not checked again while its rows are the same bytes; whatever was changed since is found all the same."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from engine.audit.clock_check import AnchorTimes
from engine.audit.sound_cases import SoundCases
from engine.audit.verify import verify
from engine.store import Store
from tests.case_actions import START, execute_sql, new_case, new_resolved_case, query_rows

pytestmark = pytest.mark.requirement("B5")

CHANGES = {
    "case": "UPDATE cases SET severity = 'high'",
    "transition": "UPDATE transition SET recorded_at = recorded_at + 1 WHERE seq = 1",
    "statement": "UPDATE statement SET content = 'Nothing happened.'",
    "timer": "UPDATE timer SET consumed = consumed + 3600000000 WHERE closed_at IS NOT NULL",
    "lost timer": "DELETE FROM timer WHERE steps_fired = 0",
}


class Row(NamedTuple):
    """A row of one column."""

    value: Any


@pytest.mark.parametrize("sql", CHANGES.values(), ids=CHANGES)
def test_a_row_that_was_changed_after_its_case_was_found_sound_is_a_fault(store: Store, sql: str):
    new_resolved_case(store)
    new_case(store, phone="13800138000", subject="Broken", requested_at=START)
    assert verify(store).ok
    execute_sql(store, sql)
    assert not verify(store).ok


def test_a_fault_is_named_by_every_verification(store: Store):
    new_resolved_case(store)
    execute_sql(store, "UPDATE cases SET severity = 'low'")
    first = verify(store).faults
    assert first
    assert verify(store).faults == first


JOURNAL_CHANGES = {
    "entry": "UPDATE journal SET made_by = 'somebody' WHERE seq = 2",
    "row": "UPDATE actor SET roles = 'general_manager' WHERE handle = 'amy'",
    "lost entry": "DELETE FROM journal WHERE seq = 2",
}


@pytest.mark.parametrize("sql", JOURNAL_CHANGES.values(), ids=JOURNAL_CHANGES)
def test_a_change_of_the_journal_or_its_rows_is_named_by_every_verification(store: Store, sql: str):
    new_resolved_case(store)
    assert verify(store).ok
    assert execute_sql(store, sql) > 0
    first = verify(store).faults
    assert first
    assert verify(store).faults == first


def test_a_case_that_is_known_still_counts(store: Store):
    new_resolved_case(store)
    first = verify(store)
    assert (first.cases, first.transitions) == (1, query_rows(store, "SELECT count(*) AS n FROM transition")[0]["n"])
    assert verify(store) == first


def test_a_case_is_known_with_the_rows_with_which_it_was_found_sound(sqlite_store: Store):
    with sqlite_store.looking() as tx:
        sound = SoundCases.read(tx, AnchorTimes({}, 0))
    digest = sound.digest(Row("open"), [[Row(1)], [Row(b"salt")]])
    assert not sound.knows(7, digest)
    sound.remember(7, digest)
    assert sound.knows(7, digest)
    assert not sound.knows(8, digest)
    assert not sound.knows(7, sound.digest(Row("open"), [[Row(1), Row(b"salt")], []])), "rows of another table"


def test_values_of_different_types_are_different_rows(sqlite_store: Store):
    with sqlite_store.looking() as tx:
        sound = SoundCases.read(tx, AnchorTimes({}, 0))
    values = (1, 1.0, True, "1", b"1", None, "\udcff", "\ud800")
    assert len({sound.digest(Row(value), []) for value in values}) == len(values)


def test_a_value_without_bytes_of_its_own_is_never_known(sqlite_store: Store):
    with sqlite_store.looking() as tx:
        sound = SoundCases.read(tx, AnchorTimes({}, 0))
    digest = sound.digest(Row(Decimal(1)), [])
    sound.remember(7, digest)
    assert not sound.knows(7, digest)


OTHER_RULES = {
    "lifecycles": "UPDATE lifecycle_version SET document = document || ' '",
    "rules": """
INSERT INTO edition (sort, name, version, content, effective_from, published_at, published_by, reason)
VALUES ('pack', 'postal', '9', '', 0, 0, 1, '')
""",
}


@pytest.mark.parametrize("sql", OTHER_RULES.values(), ids=OTHER_RULES)
def test_a_case_is_checked_again_under_other_rules(sqlite_store: Store, sql: str):
    new_case(sqlite_store)
    with sqlite_store.looking() as tx:
        before = SoundCases.read(tx, AnchorTimes({}, 0))
    execute_sql(sqlite_store, sql)
    with sqlite_store.looking() as tx:
        after = SoundCases.read(tx, AnchorTimes({}, 0))
        accepted = SoundCases.read(tx, AnchorTimes({}, 1))
    assert len({before.basis, after.basis, accepted.basis}) == 3
