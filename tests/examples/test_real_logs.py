"""Public logs that nobody here wrote: every event is accounted for, and what is known of them is found."""

import csv
import gzip
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import iterparse

from engine.audit.verify import verify
from engine.store import Store
from tests.apps.conftest import Closeloop, closeloop, simulated
from tests.case_actions import DAY, START, query_rows

__all__ = ["closeloop", "simulated"]

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
HELPDESK, RECEIPT, ORDERS = DATA / "helpdesk.xes.gz", DATA / "receipt.csv.gz", DATA / "orders.csv.gz"
REVIEWS = DATA / "order_reviews.csv.gz"
AFTERWARDS = START + 2 * DAY
"""Long enough for a callback plan, and short: each simulated night is lived."""
CALLED = """
SELECT DISTINCT s.content FROM callback b JOIN statement s ON s.case_id = b.case_id AND s.field = 'shipment'
"""
WORK = {"Take in charge ticket", "Wait"}
"""The words that examples/helpdesk.toml takes for states in which a ticket is being worked on."""
RESULT = {"Resolve ticket"}


def here(path: Path) -> Any:
    return pytest.mark.skipif(not path.exists(), reason=f"{path.name} is not beside the checkout")


@cache
def helpdesk() -> list[list[str]]:
    """The words of each ticket, read without any code of ours; the log is in order."""
    return list(traces())


def traces() -> Iterator[list[str]]:
    with gzip.open(HELPDESK) as raw:
        for _, element in iterparse(raw):
            if element.tag.endswith("trace"):
                events = (event for event in element if event.tag.endswith("event"))
                yield [next(a.get("value") for a in e if a.get("key") == "concept:name") for e in events]
                element.clear()


def reopened(words: list[str]) -> int:
    """How often a ticket that had its result, or was closed, was worked on again."""
    count, resting = 0, False
    for word in words:
        count += resting and word in WORK
        resting = word in RESULT or word == "Closed" or (resting and word not in WORK)
    return count


def unprepared(words: list[str]) -> bool:
    results = [n for n, word in enumerate(words) if word in RESULT]
    return bool(results) and "Take in charge ticket" not in words[: results[0]]


@here(HELPDESK)
@pytest.mark.long
@pytest.mark.parametrize("bridge", [False, True])
def test_the_help_desk_is_accounted_for_and_its_truths_are_found(closeloop: Closeloop, simulated: Store, bridge: bool):
    options = ["--bridge"] if bridge else []
    mapping = ROOT / "examples" / "helpdesk.toml"
    told = closeloop.json("replay", HELPDESK, "--mapping", mapping, *options)
    assert (told["cases"], told["events"]) == (4580, 21348)
    assert told["applied"] + told["refused"] + told["ignored"] == 21348
    assert told["cases_after_end"] == sum("Closed" in w[:-1] for w in helpdesk()) == 17
    assert told["unprepared"] == sum(map(unprepared, helpdesk())) == 300
    assert told["self_loops"] == sum(a == b for words in helpdesk() for a, b in pairwise(words)) == 944
    assert told["resolved_twice"] == sum(sum(w in RESULT for w in words) > 1 for words in helpdesk()) == 386
    assert told["reopened_cases"] == sum(reopened(words) > 0 for words in helpdesk())
    assert told["reopenings"] == sum(map(reopened, helpdesk()))
    assert (told["inferred"] > 0) == bridge
    assert told["event_fitness"] > (0.98 if bridge else 0.85)
    assert query_rows(simulated, "SELECT count(*) AS n FROM transition WHERE inferred") == [{"n": told["inferred"]}]
    assert verify(simulated).ok


@here(RECEIPT)
def test_the_receipt_phase_keeps_or_breaks_its_own_deadlines(closeloop: Closeloop, simulated: Store):
    told = closeloop.json("replay", RECEIPT, "--mapping", ROOT / "examples" / "receipt.toml")
    assert (told["cases"], told["events"]) == (1434, 8577)
    assert told["applied"] + told["refused"] + told["ignored"] == 8577
    promise = told["promises"]["promise"]
    assert promise["kept"] > 0
    assert sum(promise.values()) <= 1434
    assert verify(simulated).ok


@here(ORDERS)
@pytest.mark.long
def test_a_late_order_breaks_its_promise_and_whoever_was_asked_too_early_is_called(
    closeloop: Closeloop, simulated: Store
):
    told = closeloop.json("replay", ORDERS, "--mapping", ROOT / "examples" / "orders.toml")
    assert (told["cases"], told["applied"] + told["refused"] + told["ignored"]) == (4043, told["events"])
    delivered = {row["order_id"]: row["order_delivered_customer_date"] for row in rows(ORDERS)}
    promised = {row["order_id"]: row["order_estimated_delivery_date"] for row in rows(ORDERS)}
    before_carrier = {row["order_id"] for row in rows(ORDERS) if "" < delivered[row["order_id"]] < carried(row)}
    kept = [order for order, at in delivered.items() if at and at <= promised[order]]
    assert told["promises"]["promise"]["kept"] == len(kept)
    closeloop.json("run-until", AFTERWARDS.isoformat())
    called = {row["content"] for row in query_rows(simulated, CALLED)}
    last = {row["order_id"]: row["review_answer_timestamp"] for row in sorted(rows(REVIEWS), key=answered)}
    asked_too_early = {order for order, at in delivered.items() if at > last.get(order, at)} - before_carrier
    late = {order for order in called if delivered[order] > promised[order]}
    assert asked_too_early <= called, "what they said of goods that had not come yet keeps no callback"
    assert len(late) > len(called) / 2


def carried(row: dict[str, str]) -> str:
    return row["order_delivered_carrier_date"]


def answered(row: dict[str, str]) -> str:
    return row["review_answer_timestamp"]


@cache
def rows(table: Path) -> list[dict[str, str]]:
    with gzip.open(table, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
