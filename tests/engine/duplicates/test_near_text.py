"""Texts with the same content are near however they are written; short texts and other waybill numbers are not."""

import re

import pytest

from engine.duplicates.near_text import BITS, DEPTH, FEWEST, LANES, MOST_SIGNS, comparable_text, lanes, likeness
from tests.case_actions import SECRET

TEXT = "我三月二日从杭州寄往乌鲁木齐的冷链生鲜，三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，请尽快理赔。"
VARIANTS = {
    "with other punctuation": re.sub("[，。]", " ! ", TEXT),
    "in traditional characters": (
        "我三月二日從杭州寄往烏魯木齊的冷鏈生鮮，三月五日簽收時發現外箱已經塌陷，裡面的牛排全部解凍變質，請儘快理賠。"
    ),
    "with a greeting": f"您好，我昨天打过电话没有人接。{TEXT}谢谢！",
    "cut off": TEXT[:40],
}
ENGLISH = (
    "My parcel from Hangzhou arrived on Monday with its outer box crushed, and all twelve glasses in it were broken. "
    "I want the full declared value."
)
pytestmark = pytest.mark.requirement("A6")


def near(first: str, second: str) -> float:
    return likeness(comparable_text(first), comparable_text(second))


def numbers(text: str) -> set[tuple[int, int]]:
    """Return the fingerprint of a text as pairs of lane and number."""
    numbers_by_lane = lanes(SECRET.encode(), comparable_text(text))
    assert numbers_by_lane is not None
    return {(lane, number) for lane, lane_numbers in enumerate(numbers_by_lane) for number in lane_numbers}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_of_a_text_is_near_and_shares_numbers(variant: str):
    assert near(TEXT, VARIANTS[variant]) > 0.85
    assert numbers(TEXT) & numbers(VARIANTS[variant])


def test_case_width_and_spacing_change_nothing():
    wide = ENGLISH.upper().translate({code: code + 0xFEE0 for code in range(ord("A"), ord("Z") + 1)})
    assert near(ENGLISH, wide.replace(" ", "   ")) == 1.0


def test_a_text_about_something_else_is_not_near():
    other = "上周在你们网点寄的文件到现在没有任何物流信息，客服电话打了十几次都没有人接听，究竟丢在哪里了？"
    assert near(TEXT, other) < 0.1
    assert not numbers(TEXT) & numbers(other)


def test_the_first_half_of_a_text_is_near_to_the_whole():
    assert near(TEXT, TEXT[: len(TEXT) // 2] + "。") == 1.0


def test_a_short_text_is_near_to_nothing():
    short = "签收时发现货物破损，外箱塌了一角。"
    assert len(comparable_text(short).shingles) < FEWEST
    assert (near(short, short), lanes(b"secret", comparable_text(short))) == (0.0, None)


def test_the_same_letter_about_another_waybill_is_not_near():
    letter = f"{TEXT}运单号 {{}}，电话 {{}}"
    assert near(letter.format("SF1234567890123", "13800000000"), letter.format("SF9876543210987", "13911111111")) == 0.0
    assert near(letter.format("SF1234567890123", "13800000000"), letter.format("SF9876543210987", "13800000000")) > 0.8
    assert near(letter.format("SF1234567890123", ""), TEXT) == 1.0


def test_a_date_or_an_amount_does_not_count_as_a_waybill():
    assert near(f"{TEXT}2026年03月02日，20260302，赔偿10000元", f"{TEXT}2026年03月05日，20260305，赔偿20000元") > 0.8


def test_the_numbers_depend_on_the_secret():
    assert lanes(b"one", comparable_text(TEXT)) == lanes(b"one", comparable_text(TEXT))
    first, second = (lanes(secret, comparable_text(TEXT)) for secret in (b"one", b"other"))
    assert first is not None
    assert second is not None
    assert not {number for lane in first for number in lane} & {number for lane in second for number in lane}


def test_only_the_beginning_of_a_long_text_counts():
    beginning = "".join(chr(0x4E00 + at) for at in range(MOST_SIGNS))
    assert comparable_text(f"{beginning}{TEXT}") == comparable_text(beginning)
    numbers_by_lane = lanes(b"secret", comparable_text(beginning))
    assert numbers_by_lane is not None
    assert [len(lane) for lane in numbers_by_lane] == [DEPTH] * LANES
    assert all(0 <= number < 1 << BITS for lane in numbers_by_lane for number in lane)
