"""The hash chain: each record has one canonical text, and every change of it changes the hash."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger.case_variables import plain
from engine.ledger.chain import GENESIS, SALT_BYTES, canonical, chain_hash, digest, keyed, new_salt
from engine.ledger.record import record_of
from engine.store import Store
from tests.case_actions import history_of, make_move, new_case

texts = st.text(st.characters(codec="utf-8"), max_size=20)
records = st.dictionaries(texts, texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=5)


@given(records)
def test_the_canonical_text_does_not_depend_on_the_order_of_keys(record: dict[str, Any]):
    assert canonical(dict(reversed(record.items()))) == canonical(record)
    assert json.loads(canonical(record)) == record


def test_the_text_has_sorted_keys_and_no_blanks_and_keeps_every_script():
    assert canonical({"b": 1, "a": "客诉", "c": {"y": None, "x": True}}) == '{"a":"客诉","b":1,"c":{"x":true,"y":null}}'


def test_an_instant_must_be_rendered_before_it_enters_the_text():
    with pytest.raises(TypeError):
        canonical({"at": datetime(2026, 3, 2, tzinfo=UTC)})


@given(records, records)
def test_another_record_has_another_hash(first: dict[str, Any], second: dict[str, Any]):
    assert (chain_hash(GENESIS, first) == chain_hash(GENESIS, second)) is (canonical(first) == canonical(second))


def test_the_hash_covers_the_previous_hash():
    assert chain_hash(GENESIS, {"a": 1}) != chain_hash("1" * 64, {"a": 1})


def test_a_salt_is_long_and_random():
    assert len(new_salt()) == SALT_BYTES
    assert digest(new_salt(), "same") != digest(new_salt(), "same")


@pytest.mark.parametrize(
    ("first", "second"), [(("ab", "c"), ("a", "bc")), (("a",), ("a", "")), (("a", "b"), ("b", "a"))]
)
def test_keyed_parts_do_not_run_into_each_other(first: tuple[str, ...], second: tuple[str, ...]):
    assert keyed(b"secret", *first) != keyed(b"secret", *second)
    assert keyed(b"secret", *first) != keyed(b"other", *first)


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=8))), "2026-03-02T01:00:00.000000Z"),
        (datetime(2026, 3, 2, 1, 0, 0, 5, tzinfo=UTC), "2026-03-02T01:00:00.000005Z"),
        (5, 5),
        (True, True),
        ("x", "x"),
    ],
)
def test_the_record_renders_each_value_in_one_way(value: Any, rendered: Any):
    assert plain(value) == rendered


@pytest.mark.parametrize("value", [0.5, b"x", [1], None])
def test_floats_bytes_lists_and_none_are_refused_in_the_record(value: Any):
    with pytest.raises(TypeError, match="does not belong in the record"):
        plain(value)


def test_each_hash_covers_its_row_and_the_previous_hash(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    previous = GENESIS
    for row in history_of(store, number):
        stored_hash = row.pop("hash")
        assert chain_hash(previous, record_of(number, row)) == stored_hash
        previous = stored_hash


def test_both_databases_hash_the_same_bytes():
    row = {"seq": 1, "inferred": 0, "form": "{}"}
    assert record_of("cp-26-000001", row) == record_of("cp-26-000001", row | {"inferred": False})
