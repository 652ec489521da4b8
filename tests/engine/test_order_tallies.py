"""Completed orders are counted by day; contradictory rows are counted and left out with their reason (E2)."""

import gzip
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.order_tallies import Tallies, record_orders, tally
from engine.store import Store
from gateways.orders import COLUMNS, OrderFile, orders_in
from gateways.problems import ignore
from statemachines.roles import Role
from tests.case_actions import DAY, START, execute_sql, query_rows, refusal

pytestmark = pytest.mark.requirement("E2")

SHANGHAI = ZoneInfo("Asia/Shanghai")
ORDERS = """order_id,customer_id,placed_at,completed_at,promised_at,department
1,li,2026-02-01 08:00,2026-02-03 23:30,2026-02-03,claims
2,li,2026-02-05 08:00,2026-02-09 10:00,2026-02-08,claims
3,wang,2026-02-05 08:00,2026-02-09 10:00,,hotline
4,wang,2026-02-05 08:00,,2026-02-08,claims
5,ma,2026-02-05 08:00,2026-02-04 10:00,2026-02-08,claims
6,ma,2026-02-05 08:00,tomorrow,2026-02-08,claims
7,ma,2026-02-05 08:00,2027-02-09 10:00,2026-02-08,claims
,ma,2026-02-05 08:00,2026-02-09 10:00,2026-02-08,claims
3,wang,2026-02-05 08:00,2026-02-09 10:00,,hotline
8,he,2026-02-05 08:00,2026-02-09 10:00,2026-02-08,claims
8,he,2026-02-05 08:00,2026-02-10 10:00,2026-02-08,claims
"""
LEFT_OUT = {
    "not_completed": 1, "completed_before_placed": 1, "unreadable_time": 1, "in_the_future": 1, "no_id": 1,
    "repeated": 1, "contradictory": 2,
}  # fmt: skip


def read(path: Path, text: str = ORDERS) -> Tallies:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return tally(orders_in(path, OrderFile(COLUMNS, SHANGHAI), ignore), SHANGHAI, START)


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz"])
def test_each_row_is_counted_or_left_out_with_its_reason(tmp_path: Path, name: str):
    tallies = read(tmp_path / name)
    assert (tallies.rows, tallies.counted, dict(tallies.left_out)) == (11, 3, LEFT_OUT)
    assert tallies.rows == tallies.counted + sum(tallies.left_out.values())
    assert tallies.documents() == [
        {"day": "2026-02-03", "department": "claims", "lateness": "on_time", "orders_completed": 1,
         "orders_promised": 1, "orders_on_time": 1, "orders_repeated": 0, "orders_scored": 0, "order_score": 0},
        {"day": "2026-02-09", "department": "claims", "lateness": "late_1_to_3", "orders_completed": 1,
         "orders_promised": 1, "orders_on_time": 0, "orders_repeated": 1, "orders_scored": 0, "order_score": 0},
        {"day": "2026-02-09", "department": "hotline", "orders_completed": 1, "orders_promised": 0, "orders_on_time": 0,
         "orders_repeated": 0, "orders_scored": 0, "order_score": 0},
    ]  # fmt: skip


def kept(store: Store, tallies: Tallies, digest: str, after: timedelta = timedelta(), by: str = "olga") -> bool:
    return record_orders(store, "erp", digest, SHANGHAI, tallies, by, START + after).new


@pytest.fixture
def staffed(store: Store) -> Store:
    with store.writing() as tx:
        add_actor(tx, NewActor("olga", (Role.OPERATIONS,)))
    return store


def test_the_same_file_again_changes_nothing_and_another_one_replaces_it(staffed: Store, tmp_path: Path):
    tallies = read(tmp_path / "orders.csv")
    assert [kept(staffed, tallies, "a"), kept(staffed, tallies, "a", DAY), kept(staffed, tallies, "b", DAY)] == [
        True,
        False,
        True,
    ]
    rows = query_rows(staffed, "SELECT rows, left_out, imported_by FROM order_import ORDER BY id")
    assert [(row["rows"], json.loads(row["left_out"]), row["imported_by"]) for row in rows] == [
        (11, LEFT_OUT, "olga")
    ] * 2


def test_who_reviews_the_figures_does_not_hand_in_their_denominators(staffed: Store, tmp_path: Path):
    tallies = read(tmp_path / "orders.csv")
    assert refusal(lambda: kept(staffed, tallies, "a", by="mei")).code == "not_in_charge"
    none = read(tmp_path / "none.csv", "order_id,completed_at\n1,\n")
    assert refusal(lambda: kept(staffed, none, "a")).code == "no_orders"
    assert query_rows(staffed, "SELECT * FROM order_import") == []


def test_an_import_that_was_tampered_with_is_found(staffed: Store, tmp_path: Path):
    kept(staffed, read(tmp_path / "orders.csv"), hashlib.sha256(b"x").hexdigest())
    assert verify(staffed).ok
    execute_sql(staffed, "UPDATE order_import SET tallies = replace(tallies, 'claims', 'hotline')")
    assert not verify(staffed).ok
