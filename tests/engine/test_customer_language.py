"""The language of a customer: stated by his contact, else told by his own words."""

from typing import Any

import pytest

from engine.customer_language import language_of
from engine.store import Store
from tests.case_actions import case_of, new_case, query_rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("签收时发现货物破损,外箱塌了一角。", "zh_CN"),
        ("簽收時發現貨物破損,外箱塌了一角。", "zh_TW"),
        ("My parcel arrived broken.", "en"),
        ("Parcel EX-5520417 破损了,请赔偿。", "zh_CN"),
        ("您好", None),
        ("0571-5550-1037", None),
        ("", None),
    ],
    ids=["simplified", "traditional", "english", "mixed", "both scripts alike", "number", "nothing"],
)
def test_the_words_tell_the_language(text: str, expected: str | None):
    assert language_of(text) == expected


def locale_of(store: Store, number: str) -> str | None:
    [party] = query_rows(store, "SELECT locale FROM party WHERE id = :id", id=case_of(store, number)["party_id"])
    return party["locale"]


def test_a_stated_language_overrules_the_words_and_a_guess_overrules_nothing(store: Store):
    wang: dict[str, Any] = {"email": "wang@example.com"}
    assert locale_of(store, new_case(store, text="您好", **wang)) is None
    assert locale_of(store, new_case(store, text="Where is it?", **wang)) == "en", "a guess fills what is unknown"
    assert locale_of(store, new_case(store, text="貨物破損。", **wang)) == "en", "but changes nothing"
    assert locale_of(store, new_case(store, text="Where is it?", language="zh_TW", **wang)) == "zh_TW"
    assert locale_of(store, new_case(store, text="Where is it?", **wang)) == "zh_TW"
