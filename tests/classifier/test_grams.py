"""A text is cut into n-grams alike, however it is written (A3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.grams import MOST, SUBJECT_COUNTS, grams, plain

pytestmark = pytest.mark.requirement("A3")


def test_chinese_is_cut_into_one_to_three_characters_and_never_across_a_comma():
    assert grams("货损,少") == ["货", "损", "货损", "少"]
    assert grams("包裹丢失")[-2:] == ["包裹丢", "裹丢失"]


def test_a_latin_word_knows_where_it_begins_and_ends():
    assert grams("Lost") == [" lo", "los", "ost", "st ", " los", "lost", "ost ", " lost", "lost "]


def test_traditional_and_simplified_are_one_text():
    assert grams("貨物損壞，運費另計") == grams("货物损坏，运费另计")


def test_wide_letters_and_capitals_say_the_same():
    assert grams("ＤＡＭＡＧＥＤ") == grams("damaged")


def test_a_number_is_only_a_number():
    assert plain("电话 13800138000 单号 SF99") == "电话 00000000000 单号 sf00"
    assert grams("运单１２３") == grams("运单987")


def test_a_subject_counts_more():
    assert grams("少", "货") == ["货"] * SUBJECT_COUNTS + ["少"]


def test_the_end_of_a_long_text_does_not_count():
    assert grams("货" * MOST + "损") == grams("货" * MOST)


@given(st.text())
def test_any_text_can_be_cut(text: str):
    assert all(gram for gram in grams(text, text))
