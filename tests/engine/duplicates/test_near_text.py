"""Texts that say the same are near, however they are written; what says too little, or names another number, is not."""

import re

import pytest

from engine.duplicates.near_text import BITS, DEPTH, FEWEST, LANES, MOST_SIGNS, comparable_text, lanes, likeness
from tests.case_actions import SECRET

TEXT = "我三月二日从杭州寄往乌鲁木齐的冷链生鲜，三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，请尽快理赔。"
TOLD_AGAIN = {
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


def near(one: str, other: str) -> float:
    return likeness(comparable_text(one), comparable_text(other))


def numbers(text: str) -> set[tuple[int, int]]:
    found = lanes(SECRET.encode(), comparable_text(text))
    assert found is not None
    return {(lane, number) for lane, kept in enumerate(found) for number in kept}


@pytest.mark.parametrize("how", TOLD_AGAIN)
def test_the_same_told_again_is_near_and_shares_numbers(how: str):
    assert near(TEXT, TOLD_AGAIN[how]) > 0.85
    assert numbers(TEXT) & numbers(TOLD_AGAIN[how])


def test_case_width_and_spacing_change_nothing():
    wide = ENGLISH.upper().translate({code: code + 0xFEE0 for code in range(ord("A"), ord("Z") + 1)})
    assert near(ENGLISH, wide.replace(" ", "   ")) == 1.0


def test_what_somebody_else_says_is_not_near():
    other = "上周在你们网点寄的文件到现在没有任何物流信息，客服电话打了十几次都没有人接听，究竟丢在哪里了？"
    assert near(TEXT, other) < 0.1
    assert not numbers(TEXT) & numbers(other)


def test_of_a_long_text_the_cut_off_one_is_all():
    assert near(TEXT, TEXT[: len(TEXT) // 2] + "。") == 1.0


def test_few_words_are_near_to_nothing():
    few = "签收时发现货物破损，外箱塌了一角。"
    assert len(comparable_text(few).shingles) < FEWEST
    assert (near(few, few), lanes(b"secret", comparable_text(few))) == (0.0, None)


def test_a_form_letter_about_another_waybill_is_not_near():
    letter = f"{TEXT}运单号 {{}}，电话 {{}}"
    assert near(letter.format("SF1234567890123", "13800000000"), letter.format("SF9876543210987", "13911111111")) == 0.0
    assert near(letter.format("SF1234567890123", "13800000000"), letter.format("SF9876543210987", "13800000000")) > 0.8
    assert near(letter.format("SF1234567890123", ""), TEXT) == 1.0


def test_a_date_or_a_sum_is_no_waybill():
    assert near(f"{TEXT}2026年03月02日，20260302，赔偿10000元", f"{TEXT}2026年03月05日，20260305，赔偿20000元") > 0.8


def test_the_numbers_say_nothing_without_the_secret():
    assert lanes(b"one", comparable_text(TEXT)) == lanes(b"one", comparable_text(TEXT))
    one, other = (lanes(secret, comparable_text(TEXT)) for secret in (b"one", b"other"))
    assert one is not None
    assert other is not None
    assert not {number for lane in one for number in lane} & {number for lane in other for number in lane}


def test_a_long_text_costs_no_more_than_its_beginning():
    sheet = "".join(chr(0x4E00 + at) for at in range(MOST_SIGNS))
    assert comparable_text(f"{sheet}{TEXT}") == comparable_text(sheet)
    found = lanes(b"secret", comparable_text(sheet))
    assert found is not None
    assert [len(lane) for lane in found] == [DEPTH] * LANES
    assert all(0 <= number < 1 << BITS for lane in found for number in lane)
