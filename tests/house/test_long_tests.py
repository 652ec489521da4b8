"""House rule: docs/testing.md lists exactly the files with tests that only `make test-long` runs."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, Source, dotted, sources

ROW = re.compile(r"^\| \[`(tests/[\w/]+\.py)`\]\(\.\./\1\) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def long_files(over: tuple[Source, ...]) -> Iterator[str]:
    for source in over:
        named = {dotted(node, source.imported) for node in source.nodes if isinstance(node, ast.Attribute)}
        if "pytest.mark.long" in named and source.name != "conftest":
            yield source.path


def test_the_page_lists_every_file_with_long_tests_and_no_other():
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    assert sorted(ROW.findall(page)) == sorted(long_files(sources("tests")))


@pytest.mark.parametrize("text", ["@pytest.mark.long\ndef test_it(): ...", "pytestmark = [pytest.mark.long]"])
def test_a_mark_is_found_on_a_test_and_on_a_module(text: str):
    source = Source("tests/test_bad.py", f"import pytest\n{text}")
    assert list(long_files((source,))) == ["tests/test_bad.py"]
