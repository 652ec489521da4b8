"""Logs as tables: CSV, XLSX and JSON lines hold one row for each move, and no spreadsheet works anything out."""

import csv
import io
import json
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from gateways.workbooks import workbook_lines
from gateways.writing.as_tables import CELL_CHARACTERS, write_csv, write_jsonl, write_xlsx
from tests.gateways.writing.small_log import FORMULAS, event, history, log, saying, two_cases, written

HEADER = ["case:concept:name", "case:kind", "concept:name", "time:timestamp", "lifecycle:transition", "org:resource"]


def csv_of(told: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written(write_csv, told).decode(), newline="")))


def book_of(told: Any, **how: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(written(partial(write_xlsx, **how), told)))


def test_csv_has_a_row_for_each_move_with_its_case_before_it():
    header, first, second, third = csv_of(two_cases())
    assert header == [*HEADER, "seq", "inferred", "waited"]
    assert first == [
        "cp-26-000001",
        "complaint",
        "open",
        "2026-03-02T02:00:00.000007+00:00",
        "complete",
        "a-1",
        "1",
        "",
        "",
    ]
    assert (second[2], second[-2:], third[0]) == ("resolve", ["true", "1.5"], "cp-26-000002")


@pytest.mark.requirement("H1")
@pytest.mark.parametrize("text", FORMULAS)
def test_csv_disarms_what_a_spreadsheet_would_work_out(text: str):
    [_, row] = csv_of(saying(text))
    assert row[-1] == f"'{text}"


def test_csv_leaves_numbers_and_plain_words_alone():
    [_, row] = csv_of(log(history("cp-26-000001", event(1, "note", cost=-5, said="5 - 3 = 2")), more=("cost", "said")))
    assert row[-2:] == ["-5", "5 - 3 = 2"]


def test_csv_keeps_commas_quotes_and_lines():
    said = '"no", he said,\nand left'
    assert csv_of(saying(said))[1][-1] == said


def test_xlsx_reads_back_as_it_was_told():
    sheet = book_of(two_cases())["events"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == [*HEADER, "seq", "inferred", "waited"]
    assert rows[1][2:5] == ["open", "2026-03-02T02:00:00.000007+00:00", "complete"]
    assert (rows[2][6:], len(rows)) == ([2, True, 1.5], 4)


@pytest.mark.requirement("H1")
@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_holds_a_formula_as_the_text_it_is(text: str):
    cell = book_of(saying(text))["events"].cell(2, 8)
    assert (unescape(cell.value).strip(), cell.data_type, cell.quotePrefix) == (text.strip(), "s", True)


def test_xlsx_keeps_what_xml_knows_and_replaces_what_it_cannot_hold():
    texts = ('<b> & "c"', "第一行\n第二行", "bell \x07", "  spaces  ")
    sheet = book_of(saying(*texts))["events"]
    assert [sheet.cell(row, 8).value for row in range(2, 6)] == [*texts[:2], "bell \ufffd", "  spaces  "]


def test_xlsx_cuts_what_no_cell_can_hold():
    value = book_of(saying("x" * 40_000))["events"].cell(2, 8).value
    assert (len(value), value[-4:]) == (CELL_CHARACTERS, "x...")


def test_xlsx_cuts_by_the_units_that_excel_counts():
    value = book_of(saying("x" + "😀" * 20_000))["events"].cell(2, 8).value
    assert (len(value.encode("utf-16-le")) // 2, value[-4:]) == (CELL_CHARACTERS - 1, "😀...")


@pytest.mark.parametrize("text", ["<r>&</r>", "<r></r>", "<r><t>bold</t></r>", "_x0041_ and _x005F_"])
def test_xlsx_escapes_what_looks_like_its_own_markup(text: str, tmp_path: Path):
    (tmp_path / "log.xlsx").write_bytes(written(write_xlsx, saying(text)))
    _, (_, row) = workbook_lines(tmp_path / "log.xlsx", None)
    assert row[7] == text


def test_xlsx_links_and_counts_nothing_in_a_text():
    sheet = book_of(saying("https://example.com", "0012"))["events"]
    assert [(sheet.cell(row, 8).value, sheet.cell(row, 8).hyperlink) for row in (2, 3)] == [
        ("https://example.com", None),
        ("0012", None),
    ]


def test_xlsx_leaves_no_temporary_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    written(write_xlsx, two_cases())
    broken = two_cases()
    histories = chain(broken.histories, (history(str(1 // n)) for n in (0,)))
    with pytest.raises(ZeroDivisionError):
        written(write_xlsx, replace(broken, histories=histories))
    assert list(tmp_path.iterdir()) == []


def test_xlsx_goes_on_on_a_next_sheet_under_the_same_header():
    book = book_of(saying(*"abcde"), sheet_rows=3)
    assert book.sheetnames == ["events", "events2", "events3"]
    told = [[row[-1].value for row in sheet.iter_rows()] for sheet in book.worksheets]
    assert told == [["said", "a", "b"], ["said", "c", "d"], ["said", "e"]]


def test_xlsx_of_nothing_is_a_header():
    book = book_of(log())
    assert [[cell.value for cell in row] for row in book["events"].iter_rows()] == [[*HEADER, "seq"]]


def test_xlsx_names_columns_past_the_alphabet():
    many = tuple(f"n{n}" for n in range(800))
    row = history("cp-26-000001", event(1, "note", **{name: n for n, name in enumerate(many)}))
    sheet = book_of(log(row, more=many))["events"]
    assert [cell.value for cell in sheet[2]][7:] == list(range(800))


def test_jsonl_keeps_numbers_and_truths_and_says_nothing_of_what_is_not_there():
    first, second, _ = [json.loads(line) for line in written(write_jsonl, two_cases()).splitlines()]
    assert (second["seq"], second["inferred"], second["waited"]) == (2, True, 1.5)
    assert (first["case:concept:name"], first["time:timestamp"]) == ("cp-26-000001", "2026-03-02T02:00:00.000007+00:00")
    assert "waited" not in first


def test_jsonl_and_csv_tell_the_same():
    header, *rows = csv_of(two_cases())
    told = [json.loads(line) for line in written(write_jsonl, two_cases()).splitlines()]
    plain = {True: "true", False: "false"}
    for row, one in zip(rows, told, strict=True):
        assert dict(zip(header, row, strict=True)) == {
            name: plain[one[name]] if isinstance(one.get(name), bool) else str(one.get(name, "")) for name in header
        }
