"""Tables on a terminal of 80 columns: text folds, and no number, instant, state or case number is cut."""

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from apps.fitted_table import FittedTable
from apps.page import Page
from locales.translation import locales
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, START

NUMBER, INSTANT, STATE = "cp-26-000001", "2026-03-02 09:00", "Classified · to be investigated"
WORDS = st.lists(
    st.sampled_from(["Delay", "general", "manager", "已分类·待调查", "2026-03-02", "3600", "–"]), max_size=12
)
CELL = WORDS.map(" ".join)


def rendered_lines(shown: RenderableType, width: int = 80) -> list[str]:
    """Render on a terminal of a width and return the lines."""
    file = io.StringIO()
    Console(file=file, width=width).print(shown)
    return file.getvalue().splitlines()


def characters(text: str) -> list[str]:
    """Return all characters except frames and blanks, sorted: a table must show them wherever it folds."""
    return sorted(re.sub(r"[\s\u2500-\u257f]", "", text))


def columns_of(lines: Sequence[str]) -> set[str]:
    """Return the pieces of text between frames and blanks."""
    return {word for line in lines for word in re.split(r"[\s\u2500-\u257f]+", line)}


@given(st.lists(st.lists(CELL, min_size=9, max_size=9), max_size=5))
def test_nothing_is_cut_whatever_the_cells(rows: list[list[str]]):
    headings = [f"column{n}" for n in range(9)]
    lines = rendered_lines(FittedTable("", headings, rows))
    assert characters("".join(lines)) == characters("".join(["".join(headings), *("".join(cells) for cells in rows)]))
    assert max(map(cell_len, lines)) <= 80
    assert columns_of(lines) >= {word for cells in rows for cell in cells for word in cell.split() if word[0] in "23"}


def test_rows_that_fit_take_one_line_each():
    lines = rendered_lines(FittedTable("", ["case", "opened"], [(NUMBER, INSTANT), (NUMBER, INSTANT)]))
    assert sum(f"│ {NUMBER} │ {INSTANT} │" in line for line in lines) == 2


def test_columns_that_have_no_room_stand_below_their_neighbours():
    rows = [(NUMBER, STATE, "General manager", "Operations", "Complaint", "Urgent", INSTANT, INSTANT, "3600 %")]
    lines = rendered_lines(FittedTable("", list("abcdefghi"), rows), 60)
    assert {NUMBER, "2026-03-02", "09:00", "3600", "investigated"} <= columns_of(lines)
    assert any("d" in line and "f" not in line for line in lines[1:3]), lines


def test_markup_in_a_cell_is_text():
    assert any(
        "[bold]x[/bold]" in line for line in rendered_lines(FittedTable("[red]", ["[b]"], [("[bold]x[/bold]",)]))
    )


def test_an_empty_table_shows_its_headings():
    assert columns_of(rendered_lines(FittedTable("", ["case", "opened"], []))) >= {"case", "opened"}


def test_a_table_of_a_page_is_fitted_too():
    heads = " | ".join(f"heading{n}" for n in range(8))
    page = f"| {heads} |\n|{' --- |' * 8}\n| {' | '.join([NUMBER, INSTANT] * 4)} |"
    lines = rendered_lines(Page(page))
    assert "…" not in "".join(lines)
    assert sum(line.count(NUMBER) for line in lines) == 4


@pytest.mark.parametrize("locale", locales())
def test_the_commands_cut_nothing_at_80_columns(closeloop: Closeloop, monkeypatch: pytest.MonkeyPatch, locale: str):
    monkeypatch.setenv("CLOSELOOP_LOCALE", locale)
    closeloop.json("init", "--simulated", "--at", START.isoformat())
    closeloop.json("actor", "add", "amy", "--role", "agent")
    for text in ("My parcel is late.", "The crate arrived broken, and nobody answers."):
        closeloop.json("case", "open", "--text", text, "--as", "amy")
    closeloop.json("run-until", (START + DAY).isoformat())
    monkeypatch.setenv("COLUMNS", "80")
    numbers = ("cp-26-000001", "cp-26-000002")
    for command in ("case list", "board", f"case show {NUMBER}", f"case clocks {NUMBER}", "report"):
        result = closeloop(*command.split())
        assert result.code == 0, result.err
        assert "…" not in result.out
        assert max(map(cell_len, result.out.splitlines())) <= 80
        if command == "case list":
            assert columns_of(result.out.splitlines()) >= {*numbers, START.date().isoformat()}
