"""Tables with titles, totals, other separators and repeated headers are read, and what is left out is noted."""

import csv
import io
from collections.abc import Sequence

import pytest

from gateways.contacts import check, contacts
from gateways.delimited import separator_of
from tests.gateways.contact_files import HEADER, checked, csv_text, mapping, raw_file, refusals, row

ROWS = [row("1", text="Two of five boxes, arrived broken"), row("2", text="迟到"), row("3", text='He said: "late"')]
TEXTS = ["Two of five boxes, arrived broken", "迟到", 'He said: "late"']


def text_of(separator: str = ",", rows: Sequence[Sequence[object]] = ROWS) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([HEADER, *rows])
    return out.getvalue()


def texts(path, **source: object) -> list[str]:
    return [contact.text for contact in contacts(path, mapping(**source))]


def notes(path, **source: object) -> list[tuple[str, int | None]]:
    """Return the short code and row of each note, without that of the encoding."""
    found = [(note.code.removeprefix("file_note."), note.row) for note in checked(path, **source).notes]
    return [note for note in found if not note[0].startswith("encoding")]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("name", ["contacts.csv", "contacts.tsv", "contacts.txt"])
def test_another_separator_is_found_by_the_columns_and_noted(tmp_path, separator: str, name: str):
    path = raw_file(tmp_path, text_of(separator).encode(), name)
    assert texts(path) == TEXTS
    assert notes(path) == [("separator", None)]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_the_sep_line_of_excel_is_obeyed_and_is_no_row(tmp_path, first: str):
    path = raw_file(tmp_path, f"{first}\n{text_of(';')}".encode())
    assert texts(path) == TEXTS
    assert notes(path) == [("separator_named", None)]
    assert refusals(raw_file(tmp_path, f"{first}\n{text_of(';')}4;x;y\n".encode())) == [(6, "时间", "impossible_date")]


def test_a_sep_line_with_a_rare_separator_is_obeyed(tmp_path):
    assert texts(raw_file(tmp_path, f"sep=^\n{text_of('^')}".encode())) == TEXTS


def test_the_separator_of_the_mapping_comes_first(tmp_path):
    path = raw_file(tmp_path, text_of("~").encode())
    assert texts(path, delimiter="~") == TEXTS
    assert [code for *_, code in refusals(path)].count("missing_column") == 7
    assert texts(raw_file(tmp_path, f"sep=,\n{text_of(';')}".encode()), delimiter=";") == TEXTS


@pytest.mark.parametrize(
    ("sample", "separator"),
    [
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("name\ttext\nx\ta, b, c\ny\td, e, f\n", "\t"),
        ('a|b\n"x|y"|2\n', "|"),
        ("a\n1\n2\n", ","),
        ("a,b;c\n1,2;3\n4,5;6\n7,8\n", ","),
    ],
)
def test_without_known_columns_rows_of_equal_length_decide(sample: str, separator: str):
    assert separator_of(sample, frozenset()) == separator


def test_titles_above_the_header_are_left_out_and_noted(tmp_path):
    title = "2026年3月投诉登记表,,,\n填报单位：上海分公司\n\n"
    path = raw_file(tmp_path, (title + text_of()).encode())
    assert texts(path) == TEXTS
    assert notes(path) == [("rows_above_header", 4)]
    assert checked(path).notes[-1].params == {"count": 2, "first": 1}


def test_the_header_row_of_the_mapping_comes_first(tmp_path):
    twice = text_of(rows=[HEADER, *ROWS])
    assert texts(raw_file(tmp_path, twice.encode()), header_row=2) == TEXTS
    assert refusals(raw_file(tmp_path, twice.encode()), header_row=99) == [(99, None, "no_header_row")]
    assert [code for *_, code in refusals(raw_file(tmp_path, twice.encode()), header_row=4)] == ["missing_column"] * 7


def test_a_header_repeated_in_the_middle_is_left_out(tmp_path):
    path = raw_file(tmp_path, text_of(rows=[ROWS[0], HEADER, *ROWS[1:]]).encode())
    assert texts(path) == TEXTS
    assert notes(path) == [("repeated_header", 3)]


@pytest.mark.parametrize(
    "total", ["合计", "总计：3 条", "小计", "Total", "TOTALS: 3", "共 3 条", "Grand total", "Summe"]
)
def test_a_row_of_totals_is_left_out(tmp_path, total: str):
    path = raw_file(tmp_path, text_of(rows=[*ROWS, [total, None, None, "3"]]).encode())
    assert texts(path) == TEXTS
    assert notes(path) == [("totals_row", 5)]


@pytest.mark.parametrize("first", ["Total", "合计"])
def test_a_contact_whose_id_reads_like_a_total_is_kept(tmp_path, first: str):
    assert texts(raw_file(tmp_path, text_of(rows=[row(first)]).encode())) == ["货物迟到两天"]


@pytest.mark.parametrize("first", ["Total loss of the parcel", "合计费用有误", "Summer"])
def test_a_text_that_begins_like_a_total_is_no_total(tmp_path, first: str):
    path = raw_file(tmp_path, text_of(rows=[*ROWS, [first, None, None]]).encode())
    assert {code for *_, code in refusals(path)} == {"missing_time", "missing_value"}


@pytest.mark.parametrize("blank", ["", ",,,,,,", " , ,\u3000,", "\u200b"])
def test_blank_rows_are_passed_over(tmp_path, blank: str):
    lines = text_of().splitlines()
    path = raw_file(tmp_path, "\n".join([blank, lines[0], blank, *lines[1:], blank, ""]).encode())
    assert texts(path) == TEXTS


@pytest.mark.parametrize("ending", ["\r", "\r\n", "\n"])
def test_every_line_end_is_one(tmp_path, ending: str):
    assert texts(raw_file(tmp_path, text_of().replace("\n", ending).encode())) == TEXTS


def test_a_quoted_text_may_hold_separators_quotes_and_lines(tmp_path):
    text = 'line one;\nline "two",\r\n第三行'
    for separator in (",", ";", "\t"):
        assert texts(raw_file(tmp_path, text_of(separator, [row(text=text)]).encode())) == [text]


@pytest.mark.parametrize("name", ["\ufeff编号", " 编号 ", "编号\u200b", "\u200b编号"])
def test_a_column_name_is_known_without_what_cannot_be_seen(tmp_path, name: str):
    assert texts(raw_file(tmp_path, csv_text(row(), header=[name, *HEADER[1:]]).encode())) == ["货物迟到两天"]


@pytest.mark.parametrize("row_id", ["\u200b", "\u2060\ufeff", "\u3164", "\u200d \u200b"])
def test_an_id_that_cannot_be_seen_is_missing(tmp_path, row_id: str):
    assert refusals(raw_file(tmp_path, csv_text(row(row_id)).encode())) == [(2, "编号", "missing_value")]


def test_a_file_of_one_column_is_refused_by_the_missing_names(tmp_path):
    assert {code for *_, code in refusals(raw_file(tmp_path, "编号\n1\n2\n".encode()))} == {"missing_column"}


def test_notes_are_limited_and_counted(tmp_path):
    path = raw_file(tmp_path, text_of(rows=[line for _ in range(300) for line in (HEADER, *ROWS[:1])]).encode())
    result = check(path, mapping())
    assert (len(result.notes), result.note_count) == (200, 302)
