"""House rules: a file has a name of the domain, and opens with a sentence on its duty (STYLE 9, 11)."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.house.sources import ROOMS, Source, findings, hold, sources

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}


def empty_names(source: Source) -> Iterator[str]:
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part.removeprefix("test_").strip("_") in EMPTY_NAMES:
            yield source.at(source.tree, f"{part} names no duty; use the domain's word")


def without_docstring(source: Source) -> Iterator[str]:
    is_empty_package = source.name == "__init__" and not source.tree.body
    if not is_empty_package and not (ast.get_docstring(source.tree) or "").strip():
        yield source.at(source.tree, "opens without a sentence on its duty")


def test_files_have_names_of_the_domain():
    hold(empty_names, sources(*ROOMS, "tests"))


def test_modules_open_with_a_docstring():
    hold(without_docstring, sources(*ROOMS, "tests"))


@pytest.mark.parametrize(
    "bad", ["engine/utils.py", "flows/common/mail.py", "apps/_base.py", "tests/engine/test_helpers.py"]
)
def test_an_empty_name_is_caught(bad: str):
    assert findings(empty_names, [Source(bad, "")])


@pytest.mark.parametrize("good", ["engine/outbox.py", "models/database.py", "flows/reactions/__init__.py"])
def test_a_name_of_the_domain_is_allowed(good: str):
    assert findings(empty_names, [Source(good, "")]) == []


def test_a_module_without_a_docstring_is_caught():
    assert findings(without_docstring, [Source("engine/outbox.py", "")])
    assert findings(without_docstring, [Source("engine/outbox.py", "import json\n'too late'")])
    assert findings(without_docstring, [Source("engine/__init__.py", "from engine.advance import advance")])


def test_an_empty_package_or_a_docstring_is_allowed():
    assert findings(without_docstring, [Source("engine/__init__.py", "")]) == []
    assert findings(without_docstring, [Source("engine/outbox.py", '"""Writes outbox events."""')]) == []
