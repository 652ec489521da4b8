"""Scores of orders: each row is counted or left out with its reason, and lateness is that of the promised day (E2)."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.order_scores import scores_of
from engine.order_tallies import tally
from gateways.order_scores import SCORE_COLUMNS, scores_in
from gateways.orders import OrderFile
from gateways.problems import ignore
from models.completed_order import Lateness, OrderRow, OrderScore
from tests.case_actions import START

pytestmark = pytest.mark.requirement("E2")

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
COMPLETED: dict[str, datetime] = dict.fromkeys(("a", "b", "c"), NOON)


def given(order: str, score: int | None, at: datetime | None = None) -> OrderScore:
    return OrderScore(order, score, at)


def test_each_row_is_counted_or_left_out_with_its_reason():
    rows = [
        given("a", 5), given("a", 5), given("b", 4), given("b", 2), given("b", 4), given("c", None), given("z", 1),
    ]  # fmt: skip
    scores = scores_of(rows, COMPLETED)
    assert scores.of_order == {"a": 5}
    assert dict(scores.left_out) == {
        "repeated_score": 1, "contradictory_score": 3, "unreadable_score": 1, "score_of_no_order": 1,
    }  # fmt: skip
    assert scores.rows == len(scores.of_order) + sum(scores.left_out.values())


def test_a_score_given_before_the_order_was_completed_counts_and_is_said():
    before = datetime(2026, 2, 2, tzinfo=UTC)
    scores = scores_of([given("a", 1, before), given("b", 2, before), given("b", 3), given("c", 5, NOON)], COMPLETED)
    assert (scores.of_order, scores.early) == ({"a": 1, "c": 5}, 1)


@pytest.mark.parametrize(
    ("text", "score"),
    [("1", 1), ("5", 5), ("4.0", 4), ("0", None), ("6", None), ("4.5", None), ("", None), ("五", None)],
)
def test_a_score_is_one_of_1_to_5(tmp_path: Path, text: str, score: int | None):
    file = tmp_path / "scores.csv"
    file.write_text(f"order_id,score,scored_at\na,{text},2026-02-03 20:00\n", "utf-8")
    layout = OrderFile(SCORE_COLUMNS, ZoneInfo("Asia/Shanghai"))
    assert list(scores_in(file, layout, ignore)) == [given("a", score, NOON)]


@pytest.mark.parametrize(
    ("days", "lateness"),
    [(-9, "on_time"), (0, "on_time"), (1, "late_1_to_3"), (3, "late_1_to_3"), (4, "late_4_to_7"), (7, "late_4_to_7"),
     (8, "late_8_or_more"), (400, "late_8_or_more")],
)  # fmt: skip
def test_lateness_is_counted_in_days_after_the_promised_one(days: int, lateness: str):
    assert Lateness.of(days) == lateness


def test_the_score_is_counted_on_the_day_of_its_order_by_its_lateness():
    late, unpromised = (
        OrderRow("a", "", None, NOON, datetime(2026, 1, 30, tzinfo=UTC), {}),
        OrderRow("b", "", None, NOON, None, {}),
    )
    tallies = tally([late, unpromised], ZoneInfo("UTC"), START, [given("a", 2), given("b", 5)])
    counted = {"day": "2026-02-03", "orders_completed": 1, "orders_on_time": 0, "orders_repeated": 0}
    assert tallies.documents() == [
        counted | {"orders_promised": 0, "orders_scored": 1, "order_score": 10_000},
        counted | {"orders_promised": 1, "orders_scored": 1, "order_score": 4_000, "lateness": "late_4_to_7"},
    ]
