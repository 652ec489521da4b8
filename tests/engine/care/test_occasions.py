"""Which greetings a customer is due: by the day in his own zone, on holidays and on his birthday."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from engine.care.occasions import due_greetings, is_birthday, next_hours, zone_of
from engine.rules.care_section import Care

pytestmark = pytest.mark.requirement("D3")

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
TEXTS = dict.fromkeys(("zh_CN", "zh_TW", "en"), "Good wishes.")
FESTIVAL = {"days": [date(2026, 6, 19)], "name": TEXTS, "words": TEXTS}
CARE = Care.model_validate({"birthdays": True, "occasions": {"dragon_boat": FESTIVAL}, "source": "ours: a test"})


def due(now: str, birthday: str | None = None, zone: ZoneInfo = SHANGHAI) -> list[str]:
    return [each.occasion for each in due_greetings(CARE, birthday, datetime.fromisoformat(now), zone)]


def test_a_holiday_is_queued_for_its_day_in_the_customers_zone():
    assert due("2026-06-19T09:00+08:00") == ["dragon_boat:2026"]
    assert due("2026-06-18T06:50+08:00", zone=BERLIN) == [], "there it begins in more than a day"
    assert due("2026-06-20T01:00+08:00", zone=BERLIN) == ["dragon_boat:2026"]


def test_a_birthday_is_greeted_every_year_on_its_day():
    assert due("2026-05-31T09:10+08:00", "05-31") == ["birthday:2026"]
    assert due("2027-05-31T09:10+08:00", "05-31") == ["birthday:2027"]
    assert due("2026-05-29T09:10+08:00", "05-31") == []


@pytest.mark.parametrize(("day", "occasions"), [
    ("2027-02-28", ["birthday:2027"]), ("2027-03-01", []), ("2028-02-28", []), ("2028-02-29", ["birthday:2028"]),
])  # fmt: skip
def test_who_was_born_on_a_leap_day_is_greeted_each_year(day: str, occasions: list[str]):
    assert due(f"{day}T07:00+08:00", "02-29") == occasions


def test_nothing_is_due_after_the_hours_of_the_day():
    assert due("2026-06-19T19:59+08:00") == ["dragon_boat:2026"]
    assert due("2026-06-19T20:00+08:00") == []


def test_a_pack_without_birthdays_greets_nobody_on_his():
    care = CARE.model_copy(update={"birthdays": False})
    assert not list(due_greetings(care, "05-31", datetime.fromisoformat("2026-05-31T09:00+08:00"), SHANGHAI))


@pytest.mark.parametrize(("now", "later"), [
    ("08:59", "2026-06-19T09:00+08:00"), ("09:00", None), ("19:59", None), ("20:00", "2026-06-20T09:00+08:00"),
])  # fmt: skip
def test_nobody_is_greeted_outside_the_hours(now: str, later: str | None):
    found = next_hours(CARE, datetime.fromisoformat(f"2026-06-19T{now}+08:00"), SHANGHAI)
    assert found == (None if later is None else datetime.fromisoformat(later))


def test_hours_are_those_of_the_customers_zone():
    now = datetime.fromisoformat("2026-06-19T09:00+08:00")
    assert next_hours(CARE, now, BERLIN) == datetime.fromisoformat("2026-06-19T15:00+08:00")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Shanghai", "Europe/Berlin", "Pacific/Pago_Pago"])
def test_daily_runs_leave_no_zone_out(zone: str):
    runs = [datetime.fromisoformat(f"2026-06-{day}T06:50+08:00") for day in range(17, 22)]
    found = {each for run in runs for each in due_greetings(CARE, None, run, ZoneInfo(zone))}
    assert [(each.occasion, each.begins_at.isoformat()[:16]) for each in found] == [
        ("dragon_boat:2026", "2026-06-19T09:00")
    ]


@pytest.mark.parametrize(("phone", "zone"), [
    ("+4930123456", "Europe/Berlin"), ("13800138000", "Asia/Shanghai"), ("+12125550123", "America/New_York"),
    (None, "Asia/Shanghai"), ("no number", "Asia/Shanghai"), ("+800 1234 5678", "Asia/Shanghai"),
])  # fmt: skip
def test_the_zone_is_that_of_the_telephone_number_where_it_has_one_only(phone: str | None, zone: str):
    assert zone_of(phone, "CN", "Asia/Shanghai").key == zone


def test_a_birthday_is_a_month_and_a_day():
    assert [text for text in ("05-31", "02-29", "12-01") if is_birthday(text)] == ["05-31", "02-29", "12-01"]
    assert not any(map(is_birthday, ("02-30", "5-31", "05/31", "", "2000-05-31", "13-01", "05-31 ")))


def faults(**changes: object) -> Iterable[str]:
    with pytest.raises(ValidationError) as refused:
        Care.model_validate({"source": "ours: a test", **changes})
    return [fault["type"] for fault in refused.value.errors()]


def test_a_section_without_an_hour_or_with_a_text_missing_is_refused():
    assert faults(from_hour=20, until_hour=9) == ["pack.care_hours"]
    assert faults(occasions={"birthday": FESTIVAL}) == ["pack.care_birthday"]
    assert faults(occasions={"dragon_boat": FESTIVAL | {"words": {"en": "Wishes."}}}) == ["pack.care_language"]
