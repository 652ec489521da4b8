"""Completed orders of a real marketplace as denominators: shares and what was left out, as pandas counts them (E2)."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from engine.order_tallies import tally
from gateways.orders import COLUMNS, OrderFile, orders_in
from gateways.problems import ignore
from models.completed_order import LeftOut
from tests.case_actions import START
from tests.examples.test_real_logs import ORDERS, needs

pytestmark = [pytest.mark.requirement("E2"), needs(ORDERS)]

ZONE = ZoneInfo("America/Sao_Paulo")
NAMES = {
    "placed_at": "order_purchase_timestamp",
    "completed_at": "order_delivered_customer_date",
    "promised_at": "order_estimated_delivery_date",
}


def test_late_share_and_denominator_are_those_of_pandas_and_every_row_is_accounted_for():
    layout = OrderFile({**COLUMNS, **NAMES}, ZONE)
    tallies = tally(orders_in(Path(ORDERS), layout, ignore), ZONE, START)
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
