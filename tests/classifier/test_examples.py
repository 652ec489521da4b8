"""A text is cut into the same n-grams, however it is written (A3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.examples import MAX_CHARACTERS, SUBJECT_WEIGHT, ngrams, normalised

pytestmark = pytest.mark.requirement("A3")


def test_chinese_is_cut_into_one_to_three_characters_and_never_across_a_comma():
    assert ngrams("货损,少") == ["货", "损", "货损", "少"]
    assert ngrams("包裹丢失")[-2:] == ["包裹丢", "裹丢失"]


def test_the_n_grams_of_a_latin_word_mark_its_beginning_and_end():
    assert ngrams("Lost") == [" lo", "los", "ost", "st ", " los", "lost", "ost ", " lost", "lost "]


def test_traditional_and_simplified_are_one_text():
    assert ngrams("貨物損壞，運費另計") == ngrams("货物损坏，运费另计")


def test_wide_letters_and_capitals_are_the_same_text():
    assert ngrams("ＤＡＭＡＧＥＤ") == ngrams("damaged")


def test_all_digits_are_alike():
    assert normalised("电话 13800138000 单号 SF99") == "电话 00000000000 单号 sf00"
    assert ngrams("运单１２３") == ngrams("运单987")


def test_a_subject_counts_more():
    assert ngrams("少", "货") == ["货"] * SUBJECT_WEIGHT + ["少"]


def test_the_end_of_a_long_text_is_ignored():
    assert ngrams("货" * MAX_CHARACTERS + "损") == ngrams("货" * MAX_CHARACTERS)


@given(st.text())
def test_any_text_can_be_cut(text: str):
    assert all(gram for gram in ngrams(text, text))
