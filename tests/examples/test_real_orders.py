"""Completed orders of a real marketplace: shares, scores by lateness, what was left out, as pandas counts them (E2)."""

from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from engine.order_tallies import ATTRIBUTES, Tallies, tally
from gateways.order_scores import SCORE_COLUMNS, scores_in
from gateways.orders import COLUMNS, OrderFile, orders_in
from gateways.problems import ignore
from models.completed_order import LeftOut, ScoreLeftOut
from tests.case_actions import START
from tests.examples.test_real_logs import ORDERS, REVIEWS, needs

pytestmark = [pytest.mark.requirement("E2"), needs(ORDERS), needs(REVIEWS)]

ZONE = ZoneInfo("America/Sao_Paulo")
NAMES = {
    "placed_at": "order_purchase_timestamp",
    "completed_at": "order_delivered_customer_date",
    "promised_at": "order_estimated_delivery_date",
}
SCORED = {"score": "review_score", "scored_at": "review_answer_timestamp"}


def tallied() -> Tallies:
    layout = OrderFile({**COLUMNS, **SCORE_COLUMNS, **NAMES, **SCORED}, ZONE)
    scores = scores_in(Path(REVIEWS), layout, ignore)
    return tally(orders_in(Path(ORDERS), layout, ignore), ZONE, START, scores)


def delivered_orders() -> Any:
    rows: Any = pd.read_csv(ORDERS, parse_dates=list(NAMES.values()))
    return rows.dropna(subset=[NAMES["completed_at"]])


def test_late_share_and_denominator_are_those_of_pandas_and_every_row_is_accounted_for():
    tallies = tallied()
    rows: Any = pd.read_csv(ORDERS, parse_dates=list(NAMES.values()))
    delivered = rows.dropna(subset=[NAMES["completed_at"]])
    on_time = delivered[NAMES["completed_at"]].dt.date <= delivered[NAMES["promised_at"]].dt.date
    sums = {
        name: sum(counts[name] for counts in tallies.counts.values()) for name in ("orders_promised", "orders_on_time")
    }
    assert (tallies.rows, tallies.counted) == (len(rows), len(delivered))
    assert sums == {"orders_promised": len(delivered), "orders_on_time": int(on_time.sum())}
    assert dict(tallies.left_out) == {LeftOut.NOT_COMPLETED: len(rows) - len(delivered)}
    by_month = delivered.groupby(delivered[NAMES["completed_at"]].dt.strftime("%Y-%m")).size()
    counted: dict[str, int] = {}
    for (day, _), counts in tallies.counts.items():
        counted[f"{day:%Y-%m}"] = counted.get(f"{day:%Y-%m}", 0) + counts["orders_completed"]
    assert counted == by_month.to_dict()


def test_scores_by_lateness_are_those_of_pandas_and_every_row_is_accounted_for():
    tallies = tallied()
    reviews: Any = pd.read_csv(REVIEWS, parse_dates=[SCORED["scored_at"]])
    orders = delivered_orders()
    known = reviews[reviews.order_id.isin(orders.order_id)]
    contradicted = known.groupby("order_id").review_score.transform("nunique") > 1
    sound = known[~contradicted].drop_duplicates(["order_id"]).merge(orders, on="order_id")
    late = (sound[NAMES["completed_at"]].dt.normalize() - sound[NAMES["promised_at"]].dt.normalize()).dt.days
    bands = pd.cut(late, [-10_000, 0, 3, 7, 10_000], labels=["on_time", "late_1_to_3", "late_4_to_7", "late_8_or_more"])
    expected = sound.groupby(bands, observed=True).review_score.agg(["size", "sum"])
    found: dict[str, Counter[str]] = {}
    for (_, values), counts in tallies.counts.items():
        found.setdefault(values[ATTRIBUTES.index("lateness")], Counter()).update(counts)
    assert {band: (sums["orders_scored"], sums["order_score"]) for band, sums in found.items()} == {
        str(band): (int(row["size"]), 2_000 * int(row["sum"])) for band, row in expected.iterrows()
    }
    assert tallies.scores.rows == len(reviews)
    assert dict(tallies.scores.left_out) == {
        ScoreLeftOut.NO_ORDER: len(reviews) - len(known),
        ScoreLeftOut.CONTRADICTORY: int(contradicted.sum()),
        ScoreLeftOut.REPEATED: len(known[~contradicted]) - len(sound),
    }
    assert tallies.scores.early == int((sound[SCORED["scored_at"]] < sound[NAMES["completed_at"]]).sum())
