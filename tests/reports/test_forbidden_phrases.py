"""Expressions that are not to be used towards customers are found in every language, and nothing else is."""

import pytest

from locales.forbidden_phrases import forbidden_phrases, marked_parts
from locales.translation import catalogue, locales


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("这不归我管。", ["不归我管"]),
        ("這不歸我管，等著吧。", ["不歸我管", "等著吧"]),
        ("That is NOT MY\njob.", ["NOT MY\njob"]),
        ("We found it impossible.", ["impossible"]),
        ("Imagine: it is im-possible", []),
        ("我们将在约定时间前答复您。", []),
        ("", []),
    ],
)
def test_expressions_are_found_in_any_case_and_language(text: str, phrases: list[str]):
    assert [each.phrase for each in forbidden_phrases(text)] == phrases
    assert "".join(part for part, _ in marked_parts(text)) == text


def test_each_expression_comes_with_what_to_write_instead_which_is_none_itself():
    for locale in locales():
        for key, text in catalogue(locale).items():
            if key.startswith("forbidden_phrase.") and key.endswith(".instead"):
                assert text
                assert forbidden_phrases(text) == []
