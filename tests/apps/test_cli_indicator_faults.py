"""A bad definition is refused at publishing, through the command, with its field, the reason and the remedy (E2)."""

from pathlib import Path

import pytest

from engine.rules.indicators import FOLDER
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.engine.rules.test_indicators import COMPOSITE, SHARE, put

pytestmark = pytest.mark.requirement("E2")

RATE = (FOLDER / "complaint_rate.toml").read_text("utf-8")
ON = ("--effective", "2026-05-01", "--reason", "decision 3", "--as", EVA)

FAULTY: dict[str, tuple[str, str, str, str]] = {
    "nothing to divide by": (
        put(RATE, '"orders_completed"', '"promises_judged"\nfilters = { kind = ["finding"], clause = ["revisit"] }'),
        "denominator", "no kind of case has promises with these filters", "correct the filters",
    ),
    "no denominator": (
        put(RATE, '[denominator]\nquery = "orders_completed"', ""), "denominator", "a rate needs it", "add it",
    ),
    "unknown filter": (
        put(SHARE, "kind = [", "colour = ["), "filters.colour", "cannot be filtered by colour", "use one of: kind",
    ),
    "unknown value": (
        put(SHARE, '["complaint"]', '["quarrel"]'), "filters.kind", "there is no kind quarrel", "use one of:",
    ),
    "weights above 100": (
        put(COMPOSITE, "weight = 60", "weight = 70"), "parts", "the weights are 110 in all", "make them 100",
    ),
    "weighed twice": (
        put(COMPOSITE, '"solution"', '"first_reply"'), "parts.1.indicator", "weighed twice", "take one of them out",
    ),
    "a circle": (
        put(COMPOSITE, '"solution"', '"quality"'), "parts", "made of itself: quality, quality", "take one of these out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_definition_is_refused_with_field_reason_and_remedy_each_once(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, name: str
):
    add_evaluator(simulated)
    text, field, reason, remedy = FAULTY[name]
    file = tmp_path / "faulty.toml"
    file.write_text(text, "utf-8")
    refused = closeloop.refused("kpi", "publish", file, *ON)
    [fault] = refused["params"]["faults"]
    assert (refused["code"], fault["field"]) == ("bad_indicator", field)
    assert reason in fault["why"]
    assert remedy in fault["why"]
    assert all(part in refused["text"] for part in ("faulty.toml", field, reason, remedy))
    published = closeloop.json("kpi", "list")["indicators"]
    assert "quality" not in {row["name"] for row in published}
