"""Duty rosters from tables and calendars: read as a whole, or refused with the place and reason of every fault."""

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from gateways.duty_calendars import OfPost, calendar_shifts
from gateways.duty_tables import KnownPosts, clock_in, days_in, table_shifts
from gateways.problems import Unreadable, ignore
from models.shifts import WEEKDAYS, DatedShift, WeeklyShift

pytestmark = pytest.mark.requirement("B11")

KNOWN = KnownPosts({"claims": "claims", "理赔部": "claims"}, frozenset({"sue", "mei"}), 3)
POST = OfPost("claims", 1, ZoneInfo("Asia/Shanghai"))
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
NIGHT = ("DTSTART;TZID=Asia/Shanghai:20260302T200000", "DTEND;TZID=Asia/Shanghai:20260303T080000", "SUMMARY:sue")


def calendar(folder: Path, *events: tuple[str, ...]) -> Path:
    path = folder / "duty.ics"
    lines = [
        line for number, event in enumerate(events) for line in ("BEGIN:VEVENT", f"UID:{number}", *event, "END:VEVENT")
    ]
    path.write_text("\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", "")), "utf-8")
    return path


def shifts(path: Path) -> list[DatedShift]:
    return [shift for shift in calendar_shifts(path, POST, KNOWN, NOW).shifts if isinstance(shift, DatedShift)]


def faults(path: Path) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Unreadable) as refused:
        calendar_shifts(path, POST, KNOWN, NOW)
    return [(each.row, each.column, each.code.removeprefix("bad_file.")) for each in refused.value.problems]


def test_a_workbook_with_times_and_names_is_read(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["department", "level", "days", "from", "to", "person"])
    sheet.append(["理赔部", 1, "周一至周五", time(20), "8:00", "sue"])
    sheet.append([None, 2, "周六、周日，节假日", "00:00", "24:00", "mei"])
    book.save(tmp_path / "duty.xlsx")
    assert table_shifts(tmp_path / "duty.xlsx", KNOWN, None, ignore).shifts == [
        WeeklyShift("claims", 1, frozenset(WEEKDAYS[:5]), time(20), time(8), "sue"),
        WeeklyShift("", 2, frozenset({"sat", "sun", "holiday"}), time(0), time(0), "mei"),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", "mon tue wed thu fri"), ("Fri - Mon", "fri sat sun mon"), ("每天", "mon tue wed thu fri sat sun"),
        ("週六 星期日", "sat sun"), ("holiday", "holiday"), ("Monday;wed", "mon wed"),
    ],
)  # fmt: skip
def test_days_as_people_write_them(text: str, days: str):
    assert days_in(text) == frozenset(days.split())


@pytest.mark.parametrize("text", ["", "sometimes", "mon-", "mon-tue-wed", "mon-holiday", "1-5"])
def test_what_names_no_days_is_refused(text: str):
    assert days_in(text) is None


@pytest.mark.parametrize("text", ["", "25:00", "24:30", "8", "08:60", "8 Uhr"])
def test_what_is_no_time_of_day_is_refused(text: str):
    assert clock_in(text) is None


def test_events_that_come_again_and_exceptions_are_shifts(tmp_path: Path):
    path = calendar(tmp_path, (*NIGHT, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Asia/Shanghai:20260303T200000"))
    assert [f"{shift.starts_at:%d %H:%M}" for shift in shifts(path)] == ["02 12:00", "04 12:00"]


def test_an_event_of_whole_days_and_of_two_people(tmp_path: Path):
    path = calendar(tmp_path, ("DTSTART;VALUE=DATE:20260307", "DTEND;VALUE=DATE:20260309", "SUMMARY:sue\\, mei"))
    assert [(shift.person, f"{shift.starts_at:%d %H:%M}") for shift in shifts(path)] == [
        ("mei", "06 16:00"),
        ("sue", "06 16:00"),
    ]


def test_every_fault_of_a_calendar_is_named(tmp_path: Path):
    path = calendar(
        tmp_path,
        (*NIGHT[:2], "SUMMARY:bob"),
        ("SUMMARY:sue",),
        (*NIGHT, "RRULE:FREQ=SECONDLY"),
        (*NIGHT, "RRULE:FREQ=DAILY;BYMINUTE=1,2,3"),
        (*NIGHT, "RRULE:FREQ=WEEKLY;BYDAY=XX"),
    )
    assert faults(path) == [
        (1, "SUMMARY", "unknown_person"), (2, "DTSTART", "no_start"), (3, "RRULE", "too_often"),
        (4, "RRULE", "too_often"), (5, "RRULE", "broken_event"),
    ]  # fmt: skip


def test_a_shift_that_ends_before_it_begins_or_lasts_for_months_is_refused(tmp_path: Path):
    assert faults(calendar(tmp_path, (NIGHT[0], "DTEND:20260602T000000Z", "SUMMARY:sue"))) == [
        (None, "DTSTART", "bad_length")
    ]


def test_what_is_no_calendar_is_refused(tmp_path: Path):
    path = tmp_path / "duty.ics"
    assert faults(path) == [(None, None, "missing_file")]
    path.write_bytes(b"\xff\xfe no calendar")
    assert faults(path) == [(None, None, "no_calendar")]
