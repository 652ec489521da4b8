"""Workbooks with titles, merged cells, hidden sheets and numbers for dates are read, with a note where it matters."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from gateways.contacts import contacts
from tests.gateways.contact_files import HEADER, checked, mapping, refusals, row

CASES = Path(__file__).parents[3] / "shared" / "cases"
NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
AT = "2026-03-02 09:00"


def book_of(*rows: list[Any]) -> Workbook:
    book = Workbook()
    for line in rows:
        book.worksheets[0].append(line)
    return book


def saved(folder: Path, book: Workbook) -> Path:
    path = folder / "contacts.xlsx"
    book.save(path)
    return path


def notes(path: Path, **source: object) -> list[tuple[str, int | None, str | None]]:
    return [(n.code.removeprefix("file_note."), n.row, n.column) for n in checked(path, **source).notes]


def customers(path: Path) -> list[str | None]:
    return [contact.customer for contact in contacts(path, mapping())]


def test_title_rows_are_left_out(tmp_path: Path):
    book = book_of(["2026年3月投诉登记表"], ["填报单位：上海分公司"], HEADER, row(at=AT), ["合计", None, None, 1])
    book.worksheets[0].merge_cells("A1:G1")
    path = saved(tmp_path, book)
    assert [contact.at for contact in contacts(path, mapping())] == [NINE]
    assert notes(path) == [("rows_above_header", 3, None), ("totals_row", 5, None)]


def test_a_merged_cell_gives_its_value_to_each_row_with_a_note(tmp_path: Path):
    book = book_of(HEADER, *(row(str(n), AT, "破损", "王女士" if n == 1 else None, "13800138000") for n in (1, 2, 3)))
    book.worksheets[0].merge_cells("D2:D4")
    path = saved(tmp_path, book)
    assert customers(path) == ["王女士"] * 3
    assert notes(path) == [("merged_cell", 3, "客户"), ("merged_cell", 4, "客户")]


def test_two_areas_and_a_block_are_filled_in_their_first_column(tmp_path: Path):
    book = book_of(HEADER, *(row(str(n), AT, "破损", name) for n, name in enumerate(["王", None, "李", None], 1)))
    sheet = book.worksheets[0]
    sheet.merge_cells("D2:E3")
    sheet.merge_cells("D4:D5")
    path = saved(tmp_path, book)
    assert customers(path) == ["王", "王", "李", "李"]
    assert [contact.phone for contact in contacts(path, mapping())] == [None] * 4
    assert notes(path) == [("merged_across", 2, "客户"), ("merged_cell", 3, "客户"), ("merged_cell", 5, "客户")]


def test_a_header_of_two_rows_with_merged_cells_is_one_header(tmp_path: Path):
    book = book_of([*HEADER[:3], "联系人", None, *HEADER[5:]], [None, None, None, *HEADER[3:5], None, None], row(at=AT))
    for area in ("A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:F2", "G1:G2"):
        book.worksheets[0].merge_cells(area)
    path = saved(tmp_path, book)
    assert len(list(contacts(path, mapping()))) == 1
    assert notes(path) == [("rows_above_header", 2, None)]


def test_a_merged_id_is_the_same_id_twice_and_said_so(tmp_path: Path):
    book = book_of(HEADER, row("1", AT, "破损"), row(None, AT, "少件"))
    book.worksheets[0].merge_cells("A2:A3")
    assert refusals(saved(tmp_path, book)) == [(3, "编号", "same_id_other_content")]


def test_an_empty_cell_that_is_not_merged_stays_empty(tmp_path: Path):
    path = saved(tmp_path, book_of(HEADER, row("1", AT, "破损", "王女士"), row("2", AT, "少件")))
    assert (customers(path), notes(path)) == (["王女士", None], [])


def test_hidden_sheets_are_named_and_the_first_shown_one_is_read(tmp_path: Path):
    book = book_of(["old"], ["x"])
    book.worksheets[0].title = "旧数据"
    book.worksheets[0].sheet_state = "hidden"
    shown = book.create_sheet("三月")
    for line in (HEADER, row(at=AT)):
        shown.append(line)
    book.create_sheet("字典").sheet_state = "veryHidden"
    book.create_sheet("说明")
    book.active = 1
    path = saved(tmp_path, book)
    assert len(list(contacts(path, mapping()))) == 1
    hidden, others = checked(path).notes
    assert hidden.params == {"count": 2, "sheets": "旧数据, 字典"}
    assert others.params == {"sheet": "三月", "sheets": "说明"}
    assert notes(path, sheet="旧数据")[0] == ("hidden_sheet_read", None, None)


def test_hidden_rows_are_read_and_noted(tmp_path: Path):
    book = book_of(HEADER, row("1", AT), row("2", AT))
    book.worksheets[0].row_dimensions[3].hidden = True
    path = saved(tmp_path, book)
    assert len(list(contacts(path, mapping()))) == 2
    assert notes(path) == [("hidden_row", 3, None)]


@pytest.mark.parametrize("days", [46083, 46083.375, 46083.0006944444, 25569, 73050])
def test_a_number_in_a_column_of_times_is_a_date_of_the_workbook(tmp_path: Path, days: float):
    path = saved(tmp_path, book_of(HEADER, row(at=days)))
    (contact,) = contacts(path, mapping())
    expected = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=days, hours=-8)
    assert abs(contact.at - expected) < timedelta(milliseconds=1)
    assert notes(path) == [("serial_date", 2, "时间")]


def test_a_workbook_that_counts_from_1904_keeps_its_dates(tmp_path: Path):
    book = book_of(HEADER, row("1", 46083.375 - 1462), row("2", datetime(2026, 3, 2, 9)))  # noqa: DTZ001
    book.epoch = CALENDAR_MAC_1904
    path = saved(tmp_path, book)
    assert [contact.at for contact in contacts(path, mapping())] == [NINE, NINE]


@pytest.mark.parametrize("number", [1, 12.5, 25568, 73416, 2958465])
def test_a_number_that_is_no_likely_date_is_refused(tmp_path: Path, number: float):
    assert refusals(saved(tmp_path, book_of(HEADER, row(at=number)))) == [(2, "时间", "implausible_serial")]


@pytest.mark.parametrize("error", ["#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?"])
def test_an_error_of_the_spreadsheet_is_refused(tmp_path: Path, error: str):
    assert refusals(saved(tmp_path, book_of(HEADER, row(text=error, at=AT)))) == [(2, "内容", "error_cell")]


@pytest.mark.parametrize("formula", ["=A1", "=SUM(A1:A9)", "=VLOOKUP(A2,Z:Z,1,0)"])
def test_a_formula_without_a_value_is_refused_in_a_merged_area_too(tmp_path: Path, formula: str):
    book = book_of(HEADER, row("1", AT, "破损", formula), row("2", AT, "破损"))
    book.worksheets[0].merge_cells("D2:D3")
    assert refusals(saved(tmp_path, book)) == [(row, "客户", "formula_without_value") for row in (2, 3)]


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize("file", ["title.xlsx", "merged.xlsx"])
def test_the_shared_cases_are_read(file: str):
    columns = {"row_id": "单号", "at": "时间", "text": "内容", "customer": "客户", "phone": "电话"}
    by = type(mapping()).model_validate({"source": mapping().source.model_dump(), "contact": columns})
    assert [contact.customer for contact in contacts(CASES / file, by)] == ["王女士", "王女士"]
