"""Chart sheets, macro sheets and damaged properties do not keep the rows of a workbook from being read."""

from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.workbook.defined_name import DefinedName

from gateways.contacts import check, contacts
from tests.gateways.contact_files import HEADER, checked, mapping, refusals, row
from tests.gateways.test_awkward_workbooks import AT, book_of, saved


def with_charts(book: Workbook, *titles: str, drawn: bool = False, first: bool = False) -> Workbook:
    """Add chart sheets, empty as some programs leave them, or with a chart."""
    for title in titles:
        sheet = book.create_chartsheet(title, 0 if first else None)
        if drawn:
            chart = BarChart()
            chart.add_data(Reference(book.worksheets[0], min_col=1, min_row=1, max_row=2))
            sheet.add_chart(chart)
    return book


def only_charts(folder: Path, *titles: str) -> Path:
    """Return a workbook from which the one worksheet was taken."""
    book = with_charts(book_of(HEADER), *titles)
    book.remove(book.worksheets[0])
    return saved(folder, book)


def rewritten(path: Path, part: str, old: str, new: str) -> Path:
    """Return the workbook with a text in one of its parts replaced; a part that is not there is made of ``new``."""
    with ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    assert part not in parts or old.encode() in parts[part], parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode()) if part in parts else new.encode()
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("drawn", [False, True])
def test_a_chart_sheet_beside_the_table_is_left_aside_and_named(tmp_path: Path, first: bool, drawn: bool):
    book = with_charts(book_of(HEADER, row(at=AT)), "趋势图", drawn=drawn, first=first)
    path = saved(tmp_path, book)
    assert len(list(contacts(path, mapping()))) == 1
    [note] = [note for note in checked(path).notes if note.row is None]
    assert (note.code, note.params) == ("file_note.chart_sheets", {"count": 1, "sheets": "趋势图"})


def test_a_workbook_of_charts_alone_is_refused_for_that_reason(tmp_path: Path):
    [problem] = checked(only_charts(tmp_path, "按月", "按部门")).problems
    assert (problem.code, problem.params) == ("bad_file.no_worksheet", {"sheets": "按月, 按部门"})


def test_a_mapping_that_names_a_chart_sheet_is_told_the_others(tmp_path: Path):
    path = saved(tmp_path, with_charts(book_of(HEADER, row(at=AT)), "趋势图"))
    [problem] = check(path, mapping(sheet="趋势图")).problems
    assert (problem.code, problem.params) == ("bad_file.chart_sheet", {"sheet": "趋势图", "sheets": "Sheet"})


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_rows_beside_a_shown_chart_are_read_and_the_reason_said(
    tmp_path: Path, state: Literal["hidden", "veryHidden"]
):
    book = with_charts(book_of(HEADER, row(at=AT)), "趋势图")
    book.worksheets[0].sheet_state = state
    book.active = 1
    path = saved(tmp_path, book)
    assert len(list(contacts(path, mapping()))) == 1
    codes = [note.code for note in checked(path).notes]
    assert codes == ["file_note.only_hidden_sheet_read", "file_note.chart_sheets"]
    assert checked(path, sheet="Sheet").notes[0].code == "file_note.hidden_sheet_read"


@pytest.mark.parametrize("sort", ["xlMacrosheet", "dialogsheet", "xlIntlMacrosheet"])
def test_a_macro_or_dialogue_sheet_is_no_table(tmp_path: Path, sort: str):
    book = book_of(["=HALT()"])
    book.worksheets[0].title = "Macro1"
    table = book.create_sheet("Rows")
    for line in (HEADER, row(at=AT)):
        table.append(line)
    path = saved(tmp_path, book)
    relations = "xl/_rels/workbook.xml.rels"
    with ZipFile(path) as archive:
        [first] = [part for part in archive.read(relations).decode().split("<Relationship ") if "sheet1.xml" in part]
    rewritten(path, relations, first, first.replace("relationships/worksheet", f"relationships/{sort}"))
    assert [contact.row_id for contact in contacts(path, mapping())] == ["1"]
    [note] = checked(path).notes
    assert (note.code, note.params) == ("file_note.chart_sheets", {"count": 1, "sheets": "Macro1"})


def test_names_that_belong_to_a_chart_sheet_do_not_matter(tmp_path: Path):
    book = with_charts(book_of(HEADER, row(at=AT)), "趋势图", first=True)
    book.worksheets[0].defined_names["gone"] = DefinedName("gone", attr_text="#REF!")
    assert refusals(saved(tmp_path, book)) == []


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("docProps/core.xml", "<dcterms:created", "<dcterms:created bad='1'"),
        ("docProps/core.xml", "T", "?"),
        ("docProps/custom.xml", "", "<no properties>"),
        ("xl/theme/theme1.xml", "<a:theme", "<a:thema"),
    ],
)
def test_damage_outside_the_rows_does_not_matter(tmp_path: Path, part: str, old: str, new: str):
    path = rewritten(saved(tmp_path, book_of(HEADER, row(at=AT))), part, old, new)
    assert refusals(path) == []
    assert len(list(contacts(path, mapping()))) == 1


def test_a_damaged_sheet_is_still_refused(tmp_path: Path):
    path = rewritten(saved(tmp_path, book_of(HEADER, row(at=AT))), "xl/worksheets/sheet1.xml", "</row>", "</now>")
    assert refusals(path) == [(None, None, "not_a_workbook")]
