"""The commands of the duty roster: a table or a calendar is recorded once and shown; swaps; gaps."""

from pathlib import Path
from typing import Any

import pytest

from tests.apps.conftest import Closeloop

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.usefixtures("simulated")]

HEADER = "department,level,days,from,to,person\n"
NIGHTS = ("claims,1,每天,20:00,08:00,sue", "claims,1,daily,08:00,20:00,-", ",2,mon-sun,00:00,24:00,mei")


def table(folder: Path, *lines: str) -> Path:
    path = folder / "duty.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def people(found: dict[str, Any]) -> dict[tuple[str | None, int], list[str]]:
    return {(turn["department"], turn["level"]): turn["people"] for turn in found["now"]}


def test_a_roster_is_recorded_once_and_shown(closeloop: Closeloop, tmp_path: Path):
    path = table(tmp_path, *NIGHTS)
    first = closeloop.json("duty", "import", path, "--as", "sue")
    again = closeloop.json("duty", "import", path, "--as", "sue")
    assert (first["new"], again["new"], again["number"], first["valid_from"]) == (True, False, 1, "2026-03-02")
    night = closeloop.json("duty", "show", "--at", "2026-03-03T02:10:00+08:00")
    assert people(night) == {("claims", 1): ["sue"], (None, 2): ["mei"]}
    noon = closeloop.json("duty", "show", "--at", "2026-03-03T12:00:00+08:00")
    assert [turn["needed"] for turn in noon["now"]] == [True, False]
    assert closeloop.json("duty", "gaps")["gaps"] == []


def test_a_swap_is_shown_and_needs_somebody_who_is_on_duty(closeloop: Closeloop, tmp_path: Path):
    closeloop("duty", "import", table(tmp_path, *NIGHTS), "--as", "sue")
    night = ("--from", "2026-03-02T20:00:00+08:00", "--until", "2026-03-03T08:00:00+08:00", "--department", "claims")
    given = (*night, "--reason", "a wedding", "--as", "sue")
    assert closeloop.json("duty", "swap", "sue", "han", *given)["new"] is True
    assert closeloop.json("duty", "swap", "sue", "han", *given)["new"] is False
    found = closeloop.json("duty", "show", "--at", "2026-03-03T02:10:00+08:00")
    assert people(found)["claims", 1] == ["han"]
    assert closeloop.refused("duty", "swap", "gao", "han", *given)["code"] == "not_on_duty"
    past = ("--from", "2026-03-01T20:00:00+08:00", *night[2:], "--reason", "too late", "--as", "sue")
    assert closeloop.refused("duty", "swap", "sue", "han", *past)["code"] == "duty_in_the_past"


def test_every_fault_of_a_table_is_named_and_nothing_is_recorded(closeloop: Closeloop, tmp_path: Path):
    path = table(tmp_path, "klaims,1,daily,20:00,08:00,sue", "claims,7,sometimes,25:00,08:00,nobody", NIGHTS[0])
    refused = closeloop.refused("duty", "import", path, "--as", "sue")
    assert (refused["code"], refused["params"]["count"]) == ("bad_roster", 5)
    assert closeloop.json("duty", "show")["turns"] == []


def test_whoever_keeps_no_roster_is_refused(closeloop: Closeloop, tmp_path: Path):
    assert closeloop.refused("duty", "import", table(tmp_path, *NIGHTS), "--as", "han")["code"] == "not_in_charge"


def test_a_day_without_anybody_is_a_gap(closeloop: Closeloop, tmp_path: Path):
    closeloop("duty", "import", table(tmp_path, "claims,1,mon-fri,00:00,00:00,sue"), "--as", "sue")
    [gap] = closeloop.json("duty", "gaps", "--days", "7")["gaps"]
    assert (gap["starts_at"], gap["ends_at"]) == ("2026-03-06T16:00:00+00:00", "2026-03-08T16:00:00+00:00")


def test_whoever_is_away_leaves_a_gap_unless_a_deputy_stands_in(closeloop: Closeloop, tmp_path: Path):
    closeloop("duty", "import", table(tmp_path, "claims,1,daily,00:00,00:00,sue"), "--as", "sue")
    absence = ("--absent-from", "2026-03-02T09:00:00+08:00", "--absent-until", "2026-03-04T00:00:00+08:00")
    closeloop("actor", "add", "ada", "--role", "administrator")
    closeloop("actor", "set", "sue", *absence, "--as", "ada")
    [gap] = closeloop.json("duty", "gaps")["gaps"]
    assert (gap["named"], gap["people"], gap["ends_at"]) == (["sue"], [], "2026-03-03T16:00:00+00:00")
    closeloop("actor", "add", "ann", "--role", "team_supervisor", "--department", "claims", "--as", "ada")
    closeloop("actor", "set", "sue", "--deputy", "ann", "--as", "ada")
    assert closeloop.json("duty", "gaps")["gaps"] == []
    assert people(closeloop.json("duty", "show")) == {("claims", 1): ["ann"]}


def test_the_events_of_a_calendar_are_shifts(closeloop: Closeloop, tmp_path: Path):
    path = tmp_path / "duty.ics"
    event = [
        "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260301T000000Z", "DTSTART;TZID=Asia/Shanghai:20260302T200000",
        "DTEND;TZID=Asia/Shanghai:20260303T080000", "RRULE:FREQ=DAILY", "SUMMARY:sue", "END:VEVENT",
    ]  # fmt: skip
    path.write_text("\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""]))
    recorded = closeloop.json("duty", "import", path, "--department", "claims", "--as", "sue")
    assert (recorded["shifts"], recorded["until"]) == (400, "2027-04-06T01:00:00+00:00")
    assert people(closeloop.json("duty", "show", "--at", "2026-03-03T02:10:00+08:00")) == {("claims", 1): ["sue"]}
    assert people(closeloop.json("duty", "show", "--at", "2026-03-03T08:00:00+08:00")) == {("claims", 1): []}
