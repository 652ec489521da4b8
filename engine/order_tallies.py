"""Count the completed orders of another system by day, with their scores, and keep the counts for indicators (E2).

Rows that contradict themselves or each other are counted and left out, each with its reason. What is kept holds neither
orders nor customers.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.actors import acting
from engine.entry_checks import check_text, is_word
from engine.ledger.chain import canonical
from engine.ledger.journal import journal_row
from engine.order_scores import Scores, scores_of
from engine.rules.questionnaires import POINT
from engine.store import Store
from models.columns import to_micros
from models.completed_order import Lateness, LeftOut, OrderRow, OrderScore
from statemachines.refused import Refused
from statemachines.roles import Role

ATTRIBUTES = ("pack", "channel", "customer_type", "department", "lateness")
"""By what orders are counted; their lateness follows from when they were completed and promised."""
COUNTS = ("orders_completed", "orders_promised", "orders_on_time", "orders_repeated", "orders_scored", "order_score")
"""What is counted; of the scores the number, and the sum in hundredths of a point."""
COLLECTS: Final = frozenset({Role.MARKET, Role.OPERATIONS, Role.ADMINISTRATOR})
"""The roles that hand in the orders of other systems; whoever reviews the figures is none of them (F3)."""
REPEATED_WITHIN = timedelta(days=365)
"""Within how long an earlier order of the same customer makes one a repeat order; ours."""
ADD = """
INSERT INTO order_import (source, digest, zone, rows, left_out, tallies, imported_at, imported_by)
VALUES (:source, :digest, :zone, :rows, :left_out, :tallies, :at, :by) RETURNING id
"""
KNOWN = "SELECT digest FROM order_import WHERE source = :source ORDER BY id DESC LIMIT 1"

Key = tuple[date, tuple[str, ...]]


@dataclass(slots=True)
class Tallies:
    """The orders of a file: how many rows it has, how many were left out and why, the scores, and the counts by day."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    counts: dict[Key, Counter[str]] = field(default_factory=dict[Key, Counter[str]])
    scores: Scores = field(default_factory=Scores)

    @property
    def counted(self) -> int:
        """Return how many orders were counted."""
        return sum(counts["orders_completed"] for counts in self.counts.values())

    def documents(self) -> list[dict[str, Any]]:
        """Return the counts as they are kept, by day; what a row does not say is left out."""
        return [
            {"day": day.isoformat(), **{name: value for name, value in zip(ATTRIBUTES, values, strict=True) if value}}
            | {name: counts[name] for name in COUNTS}
            for (day, values), counts in sorted(self.counts.items())
        ]


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import; ``new`` is False where the newest import of the source was of the very same file."""

    source: str
    new: bool
    tallies: Tallies


def tally(rows: Iterable[OrderRow], zone: ZoneInfo, now: datetime, scores: Iterable[OrderScore] = ()) -> Tallies:
    """Count the completed orders and their scores by the day of completion, and what is left out by its reason.

    An order is on time if it was completed on the promised day or before, and repeated if the same customer had another
    one completed within a year before.
    """
    tallies = Tallies()
    orders: dict[str, OrderRow] = {}
    contradictory: set[str] = set()
    for row in rows:
        tallies.rows += 1
        if (why := _fault(row, now)) is not None:
            tallies.left_out[why] += 1
        elif row.order not in orders:
            orders[row.order] = row
        elif orders[row.order] == row:
            tallies.left_out[LeftOut.REPEATED] += 1
        else:
            tallies.left_out[LeftOut.CONTRADICTORY] += 1
            contradictory.add(row.order)
    tallies.left_out[LeftOut.CONTRADICTORY] += len(contradictory)
    counted = {order: row for order, row in orders.items() if order not in contradictory}
    completed = {order: row.completed_at for order, row in counted.items() if row.completed_at is not None}
    tallies.scores = scores_of(scores, completed)
    _count(tallies, list(counted.values()), zone)
    tallies.left_out = +tallies.left_out
    return tallies


def record_orders(
    store: Store, source: str, digest: str, zone: ZoneInfo, tallies: Tallies, by: str, at: datetime
) -> Imported:
    """Keep the counts of a file, in place of what the same source said before; the same file again changes nothing.

    Raises ``Refused('not_in_charge' | 'bad_order_source' | 'no_orders')`` and what ``acting`` raises.
    """
    check_text("source", source)
    if not is_word(source):
        raise Refused("bad_order_source", source=source[:40])
    if not tallies.counts:
        raise Refused("no_orders", rows=tallies.rows)
    with store.writing() as tx:
        actor = acting(tx, by, to_micros(at))
        if not actor.roles & COLLECTS:
            raise Refused("not_in_charge", handle=by, wanted=sorted(COLLECTS))
        known = tx.row(KNOWN, source=source)
        if known is not None and known.digest == digest:
            return Imported(source, new=False, tallies=tallies)
        left_out = {str(why): count for why, count in (tallies.left_out + tallies.scores.left_out).items()}
        row = tx.row(
            ADD,
            source=source,
            digest=digest,
            zone=zone.key,
            rows=tallies.rows,
            left_out=canonical(left_out),
            tallies=canonical({"days": tallies.documents()}),
            at=to_micros(at),
            by=by,
        )
        journal_row(tx, "order_import", (row.id,), by, to_micros(at))
    return Imported(source, new=True, tallies=tallies)


def _fault(row: OrderRow, now: datetime) -> LeftOut | None:
    if not row.order:
        return LeftOut.NO_ID
    if row.unreadable:
        return LeftOut.UNREADABLE_TIME
    if row.completed_at is None:
        return LeftOut.NOT_COMPLETED
    if row.placed_at is not None and row.completed_at < row.placed_at:
        return LeftOut.COMPLETED_BEFORE_PLACED
    return LeftOut.IN_THE_FUTURE if row.completed_at > now else None


def _count(tallies: Tallies, orders: Sequence[OrderRow], zone: ZoneInfo) -> None:
    for row, repeated in _in_order(orders):
        assert row.completed_at is not None
        day = row.completed_at.astimezone(zone).date()
        promised = None if row.promised_at is None else row.promised_at.astimezone(zone).date()
        lateness = "" if promised is None else str(Lateness.of((day - promised).days))
        counts = tallies.counts.setdefault((day, _values({**row.attributes, "lateness": lateness})), Counter())
        counts["orders_completed"] += 1
        counts["orders_repeated"] += repeated
        counts["orders_promised"] += promised is not None
        counts["orders_on_time"] += lateness == Lateness.ON_TIME
        if (score := tallies.scores.of_order.get(row.order)) is not None:
            counts["orders_scored"] += 1
            counts["order_score"] += score * POINT


def _in_order(orders: Sequence[OrderRow]) -> Iterator[tuple[OrderRow, bool]]:
    """Yield the orders by the time of their completion, and whether each is a repeat order."""
    last: dict[str, datetime] = {}
    for row in sorted(orders, key=lambda row: (str(row.completed_at), row.order)):
        assert row.completed_at is not None
        before = last.get(row.customer)
        yield row, bool(row.customer) and before is not None and row.completed_at - before <= REPEATED_WITHIN
        last[row.customer] = row.completed_at


def _values(attributes: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(attributes.get(name, "") for name in ATTRIBUTES)
