"""A log that was bridged, exported and replayed again: the same histories, forms, timers, classification, severity."""

from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.apps.test_round_trip import FORMATS, histories_of
from tests.case_actions import SECRET, query_rows

MAPPING = """
[source]
name = "gap"
kind = "complaint"
pack = "logistics"
zone = "UTC"
formats = ["%Y-%m-%d %H:%M"]

[event]
case = "number"
word = "state"
at = "updated_at"
department = "team"

[fill]
category = { column = "product", as = "code" }
department = { column = "team", as = "code" }
severity = { column = "grade", values = { "1" = "urgent", "2" = "high" }, otherwise = "normal" }

[moves]
"Unhappy" = { move = "revisit", form = { outcome = "dissatisfied" } }
"Back" = { move = "come_back", form = { what = "Again broken." } }

[states]
"New" = "received"
"Queued" = "classified"
"In Progress" = "investigated"
"Waiting" = "waiting_for_customer"
"Resolved" = "resolved"
"Closed" = "archived"
"""
CASES: dict[str, list[str]] = {
    "a gap": ["New", "In Progress", "Resolved", "Closed"],
    "a wide gap": ["New", "Closed"],
    "handed back": ["New", "Queued", "In Progress", "Queued", "In Progress", "Resolved", "Closed"],
    "handed to the desk": ["New", "In Progress", "New", "Resolved"],
    "a new round": ["New", "Resolved", "Queued", "Resolved", "Closed"],
    "waited": ["New", "Waiting", "Resolved", "In Progress", "Resolved"],
    "unhappy": ["New", "Resolved", "Unhappy", "Resolved", "Closed"],
    "refused": ["New", "Unhappy", "Resolved", "mumbled", "Closed", "In Progress"],
}
"""Cases by what is special about them, an event each 7 hours."""
COLUMNS = "state, category, department, severity, cycle, level, closed, opened_at, channel"


def write_log(folder: Path) -> Path:
    """Write the log and its mapping."""
    (folder / "gap.toml").write_text(MAPPING, "utf-8")
    lines = ["number,state,updated_at,product,team,grade"]
    for n, (case, words) in enumerate(CASES.items()):
        for m, word in enumerate(words):
            hours = 24 * n + 7 * m
            at = f"2026-01-{1 + hours // 24:02} {hours % 24:02}:00"
            lines.append(f"{case},{word},{at},{('boxes', 'pallets')[n % 2]},{('Claims', 'Depot')[n % 2]},{1 + n % 3}")
    path = folder / "gap.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("options", [[], ["--bridge"]])
@pytest.mark.parametrize("sort", ["csv", "xes", "ocel2", "xlsx"])
def test_a_bridged_log_comes_back_unchanged(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, sort: str, options: list[str]
):
    report = closeloop.json("replay", write_log(tmp_path), "--bridge")
    assert report["inferred"] > len(CASES)
    log, mapping = tmp_path / FORMATS[sort], tmp_path / "own.toml"
    closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
    closeloop.json("export", "--format", sort, "--kind", "complaint", "--out", log, "--mapping", mapping)
    another, store = second_store(closeloop, tmp_path, simulated)
    closeloop.patch.setenv("CLOSELOOP_HOME", str(another))
    replayed = closeloop.json("replay", log, "--mapping", mapping, *options)
    try:
        assert (replayed["refused"], replayed["inferred"]) == (0, report["inferred"])
        for exported, again in zip(histories_of(simulated, "complaint"), histories_of(store, "complaint"), strict=True):
            assert [*again.values()] == [*exported.values()], "moves, then timers, case by case"
        assert cases_of(store) == cases_of(simulated)
        assert verify(store).ok
    finally:
        store.close()


def second_store(closeloop: Closeloop, folder: Path, first: Store) -> tuple[Path, Store]:
    """Create an empty store with the time of the first; return its home and the store."""
    home = folder / "another"
    settings = Settings(home=home, secret=SECRET, database_url=None)
    create_store(settings, first.now(), simulated_at=first.now())
    return home, settings.store()


def cases_of(store: Store) -> list[dict[str, Any]]:
    return query_rows(store, f"SELECT {COLUMNS} FROM cases ORDER BY opened_at, id")
