"""Public logs of other systems: every event is accounted for, and their known properties are found by replay."""

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
"""Late enough for a callback plan, and early, because each simulated night costs time."""
CALLED = """
SELECT DISTINCT s.content FROM callback b JOIN statement s ON s.case_id = b.case_id AND s.field = 'shipment'
"""
WORK = {"Take in charge ticket", "Wait"}
"""The words that examples/helpdesk.toml maps to states in which a ticket is being worked on."""
RESULT = {"Resolve ticket"}


def needs(path: Path) -> Any:
    return pytest.mark.skipif(not path.exists(), reason=f"{path.name} is missing beside the checkout")


@cache
def helpdesk() -> list[list[str]]:
    """Return the words of each ticket, read without the project's code; the log is in order."""
    return list(traces())


def traces() -> Iterator[list[str]]:
    with gzip.open(HELPDESK) as raw:
        for _, element in iterparse(raw):
            if element.tag.endswith("trace"):
                events = (event for event in element if event.tag.endswith("event"))
                yield [next(a.get("value") for a in e if a.get("key") == "concept:name") for e in events]
                element.clear()


def reopened(words: list[str]) -> int:
    """Count how often a ticket that was resolved or closed was worked on again."""
    count, at_rest = 0, False
    for word in words:
        count += at_rest and word in WORK
        at_rest = word in RESULT or word == "Closed" or (at_rest and word not in WORK)
    return count


def unprepared(words: list[str]) -> bool:
    results = [n for n, word in enumerate(words) if word in RESULT]
    return bool(results) and "Take in charge ticket" not in words[: results[0]]


@needs(HELPDESK)
@pytest.mark.long
@pytest.mark.parametrize("bridge", [False, True])
def test_every_event_of_the_help_desk_is_counted_as_in_the_log(closeloop: Closeloop, simulated: Store, bridge: bool):
    options = ["--bridge"] if bridge else []
    mapping = ROOT / "examples" / "helpdesk.toml"
    report = closeloop.json("replay", HELPDESK, "--mapping", mapping, *options)
    assert (report["cases"], report["events"]) == (4580, 21348)
    assert report["applied"] + report["refused"] + report["ignored"] == 21348
    assert report["cases_after_end"] == sum("Closed" in w[:-1] for w in helpdesk()) == 17
    assert report["unprepared"] == sum(map(unprepared, helpdesk())) == 300
    assert report["self_loops"] == sum(a == b for words in helpdesk() for a, b in pairwise(words)) == 944
    assert report["resolved_twice"] == sum(sum(w in RESULT for w in words) > 1 for words in helpdesk()) == 386
    assert report["reopened_cases"] == sum(reopened(words) > 0 for words in helpdesk())
    assert report["reopenings"] == sum(map(reopened, helpdesk()))
    assert (report["inferred"] > 0) == bridge
    assert report["event_fitness"] > (0.98 if bridge else 0.85)
    assert query_rows(simulated, "SELECT count(*) AS n FROM transition WHERE inferred") == [{"n": report["inferred"]}]
    assert verify(simulated).ok


@needs(RECEIPT)
@pytest.mark.long
def test_the_promises_of_the_receipt_phase_are_met_or_breached(closeloop: Closeloop, simulated: Store):
    report = closeloop.json("replay", RECEIPT, "--mapping", ROOT / "examples" / "receipt.toml")
    assert (report["cases"], report["events"]) == (1434, 8577)
    assert report["applied"] + report["refused"] + report["ignored"] == 8577
    promise = report["promises"]["promise"]
    assert promise["kept"] > 0
    assert sum(promise.values()) <= 1434
    assert verify(simulated).ok


@needs(ORDERS)
@pytest.mark.long
def test_a_late_order_breaches_its_promise_and_an_early_survey_leads_to_a_callback(
    closeloop: Closeloop, simulated: Store
):
    report = closeloop.json("replay", ORDERS, "--mapping", ROOT / "examples" / "orders.toml")
    assert (report["cases"], report["applied"] + report["refused"] + report["ignored"]) == (4043, report["events"])
    delivered = {row["order_id"]: row["order_delivered_customer_date"] for row in rows(ORDERS)}
    promised = {row["order_id"]: row["order_estimated_delivery_date"] for row in rows(ORDERS)}
    before_carrier = {row["order_id"] for row in rows(ORDERS) if "" < delivered[row["order_id"]] < carried(row)}
    met = [order for order, at in delivered.items() if at and at <= promised[order]]
    assert report["promises"]["promise"]["kept"] == len(met)
    closeloop.json("run-until", AFTERWARDS.isoformat())
    called = {row["content"] for row in query_rows(simulated, CALLED)}
    last = {row["order_id"]: row["review_answer_timestamp"] for row in sorted(rows(REVIEWS), key=answered)}
    surveyed_too_early = {order for order, at in delivered.items() if at > last.get(order, at)} - before_carrier
    late = {order for order in called if delivered[order] > promised[order]}
    assert surveyed_too_early <= called, "a survey before the delivery does not replace the callback"
    assert len(late) > len(called) / 2


def carried(row: dict[str, str]) -> str:
    return row["order_delivered_carrier_date"]


def answered(row: dict[str, str]) -> str:
    return row["review_answer_timestamp"]


@cache
def rows(table: Path) -> list[dict[str, str]]:
    with gzip.open(table, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
