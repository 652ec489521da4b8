"""The page on tampering lists what is not covered as the code does."""

from engine.audit.uncovered import listed
from tests.docs.pages import ROOT


def test_the_page_lists_what_is_not_covered_and_only_that():
    page = (ROOT / "docs" / "tampering.md").read_text("utf-8")
    _, _, table = page.partition("| table | columns | whole rows | why |\n| --- | --- | --- | --- |\n")
    assert table.partition("\n\n")[0] == listed()
