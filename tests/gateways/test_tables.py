"""Files that cannot be opened or parsed are refused with the reason, and none of their rows is read."""

import pytest

from gateways.contacts import check, contacts
from tests.gateways.contact_files import (
    HEADER,
    checked,
    csv_file,
    csv_text,
    mapping,
    raw_file,
    refusals,
    row,
    workbook,
)

FIRST = ",".join(HEADER) + "\n"


def test_a_missing_file_is_refused(tmp_path):
    assert refusals(tmp_path / "no.csv") == [(None, None, "missing_file")]
    assert list(contacts(tmp_path / "no.csv", mapping())) == []


def test_a_directory_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert refusals(tmp_path / "folder.csv") == [(None, None, "not_a_file")]


def test_a_file_that_the_system_cannot_read_is_refused(tmp_path):
    assert refusals(tmp_path / ("x" * 300 + ".csv")) == [(None, None, "unreadable_file")]


def test_another_extension_is_refused_by_name(tmp_path):
    path = raw_file(tmp_path, b"x", "contacts.xls")
    assert [(p.code, p.params["extension"]) for p in checked(path).problems] == [
        ("bad_file.unsupported_extension", ".xls")
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", FIRST.encode(), (FIRST + ",,,,,,\n").encode()])
def test_a_file_without_contacts_is_refused_as_empty(tmp_path, content):
    assert refusals(raw_file(tmp_path, content)) == [(None, None, "empty")]
    if not content.startswith(FIRST.encode()):
        assert refusals(raw_file(tmp_path, content, "contacts.jsonl")) == [(None, None, "empty")]


def test_an_empty_workbook_is_refused_as_empty(tmp_path):
    assert refusals(raw_file(tmp_path, b"", "contacts.xlsx")) == [(None, None, "empty")]
    assert refusals(workbook(tmp_path)) == [(None, None, "empty")]


@pytest.mark.parametrize("build", [csv_file, workbook])
def test_missing_and_doubled_mapped_columns_are_each_named(tmp_path, build):
    header = ["编号", "内容", "内容", "客户", "电话", "答复", "答复时间"]
    assert refusals(build(tmp_path, row(), header=header)) == [
        (1, "内容", "duplicated_column"),
        (1, "时间", "missing_column"),
    ]


def test_a_doubled_column_that_is_not_mapped_is_accepted(tmp_path):
    assert checked(csv_file(tmp_path, [*row(), 1, 2], header=[*HEADER, "注", "注"])).accepted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_are_detected(tmp_path, encoding):
    path = csv_file(tmp_path, row(text="货物迟到𠮷"), encoding=encoding)
    assert [c.text for c in contacts(path, mapping())] == ["货物迟到𠮷"]


def test_an_encoding_that_is_declared_is_used(tmp_path):
    path = csv_file(tmp_path, row(), encoding="utf-16")
    assert checked(path, encoding="utf-16").accepted
    assert [code for *_, code in refusals(path, encoding="gb18030")] == ["other_mark"]


@pytest.mark.parametrize("before", [0, 100, 65_530, 70_000])
def test_a_broken_byte_is_refused_with_its_offset_and_line(tmp_path, before):
    good = csv_text(row(), row("2", text="文" * (before // 3))).encode()
    path = raw_file(tmp_path, good + b"3,2024\xff-03-05,x\n")
    (problem,) = checked(path).problems
    assert (problem.row, problem.code) == (4, "bad_file.wrong_encoding")
    assert problem.params == {"encoding": "UTF-8", "offset": len(good) + 6}


@pytest.mark.parametrize("before", [10, 65_520])
def test_a_broken_byte_in_gb18030_has_its_offset_too(tmp_path, before):
    good = csv_text(row(text="文" * (before // 2))).encode("gb18030")
    (problem,) = checked(raw_file(tmp_path, good + b"\xff\n")).problems
    assert problem.params == {"encoding": "GB18030", "offset": len(good)}


def test_a_declared_encoding_is_not_replaced_by_another(tmp_path):
    path = csv_file(tmp_path, row(), encoding="gb18030")
    assert [code for *_, code in refusals(path, encoding="utf-8")] == ["wrong_encoding"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("1,2024-03-05,迟到,,,,,多,余\n", "too_many_cells"),
        ('1,2024-03-05,"没有结束\n2,2024-03-05,迟到\n', "unterminated_quote"),
        ('1,2024-03-05,"结束"太早\n', "stray_quote"),
        ('1,2024-03-05,"' + "没有结束\n" * 1_000_000, "row_too_long"),
    ],
)
def test_malformed_csv_rows_are_refused(tmp_path, line, code):
    path = raw_file(tmp_path, (FIRST + "0,2024-03-05,好\n" + line).encode())
    assert refusals(path) == [(3, None, code)]
    assert [contact.row_id for contact in contacts(path, mapping())] == ["0"]


GOOD = '{"编号": 2549, "时间": "2024-03-05T09:00:00", "内容": "迟到", "客户": null, "电话": 13800138000'
GOOD += ', "答复": null, "答复时间": null}'


def test_numbers_in_json_become_the_text_of_their_digits(tmp_path):
    (contact,) = contacts(raw_file(tmp_path, GOOD.encode(), "contacts.jsonl"), mapping())
    assert (contact.row_id, contact.phone) == ("2549", "13800138000")


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ('{"编号": 1', None, "broken_json"),
        ("[" * 100_000, None, "broken_json"),
        ("[1, 2]", None, "not_an_object"),
        ('{"编号": 1, "编号": 2}', "编号", "duplicated_column"),
        ('{"编号": 1, "时间": "2024-03-05", "内容": ["迟到"]}', "内容", "nested_value"),
        ('{"编号": 1, "时间": "2024-03-05", "内容": "\\u0000"}', "内容", "nul"),
        ('{"编号": 1, "时间": "2024-03-05", "内容": "\\ud800"}', "内容", "broken_character"),
        ('{"编号": 1, "时间": "2024-03-05", "内容": "x\0"}', None, "nul"),
        ('{"编号": 1e300, "时间": "2024-03-05", "内容": "x"}', "编号", "rounded_number"),
    ],
)
def test_a_bad_line_of_json_is_refused(tmp_path, line, column, code):
    path = raw_file(tmp_path, f"{GOOD}\n\n{line}\n".encode(), "contacts.jsonl")
    assert refusals(path) == [(3, column, code)]
    assert len(list(contacts(path, mapping()))) == 1


def test_a_mapped_column_that_no_json_line_has_is_refused(tmp_path):
    line = GOOD.replace(', "电话": 13800138000', "")
    assert refusals(raw_file(tmp_path, line.encode(), "contacts.jsonl")) == [(None, "电话", "missing_column")]


def test_of_a_file_of_bad_rows_only_the_rows_are_reported(tmp_path):
    assert refusals(raw_file(tmp_path, b"{", "contacts.jsonl")) == [(1, None, "broken_json")]
    assert refusals(raw_file(tmp_path, (FIRST + "1,,,,,,,x\n").encode())) == [(2, None, "too_many_cells")]


def test_a_second_pass_gives_the_same_result(tmp_path):
    path = csv_file(tmp_path, row())
    assert check(path, mapping()) == check(path, mapping())
