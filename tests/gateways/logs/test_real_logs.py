"""Public logs of other systems: every event is read, and the contradictions flagged are those in the file."""

import csv
import gzip
from collections import Counter
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from gateways.logs.draft.toml_draft import suggest
from gateways.logs.mapping import LogMapping
from gateways.mapping_file import load_mapping
from locales.translation import translate
from tests.gateways.logs.log_formats import good

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"


def log(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"the real log {name} is not on this machine")
    return DATA / name


def example(name: str) -> LogMapping:
    return load_mapping(ROOT / "examples" / f"{name}.toml", LogMapping)


@pytest.mark.long
def test_every_event_of_the_help_desk_is_read():
    by = example("helpdesk")
    steps = [by.step(event) for event in good(log("helpdesk.xes.gz"), by)]
    assert len(steps) == 21_348
    assert len({step.event.case for step in steps}) == 4_580
    assert not any(step.unknown for step in steps)
    assert Counter(step.event.word for step in steps)["Resolve ticket"] == 4_983


def test_the_deadlines_of_the_receipt_phase_are_read():
    by = example("receipt")
    steps = [by.step(event) for event in good(log("receipt.csv.gz"), by)]
    assert (len(steps), len({step.event.case for step in steps})) == (8_577, 1_434)
    assert not any(step.unknown for step in steps)
    promises = [step for step in steps if step.move == "promise"]
    assert len(promises) == 1_434
    with gzip.open(log("receipt.csv.gz"), "rt", encoding="utf-8") as handle:
        deadlines = {row["case:concept:name"]: row["case:deadline"] for row in csv.DictReader(handle)}
    for step in promises:
        assert step.form["due_at"] == datetime.fromisoformat(deadlines[step.event.case])


def test_every_contradiction_of_the_orders_is_flagged():
    by = example("orders")
    events = list(good(log("orders.csv.gz"), by))
    assert Counter(rule for event in events for rule in event.flags) == {
        "survey_before_delivery": 136,
        "carrier_before_approval": 37,
        "survey_before_purchase": 34,
        "delivered_without_date": 6,
        "delivered_before_carrier": 3,
        "carrier_before_purchase": 2,
        "cancelled_but_delivered": 2,
        "delivered_before_approval": 1,
        "delivered_without_carrier": 1,
    }
    assert Counter(event.word for event in events)["survey answered"] == 4_085


@pytest.mark.parametrize(
    "name", [pytest.param("helpdesk.xes.gz", marks=pytest.mark.long), "receipt.csv.gz", "orders.csv.gz"]
)
def test_a_draft_of_a_real_log_maps_all_its_words(tmp_path: Path, name: str):
    path = tmp_path / "draft.toml"
    path.write_text(suggest(log(name), partial(translate, "en")), "utf-8")
    by = load_mapping(path, LogMapping)
    assert not any(by.step(event).unknown for event in good(log(name), by))
