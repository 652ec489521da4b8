"""Logs as tables: CSV, XLSX and JSON lines hold one row for each move, and no text is evaluated as a formula."""

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
from tests.gateways.writing.small_log import FORMULAS, event, export, history, log, log_of_notes, two_cases

HEADER = ["case:concept:name", "case:kind", "concept:name", "time:timestamp", "lifecycle:transition", "org:resource"]


def csv_of(exported: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export(write_csv, exported).decode(), newline="")))


def book_of(exported: Any, **options: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(export(partial(write_xlsx, **options), exported)))


def test_csv_has_a_row_for_each_move_that_begins_with_its_case():
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
def test_csv_escapes_what_a_spreadsheet_would_evaluate(text: str):
    [_, row] = csv_of(log_of_notes(text))
    assert row[-1] == f"'{text}"


def test_csv_leaves_numbers_and_plain_texts_unchanged():
    [_, row] = csv_of(log(history("cp-26-000001", event(1, "note", cost=-5, said="5 - 3 = 2")), more=("cost", "said")))
    assert row[-2:] == ["-5", "5 - 3 = 2"]


def test_csv_keeps_commas_quotes_and_lines():
    text = '"no", he said,\nand left'
    assert csv_of(log_of_notes(text))[1][-1] == text


def test_xlsx_is_read_back_as_it_was_written():
    sheet = book_of(two_cases())["events"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == [*HEADER, "seq", "inferred", "waited"]
    assert rows[1][2:5] == ["open", "2026-03-02T02:00:00.000007+00:00", "complete"]
    assert (rows[2][6:], len(rows)) == ([2, True, 1.5], 4)


@pytest.mark.requirement("H1")
@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_holds_a_formula_as_text(text: str):
    cell = book_of(log_of_notes(text))["events"].cell(2, 8)
    assert (unescape(cell.value).strip(), cell.data_type, cell.quotePrefix) == (text.strip(), "s", True)


def test_xlsx_keeps_markup_and_replaces_characters_that_xml_cannot_hold():
    texts = ('<b> & "c"', "第一行\n第二行", "bell \x07", "  spaces  ")
    sheet = book_of(log_of_notes(*texts))["events"]
    assert [sheet.cell(row, 8).value for row in range(2, 6)] == [*texts[:2], "bell \ufffd", "  spaces  "]


def test_xlsx_truncates_a_text_that_no_cell_can_hold():
    value = book_of(log_of_notes("x" * 40_000))["events"].cell(2, 8).value
    assert (len(value), value[-4:]) == (CELL_CHARACTERS, "x...")


def test_xlsx_truncates_by_the_utf_16_units_that_excel_counts():
    value = book_of(log_of_notes("x" + "😀" * 20_000))["events"].cell(2, 8).value
    assert (len(value.encode("utf-16-le")) // 2, value[-4:]) == (CELL_CHARACTERS - 1, "😀...")


@pytest.mark.parametrize("text", ["<r>&</r>", "<r></r>", "<r><t>bold</t></r>", "_x0041_ and _x005F_"])
def test_xlsx_escapes_text_that_looks_like_its_markup(text: str, tmp_path: Path):
    (tmp_path / "log.xlsx").write_bytes(export(write_xlsx, log_of_notes(text)))
    _, (_, row) = workbook_lines(tmp_path / "log.xlsx", None)
    assert row[7] == text


def test_xlsx_makes_no_links_or_numbers_of_texts():
    sheet = book_of(log_of_notes("https://example.com", "0012"))["events"]
    assert [(sheet.cell(row, 8).value, sheet.cell(row, 8).hyperlink) for row in (2, 3)] == [
        ("https://example.com", None),
        ("0012", None),
    ]


def test_xlsx_leaves_no_temporary_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    export(write_xlsx, two_cases())
    broken = two_cases()
    histories = chain(broken.histories, (history(str(1 // n)) for n in (0,)))
    with pytest.raises(ZeroDivisionError):
        export(write_xlsx, replace(broken, histories=histories))
    assert list(tmp_path.iterdir()) == []


def test_xlsx_continues_on_a_further_sheet_under_the_same_header():
    book = book_of(log_of_notes(*"abcde"), sheet_rows=3)
    assert book.sheetnames == ["events", "events2", "events3"]
    texts = [[row[-1].value for row in sheet.iter_rows()] for sheet in book.worksheets]
    assert texts == [["said", "a", "b"], ["said", "c", "d"], ["said", "e"]]


def test_xlsx_of_an_empty_log_is_a_header():
    book = book_of(log())
    assert [[cell.value for cell in row] for row in book["events"].iter_rows()] == [[*HEADER, "seq"]]


def test_xlsx_names_columns_beyond_z():
    names = tuple(f"n{n}" for n in range(800))
    row = history("cp-26-000001", event(1, "note", **{name: n for n, name in enumerate(names)}))
    sheet = book_of(log(row, more=names))["events"]
    assert [cell.value for cell in sheet[2]][7:] == list(range(800))


def test_jsonl_keeps_numbers_and_booleans_and_leaves_out_missing_values():
    first, second, _ = [json.loads(line) for line in export(write_jsonl, two_cases()).splitlines()]
    assert (second["seq"], second["inferred"], second["waited"]) == (2, True, 1.5)
    assert (first["case:concept:name"], first["time:timestamp"]) == ("cp-26-000001", "2026-03-02T02:00:00.000007+00:00")
    assert "waited" not in first


def test_jsonl_and_csv_hold_the_same_values():
    header, *rows = csv_of(two_cases())
    documents = [json.loads(line) for line in export(write_jsonl, two_cases()).splitlines()]
    as_text = {True: "true", False: "false"}
    for row, values in zip(rows, documents, strict=True):
        assert dict(zip(header, row, strict=True)) == {
            name: as_text[values[name]] if isinstance(values.get(name), bool) else str(values.get(name, ""))
            for name in header
        }
