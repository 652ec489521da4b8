"""Times as people write them have one reading, or are refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateways.cells import instant_in
from gateways.contact_mapping import TableSource
from gateways.problems import BadCell

SHANGHAI = timezone(timedelta(hours=8))
SOURCE = TableSource(name="desk", kind="complaint", pack="logistics", zone="Asia/Shanghai", formats=("%d/%m/%Y %H:%M",))


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026-03-01 24:00", (2026, 3, 2, 0, 0)),
        ("2026-03-01T24:00:00", (2026, 3, 2, 0, 0)),
        ("2026-03-01T24:00:00.000+08:00", (2026, 3, 2, 0, 0)),
        ("2026年3月1日 24:00", (2026, 3, 2, 0, 0)),
        ("2026年12月31日24时", (2027, 1, 1, 0, 0)),
        ("31/12/2026 24:00", (2027, 1, 1, 0, 0)),
        ("2028-02-28 24:00", (2028, 2, 29, 0, 0)),
        ("二〇二六年三月一日", (2026, 3, 1, 0, 0)),
        ("二零二六年十二月三十一日", (2026, 12, 31, 0, 0)),
        ("二○二六年十月二十日 下午三点半", (2026, 10, 20, 15, 30)),
        ("2026年3月1日 下午3:05", (2026, 3, 1, 15, 5)),
        ("2026/3/1 上午 3:05", (2026, 3, 1, 3, 5)),
        ("2026-03-01 上午12:05", (2026, 3, 1, 0, 5)),
        ("2026-03-01 下午12:05", (2026, 3, 1, 12, 5)),
        ("2026-03-01 下午15:05", (2026, 3, 1, 15, 5)),
        ("2026-03-01 中午1点", (2026, 3, 1, 13, 0)),
        ("2026年3月1日（星期日）晚上8:05", (2026, 3, 1, 20, 5)),
        ("2026/3/1 3:05 PM", (2026, 3, 1, 15, 5)),
        ("2026-03-01 12:05 a.m.", (2026, 3, 1, 0, 5)),
        ("２０２６年３月１日　１５：０５", (2026, 3, 1, 15, 5)),
        ("2026.3.1 9:05", (2026, 3, 1, 9, 5)),
        ("2026/3/1", (2026, 3, 1, 0, 0)),
        ("民國115年3月1日 下午3時5分", (2026, 3, 1, 15, 5)),
        ("2026年03月01日 08时05分09秒", (2026, 3, 1, 8, 5, 9)),
    ],
)
def test_a_time_is_read_as_it_is_meant(text: str, local: tuple[int, ...]):
    assert instant_in(text, SOURCE) == datetime(*local, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


def test_an_offset_is_kept():
    assert instant_in("2026/3/1 9:05 +01:00", SOURCE) == datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
    assert instant_in("2026-03-01T24:00:00Z", SOURCE) == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *["2026-03-01 24:30", "2026-03-01 24:00:01", "2026-03-01 25:00", "2026-02-30", "2026年2月30日"],
        *["2026年13月1日", "二〇二六年二月三十日", "2026-03-01 上午15:05", "2026-03-01 下午24:00"],
        *["2026-03-01 晚上12:00", "上午 2026-03-01", "02/03/2026", "3/2/26 9:05", "26年3月1日", "晚上8点", "昨天"],
        *["2026/3-1", "2026-03-01 09:00:60", "2026-03-01 9", "46083.375", "1772413200", "2026-03-01 上午3:05 PM"],
    ],
)
def test_a_time_that_is_impossible_or_has_two_readings_is_refused(text: str):
    with pytest.raises(BadCell) as caught:
        instant_in(text, SOURCE)
    assert caught.value.code == "bad_file.impossible_date"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u3000"])
def test_a_cell_without_anything_to_see_is_no_time(text: str):
    assert instant_in(text, SOURCE) is None
