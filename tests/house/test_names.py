"""StoreInfo rules: a file carries the domain's word, and opens with a sentence on its duty (STYLE 9, 11)."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.house.sources import ROOMS, Source, findings, hold, sources

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}


def empty_words(source: Source) -> Iterator[str]:
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part.removeprefix("test_").strip("_") in SAYS_NOTHING:
            yield source.at(source.tree, f"{part} names no duty; use the domain's word")


def silent(source: Source) -> Iterator[str]:
    is_empty_package = source.name == "__init__" and not source.tree.body
    if not is_empty_package and not (ast.get_docstring(source.tree) or "").strip():
        yield source.at(source.tree, "opens without a sentence on its duty")


def test_files_carry_the_domains_words():
    hold(empty_words, sources(*ROOMS, "tests"))


def test_modules_open_with_their_duty():
    hold(silent, sources(*ROOMS, "tests"))


@pytest.mark.parametrize(
    "bad", ["engine/utils.py", "flows/common/mail.py", "apps/_base.py", "tests/engine/test_helpers.py"]
)
def test_an_empty_word_is_caught(bad: str):
    assert findings(empty_words, [Source(bad, "")])


@pytest.mark.parametrize("good", ["engine/outbox.py", "models/database.py", "flows/reactions/__init__.py"])
def test_a_word_of_the_domain_is_free(good: str):
    assert findings(empty_words, [Source(good, "")]) == []


def test_a_silent_module_is_caught():
    assert findings(silent, [Source("engine/outbox.py", "")])
    assert findings(silent, [Source("engine/outbox.py", "import json\n'too late'")])
    assert findings(silent, [Source("engine/__init__.py", "from engine.advance import advance")])


def test_an_empty_package_or_a_told_duty_is_free():
    assert findings(silent, [Source("engine/__init__.py", "")]) == []
    assert findings(silent, [Source("engine/outbox.py", '"""What must be told."""')]) == []
