"""House rule: docs/testing.md lists the files with tests, or with Postgres runs, that only `make test-long` has."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, Source, dotted, sources

ROW = re.compile(r"^\| \[`(tests/[\w/]+\.py)`\]\(\.\./\1\) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def marked_files(mark: str, over: tuple[Source, ...]) -> Iterator[str]:
    for source in over:
        named = {dotted(node, source.imported) for node in source.nodes if isinstance(node, ast.Attribute)}
        if f"pytest.mark.{mark}" in named:
            yield source.path


def long_files(over: tuple[Source, ...]) -> Iterator[str]:
    yield from (path for path in marked_files("long", over) if not path.endswith("/conftest.py"))


def test_the_page_lists_every_file_with_long_tests_and_no_other():
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    assert sorted(ROW.findall(page)) == sorted(long_files(sources("tests")))


def test_the_page_names_every_file_whose_postgres_runs_are_long():
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    marked = list(marked_files("any_database", sources("tests")))
    assert "tests/stories/conftest.py" in marked
    assert [path for path in marked if path.rpartition("/")[2] not in page] == []


@pytest.mark.parametrize("text", ["@pytest.mark.long\ndef test_it(): ...", "pytestmark = [pytest.mark.long]"])
def test_a_mark_is_found_on_a_test_and_on_a_module(text: str):
    source = Source("tests/test_bad.py", f"import pytest\n{text}")
    assert list(long_files((source,))) == ["tests/test_bad.py"]
