"""The orders completed in a period: those that were imported, or else the service orders that were completed here (E2).

A later import from the same source takes the place of the earlier one, from the instant at which it was recorded.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from engine.order_tallies import ATTRIBUTES, COUNTS
from engine.retired_names import recorded_as
from engine.transaction import Tx
from models.columns import to_micros
from reports.indicators.record_at import RecordAt

IMPORTS = """
SELECT i.zone, i.tallies FROM order_import i WHERE i.imported_at <= :as_of AND NOT EXISTS (
       SELECT 1 FROM order_import n WHERE n.source = i.source AND n.id > i.id AND n.imported_at <= :as_of)
 ORDER BY i.id
"""
OWN = """
SELECT c.id AS case_id, t.occurred_at AS at, 1 AS orders_completed, 0 AS orders_promised, 0 AS orders_on_time,
       0 AS orders_repeated, 0 AS orders_scored, 0 AS order_score{lateness}{attributes}
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = 'service_order' AND t.move IN ({complete}) AND t.recorded_at <= :as_of{among}
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq > t.seq
                      AND u.move IN ({complete}) AND u.recorded_at <= :as_of)
"""

OrderCell = tuple[int, int, dict[str, str], dict[str, int]]


def imported_orders(
    tx: Tx, spans: Sequence[tuple[int, int]], attributes: Sequence[str], as_of: int
) -> Iterator[OrderCell]:
    """Yield period, number of orders, attributes, and the sum of each query, of the orders that were imported."""
    for (period, values), sums in _by_period(_imported(tx, as_of), spans, attributes).items():
        yield period, sums["orders_completed"], dict(zip(attributes, values, strict=True)), dict(sums)


def own_orders(record: RecordAt, wanted: Collection[str]) -> str:
    """Return the relation of the service orders that were completed here.

    Of those it is not known which were on time, whose customer had come before, and how the order itself was scored.
    """
    return OWN.format(
        complete=recorded_as("move", "complete"), attributes=record.attributes(wanted),
        among=record.among("t.case_id"), lateness=", '' AS lateness" if "lateness" in wanted else "",
    )  # fmt: skip


Tally = tuple[int, dict[str, str], dict[str, int]]


def _imported(tx: Tx, as_of: int) -> Iterator[Tally]:
    """Yield the tallies of the imports in force: the instant at which the day begins, attributes, and counts."""
    for row in tx.rows(IMPORTS, as_of=as_of):
        zone = ZoneInfo(row.zone)
        for tally in json.loads(row.tallies)["days"]:
            at = to_micros(datetime.combine(date.fromisoformat(tally["day"]), time(), zone))
            yield at, {name: tally.get(name, "") for name in ATTRIBUTES}, {name: tally.get(name, 0) for name in COUNTS}


def _by_period(
    tallies: Iterable[Tally], spans: Sequence[tuple[int, int]], attributes: Sequence[str]
) -> dict[tuple[int, tuple[str, ...]], Counter[str]]:
    sums: dict[tuple[int, tuple[str, ...]], Counter[str]] = {}
    for at, values, counts in tallies:
        period = next((number for number, (begin, end) in enumerate(spans) if begin <= at < end), None)
        if period is not None:
            key = period, tuple(values[name] for name in attributes)
            sums.setdefault(key, Counter(dict.fromkeys(COUNTS, 0))).update(counts)
    return sums
