"""The manual of the console shows pictures that the tests of the pages take, in both languages."""

import re

import pytest

from tests.house.sources import ROOT

PAGES = {"docs/console.md": "en", "docs/console.zh-CN.md": "zh_CN"}


@pytest.mark.parametrize("page", PAGES)
def test_each_picture_of_the_manual_is_there(page: str):
    shown = re.findall(r"\]\((console/[^)]+)\)", (ROOT / page).read_text("utf-8"))
    assert len(shown) >= 14
    assert [name for name in shown if not (ROOT / "docs" / name).is_file()] == []
    assert {name.split(".")[1] for name in shown} == {PAGES[page]}


def test_each_picture_is_shown_in_both_languages():
    english, chinese = ((ROOT / page).read_text("utf-8") for page in PAGES)
    names = [re.findall(r"\(console/([\w-]+)\.", text) for text in (english, chinese)]
    assert names[0] == names[1]
