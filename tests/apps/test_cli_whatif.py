"""``closeloop whatif``: what another pack or calendar would have done, in words and figures; nothing is written."""

import csv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from engine.rules.policy import POLICIES
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, START, make_move, new_case, query_rows

pytestmark = [pytest.mark.requirement("F4"), pytest.mark.requirement("K2")]

TABLES = ("cases", "transition", "timer", "escalation_step", "edition", "outbox_event", "journal")


@pytest.fixture
def past(simulated: Store) -> Store:
    """Three complaints: answered after one hour and a half, after half an hour, and not yet."""
    for hours in (1.5, 0.5):
        make_move(simulated, new_case(simulated), "reply", after=hours * HOUR)
    new_case(simulated)
    return simulated


def pack_file(folder: Path, hours: int, name: str = "logistics", version: str = "next") -> Path:
    """Write the shipped pack with another limit of the first reply."""
    text = (POLICIES / f"{name}.toml").read_text("utf-8").replace('version = "2026-12"', f'version = "{version}"')
    text = text.replace("[clauses.first_reply]\namount = 2\n", f"[clauses.first_reply]\namount = {hours}\n")
    file = folder / f"{version}.toml"
    file.write_text(text, "utf-8")
    return file


def rows_of(store: Store) -> list[int]:
    return [query_rows(store, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES]


def first_reply(document: dict[str, Any]) -> dict[str, int]:
    return document["clauses"]["first_reply"]


def test_promises_kept_under_two_hours_would_have_been_broken_under_one(
    closeloop: Closeloop, past: Store, tmp_path: Path
):
    closeloop.json("run-until", (START + 10 * HOUR).isoformat())
    before, file = rows_of(past), pack_file(tmp_path, 1)
    document = closeloop.json("whatif", file)
    figures = first_reply(document)
    assert {name: figures[name] for name in ("met_then", "breached_then", "met", "breached")} == {
        "met_then": 2, "breached_then": 1, "met": 1, "breached": 2,
    }  # fmt: skip
    assert (document["pack"], document["cases"], document["changed_cases"]) == ("logistics@next", 3, 1)
    [changed] = document["first"]
    assert (changed["then"], changed["now"], changed["why"]) == ("met", "breached", "limit")
    assert (changed["limit_then"]["amount"], changed["limit"]["amount"]) == (2, 1)
    shown = closeloop("whatif", file).output
    assert "First reply: 2 of 3 would have been late instead of 1." in shown
    assert "Whoever had been reminded earlier might have acted earlier." in shown
    assert rows_of(past) == before


def test_the_load_on_each_level_is_counted_by_week_and_department(closeloop: Closeloop, past: Store, tmp_path: Path):
    closeloop.json("run-until", (START + 3 * HOUR).isoformat())
    document = closeloop.json("whatif", pack_file(tmp_path, 1))
    levels = {each["level"]: (each["steps_then"], each["steps"]) for each in document["levels"]}
    assert levels == {0: (1, 2), 1: (1, 2), 2: (1, 1), 3: (0, 1)}
    assert {each["week"] for each in document["weeks"]} == {"2026-03-02"}
    assert sum(each["steps"] for each in document["weeks"]) == 6


def test_several_packs_stand_side_by_side(closeloop: Closeloop, past: Store, tmp_path: Path):
    files = [pack_file(tmp_path, hours, version=f"v{hours}") for hours in (1, 3)]
    documents = closeloop.json("whatif", *files)["packs"]
    assert [each["pack"] for each in documents] == ["logistics@v1", "logistics@v3"]
    shown = closeloop("whatif", *files).output
    assert "Kept · logistics@v1" in shown
    assert "Broken · logistics@v3" in shown


def test_a_calendar_in_force_or_a_changed_one_moves_the_limits(closeloop: Closeloop, past: Store, tmp_path: Path):
    closeloop.json("run-until", (START + 10 * HOUR).isoformat())
    nights = closeloop.json("whatif", "--calendar", "cn-office")
    assert (nights["pack"], nights["changed_clocks"]) == ("cn-office", 0)
    text = pack_file(tmp_path, 2).read_text("utf-8")
    in_office = text.replace('amount = 2\nunit = "hours"', 'amount = 2\nunit = "business_hours"', 1)
    pack, calendar = tmp_path / "office.toml", tmp_path / "calendars.toml"
    pack.write_text(in_office, "utf-8")
    shipped = (POLICIES / "calendars.toml").read_text("utf-8")
    half_hours = '[cn-hotline]\nweekdays = [0, 1, 2, 3, 4]\nhours = [["09:00", "09:30"]]'
    calendar.write_text(shipped.replace("[cn-hotline]", half_hours, 1), "utf-8")
    assert closeloop.json("whatif", pack)["changed_clocks"] == 0
    assert closeloop.json("whatif", pack, "--calendar", calendar)["changed_clocks"] == 1


def test_only_promises_begun_in_the_span_are_reckoned(closeloop: Closeloop, past: Store, tmp_path: Path):
    new_case(past, 5 * HOUR)
    closeloop.json("run-until", (START + 6 * HOUR).isoformat())
    since = (START + HOUR).isoformat()
    assert closeloop.json("whatif", "logistics", "--since", since)["cases"] == 3
    late, early = (
        sum(first_reply(closeloop.json("whatif", "logistics", option, since))[f"{end}_then"] for end in ENDS)
        for option in ("--since", "--until")
    )
    assert (late, early) == (1, 3)


ENDS = ("met", "breached", "open")


def test_all_changed_promises_are_written_to_a_file_and_that_is_recorded(
    closeloop: Closeloop, past: Store, tmp_path: Path
):
    closeloop.json("run-until", (START + 10 * HOUR).isoformat())
    file, table, book = pack_file(tmp_path, 1), tmp_path / "changed.csv", tmp_path / "changed.xlsx"
    closeloop.json("whatif", file, "--out", table, "--as", "amy")
    closeloop.json("whatif", file, "--out", book, "--as", "amy")
    [_, row] = list(csv.reader(table.read_text("utf-8-sig").splitlines()))
    assert row[:3] == [
        query_rows(past, "SELECT number FROM cases ORDER BY id")[0]["number"],
        "Complaint",
        "First reply",
    ]
    assert zipfile.is_zipfile(book)
    notes = query_rows(past, "SELECT note FROM run WHERE flow = 'export' ORDER BY began_at")
    assert len(notes) == 2
    assert all("amy" in str(each["note"]) for each in notes)


def test_what_cannot_be_compared_is_refused(closeloop: Closeloop, past: Store, tmp_path: Path):
    bad = tmp_path / "bad.toml"
    bad.write_text(pack_file(tmp_path, 1).read_text("utf-8").replace('unit = "hours"', 'unit = "moons"', 1), "utf-8")
    refused = closeloop.refused("whatif", bad)
    published = closeloop.refused("policy", "publish", bad, "--reason", "x", "--effective", "2027-01-01", "--as", "amy")
    assert (refused["code"], refused["params"]["faults"]) == ("bad_pack", published["params"]["faults"])
    assert closeloop.refused("whatif")["code"] == "no_other_rules"
    assert closeloop.refused("whatif", "nowhere")["code"] == "unknown_pack"
    assert closeloop.refused("whatif", "logistics", "--calendar", "nowhere")["code"] == "unknown_calendar"
    assert closeloop.refused("whatif", "logistics", "--kind", "nothing")["code"] == "unknown_kind"
    assert closeloop.refused("whatif", "logistics", "--out", "changed.pdf")["code"] == "whatif_format"
    assert closeloop.refused("whatif", *["logistics"] * 6)["code"] == "too_many_packs"
    span = ("--since", START.isoformat(), "--until", START.isoformat())
    assert closeloop.refused("whatif", "logistics", *span)["code"] == "since_after_until"
