"""The time of a column of states in a log of whole cases: its own column, the row's last time, or the opening."""

from pathlib import Path
from typing import Any

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

pytestmark = pytest.mark.requirement("B5")

MAPPING = """
[source]
name = "sr"
kind = "complaint"
pack = "logistics"
zone = "UTC"

[event]
case = "id"
word = "status"
{at}

[opening]
at = "created"

[fill]
category = "damage"

[[wide]]
column = "created"
word = "promised"
[[wide]]
column = "closed"
word = "kept"
[[wide]]
column = "closed"
word = "closed"

[moves]
"promised" = {{ move = "promise", form = {{ promise = "x", due_at = {{ column = "due", as = "time" }} }} }}
"kept" = {{ move = "keep_promise", form = {{ promise = 1, how = "x" }} }}

[states]
"Cancelled" = "withdrawn"
"Over" = "archived"

[ignored]
"closed" = "the status tells it"
"Open" = "opens the case"
"""
HEADER = "id,status,created,changed,due,closed"
ENDS = "SELECT occurred_at / 1000000 AS at FROM transition WHERE dest IN ('withdrawn', 'archived') ORDER BY case_id"


def replayed(closeloop: Closeloop, folder: Path, at: str, *rows: str) -> dict[str, Any]:
    (folder / "sr.toml").write_text(MAPPING.format(at=at), "utf-8")
    (folder / "sr.csv").write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return closeloop.json("replay", folder / "sr.csv", "--bridge")


def hours_of_ends(store: Store) -> list[int]:
    """Return the hours of 2026-01-05 at which cases ended."""
    return [(row["at"] - 1_767_571_200) // 3600 for row in query_rows(store, ENDS)]


@pytest.mark.parametrize(
    ("at", "row", "hour"),
    [
        ('at = "changed"', "A,Cancelled,2026-01-05 09:00,2026-01-05 15:00,2026-01-05 20:00,", 15),
        ("", "A,Cancelled,2026-01-05 09:00,2026-01-05 15:00,2026-01-05 20:00,", 9),
        ("", "A,Cancelled,2026-01-05 09:00,2026-01-05 15:00,2026-01-05 20:00,2026-01-05 12:00", 12),
        ('at = "changed"', "A,Cancelled,2026-01-05 09:00,,2026-01-05 20:00,2026-01-05 12:00", 12),
        ('at = "changed"', "A,Cancelled,2026-01-05 09:00,,2026-01-05 20:00,", 9),
        ('at = "changed"', "A,Over,2026-01-05 09:00,2026-01-05 13:00,2026-01-05 20:00,2026-01-05 12:00", 13),
    ],
)
def test_a_state_has_its_own_time_or_the_last_one_of_its_row(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, at: str, row: str, hour: int
):
    assert replayed(closeloop, tmp_path, at, row)["refused"] == 0
    assert hours_of_ends(simulated) == [hour]


@pytest.mark.parametrize("at", ["", 'at = "changed"', 'at = "closed"'])
def test_the_promise_is_judged_before_the_word_that_ends_the_case(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, at: str
):
    """Closed in time, at the very limit, and an hour late; the state changed at the same instant."""
    day = "2026-01-05"
    rows = [f"{h},Over,{day} 09:00,{day} {h}:00,{day} 15:00,{day} {h}:00" for h in (12, 15, 16)]
    report = replayed(closeloop, tmp_path, at, *rows)
    promise = report["promises"]["promise"]
    assert (promise["kept"], promise["broken"], promise["stopped"]) == (2, 1, 0)
    assert (report["refused"], report["events_after_end"]) == (0, 0)


def test_a_bad_time_of_a_state_is_refused_and_its_case_does_not_fit(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    row = "A,Cancelled,2026-01-05 09:00,soon,2026-01-05 20:00,"
    report = replayed(closeloop, tmp_path, 'at = "changed"', row)
    assert (report["refused"], report["fitting_cases"], report["cases"]) == (1, 0, 1)
    assert hours_of_ends(simulated) == []


SUGGESTED = "id,status,created at,{},delivered at"


@pytest.mark.parametrize(
    "column", ["status date", "StatusDate", "updated_at", "last_updated", "status_changed_at", "狀態時間", "更新时间"]
)
def test_a_draft_names_the_time_of_the_states_or_says_which_they_get(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, column: str
):
    days = [f"2026-01-0{n}" for n in range(1, 9)]
    rows = [f"{n},delivered,{day} 09:00,{day} 11:00,{day} 10:00" for n, day in enumerate(days)]
    rows += [f"{n},canceled,{day} 09:00,{day} 11:00," for n, day in enumerate(days, 10)]
    log = tmp_path / "orders.csv"
    log.write_text("\n".join([SUGGESTED.format(column), *rows]) + "\n", "utf-8")
    text = closeloop.json("mapping", "suggest", log)["mapping"]
    [line] = [line for line in text.splitlines() if line.startswith("at = ")]
    assert line.startswith(f'at = "{column}" # ? ')
    chosen = closeloop.json("mapping", "suggest", log, "--at", column)["mapping"]
    assert f'\nat = "{column}"\n' in chosen
    log.write_text("\n".join([SUGGESTED.format("baked"), *rows]) + "\n", "utf-8")
    assert "# ? the states get the last time of their row" in closeloop.json("mapping", "suggest", log)["mapping"]
