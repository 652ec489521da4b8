"""A table that a narrow screen shows as cards names the column at each cell; another table is scrolled."""

import re

import pytest

from apps.web.card_tables import with_column_names
from tests.house.sources import ROOT

pytestmark = [pytest.mark.requirement("H3"), pytest.mark.pure]

HEAD = '<thead><tr><th scope="col">Case</th><th class="number">Late <b>"now"</b></th><th></th></tr></thead>'
TEMPLATES = sorted((ROOT / "apps").glob("*/templates/*.html"))


def card(body: str, attributes: str = "") -> str:
    return f'<table class="cards"{attributes}>{HEAD}<tbody>{body}</tbody></table>'


def test_a_cell_carries_the_name_of_its_column_and_the_heading_of_the_row_none():
    page = with_column_names(card('<tr><th scope="row">cp-1</th><td class="number">3</td><td>x</td></tr>'))
    assert '<th scope="row">cp-1</th><td data-label="Late &#34;now&#34;" class="number">3</td><td>x</td>' in page


def test_a_first_cell_that_is_no_heading_carries_its_name():
    assert '<td data-label="Case">cp-1</td>' in with_column_names(card("<tr><td>cp-1</td><th>3</th></tr>"))


def test_each_row_and_each_table_is_counted_by_itself():
    rows = with_column_names(card("<tr><td>1</td><td>2</td></tr><tr><td>3</td></tr>") + card("<tr><td>4</td></tr>"))
    assert re.findall(r'data-label="Case">(\d)', rows) == ["1", "3", "4"]


@pytest.mark.parametrize(
    "page",
    [
        card('<tr><td colspan="3">Nothing.</td></tr>'),
        f"<table>{HEAD}<tbody><tr><td>1</td></tr></tbody></table>",
        '<table class="cards"><tbody><tr><td>1</td></tr></tbody></table>',
        "<p>cards</p>",
    ],
)
def test_what_is_no_cell_of_a_card_is_left_as_it_is(page: str):
    assert with_column_names(page) == page


def test_each_table_of_the_pages_is_cards_or_is_scrolled_by_keyboard():
    unread, seen = list[str](), 0
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        for found in re.finditer("<table[^>]*>", text):
            seen += 1
            around = text[: found.start()].rpartition("<div")[2]
            scrolled = around.startswith(' class="scroll') and 'tabindex="0"' in around and "</div>" not in around
            if 'class="cards' not in found.group() and not scrolled:
                unread.append(f"{path.name}: {found.group()}")
    assert seen > 40
    assert unread == []
