"""Contact files that are accepted, what is counted in them, and rows that are refused."""

import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateways.contact_mapping import ContactMapping
from gateways.contacts import check, contacts
from gateways.mapping_file import load_mapping
from models.contact import TEXT_LIMIT, Channel, Contact
from tests.gateways.contact_files import (
    HEADER,
    MAPPING,
    checked,
    csv_file,
    jsonl_file,
    mapping,
    raw_file,
    refusals,
    row,
    workbook,
)

ROOT = Path(__file__).parents[2]
MESSAGES = ROOT.parent / "shared" / "data" / "messages_zh.xlsx"
NINE = datetime(2024, 3, 5, 1, 0, tzinfo=UTC)


def read(path: Path, **source: object) -> list[Contact]:
    assert checked(path, **source).problems == ()
    return list(contacts(path, mapping(**source)))


@pytest.mark.parametrize("build", [csv_file, workbook, jsonl_file])
def test_each_kind_of_file_gives_the_same_contact(tmp_path, build):
    (contact,) = read(
        build(tmp_path, row("A1", "2024/3/5 09:00:00", " 货物迟到 ", "王", "138", "已查", "2024-03-06T01:00Z"))
    )
    assert (contact.row_id, contact.at, contact.text, contact.customer) == ("A1", NINE, "货物迟到", "王")
    assert contact.reply
    assert contact.reply.at == NINE + timedelta(days=1)


def test_all_real_messages_are_read():
    if not MESSAGES.exists():
        pytest.skip("the real messages are not on this machine")
    messages = load_mapping(ROOT / "examples" / "messages_zh.toml", ContactMapping)
    result = check(MESSAGES, messages)
    assert (result.contacts, result.replies, result.problem_count) == (120, 120, 0)
    waits = [c.reply.at - c.at for c in contacts(MESSAGES, messages) if c.reply]
    assert [sum(wait <= timedelta(hours=h) for wait in waits) for h in (2, 24, 48, 168)] == [0, 4, 11, 42]
    assert {c.channel for c in contacts(MESSAGES, messages)} == {Channel.WEBSITE}


def test_extra_columns_are_named_and_ignored(tmp_path):
    result = checked(csv_file(tmp_path, [*row(), "x", "y"], header=[*HEADER, "天气", "备注"]))
    assert result.accepted
    assert [(note.code, note.params) for note in result.notes[1:]] == [
        ("file_note.extra_columns", {"count": 2, "columns": "天气, 备注"})
    ]


def test_identical_rows_are_counted_and_read_once(tmp_path):
    path = csv_file(tmp_path, row(), row(at="2024-03-05T09:00:00+08:00"), row("2"))
    result = checked(path)
    assert (result.accepted, result.rows, result.contacts, result.duplicates) == (True, 3, 2, 1)
    assert [note.params for note in result.notes[1:]] == [{"count": 1}]
    assert [contact.row_id for contact in contacts(path, mapping())] == ["1", "2"]


def test_text_that_begins_with_an_equals_sign_stays_text(tmp_path):
    (contact,) = read(csv_file(tmp_path, row(text="=1+1 那样算的运费不对")))
    assert contact.text == "=1+1 那样算的运费不对"


def test_blank_rows_are_skipped_and_row_numbers_stay_correct(tmp_path):
    path = csv_file(tmp_path, row(), [None] * 7, row("2", at="昨天"))
    assert refusals(path) == [(4, "时间", "impossible_date")]


def test_a_text_over_several_lines_is_one_row(tmp_path):
    path = csv_file(tmp_path, row(text='第一行\n第二行,"引号"'), row("2", at="x"))
    assert [c.text for c in contacts(path, mapping())] == ['第一行\n第二行,"引号"']
    assert refusals(path)[0][0] == 3


def test_short_rows_are_completed_with_blanks(tmp_path):
    path = raw_file(tmp_path, "编号,时间,内容,客户,电话,答复,答复时间\n1,2024-03-05,迟到\n".encode())
    assert read(path)[0].at == datetime(2024, 3, 4, 16, tzinfo=UTC)


def test_a_channel_of_the_row_takes_precedence_over_that_of_the_source(tmp_path):
    by_column = mapping(channel="mail").model_copy(
        update={"contact": mapping().contact.model_copy(update={"channel": "电话"})}
    )
    path = csv_file(tmp_path, row(), row("2", "2024-03-05", "迟到", None, "SMS"))
    assert [c.channel for c in contacts(path, by_column)] == [Channel.MAIL, Channel.SMS]
    odd = csv_file(tmp_path, row("3", "2024-03-05", "迟到", None, "pigeon"))
    assert [p.code for p in check(odd, by_column).problems] == ["bad_file.unknown_channel"]


@pytest.mark.parametrize(
    ("changed", "column", "code"),
    [
        ({"at": "2024/2/30 09:00:00"}, "时间", "impossible_date"),
        ({"at": "2024-02-30"}, "时间", "impossible_date"),
        ({"at": "13800138000"}, "时间", "impossible_date"),
        ({"at": "0001-01-01T00:00:00"}, "时间", "impossible_date"),
        ({"at": "1986-05-04T02:30:00"}, "时间", "skipped_time"),
        ({"at": " "}, "时间", "missing_time"),
        ({"row_id": ""}, "编号", "missing_value"),
        ({"text": " \n"}, "内容", "missing_value"),
        ({"text": "坏\0字"}, "内容", "nul"),
        ({"text": "长" * (TEXT_LIMIT // 3 + 1)}, "内容", "cell_too_long"),
        ({"text": "x" * 200_000}, "内容", "cell_too_long"),
        ({"row_id": "9" * 501}, "编号", "line_too_long"),
    ],
)
def test_a_bad_cell_is_refused_with_row_and_column(tmp_path, changed, column, code):
    path = csv_file(tmp_path, row("ok"), row(**changed))
    assert refusals(path) == [(3, column, code)]
    assert [contact.row_id for contact in contacts(path, mapping())] == ["ok"]


def test_a_cell_of_exactly_the_limit_is_read(tmp_path):
    assert len(read(csv_file(tmp_path, row(text="x" * TEXT_LIMIT)))[0].text) == TEXT_LIMIT


@pytest.mark.parametrize(
    ("answer", "at", "column", "code"),
    [
        ("已查", None, "答复时间", "reply_without_time"),
        (None, "2024/3/6 09:00:00", "答复", "time_without_reply"),
        ("已查", "2024/3/4 09:00:00", "答复时间", "reply_before_contact"),
        ("已查", "2024/13/4 09:00:00", "答复时间", "impossible_date"),
    ],
)
def test_an_incomplete_reply_or_one_before_its_contact_is_refused(tmp_path, answer, at, column, code):
    given = row("1", "2024/3/5 09:00:00", "迟到", None, None, answer, at)
    assert refusals(csv_file(tmp_path, given)) == [(2, column, code)]


def test_the_same_id_with_other_content_is_refused_and_the_first_row_is_read(tmp_path):
    path = csv_file(tmp_path, row("7", text="迟到"), row("8"), row("7", text="破损"))
    (problem,) = checked(path).problems
    assert (problem.row, problem.column, problem.params) == (4, "编号", {"id": "7", "first": 2})
    assert [(c.row_id, c.text) for c in contacts(path, mapping())] == [("7", "迟到"), ("8", "货物迟到两天")]


def test_an_ambiguous_local_time_is_its_first_occurrence(tmp_path):
    (contact,) = read(csv_file(tmp_path, row(at="2024-11-03T01:30:00")), zone="America/New_York")
    assert contact.at == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


def test_all_problems_of_a_row_are_reported_at_once(tmp_path):
    path = csv_file(tmp_path, row("", "", "", None, None, "已查", None))
    assert [code for _, _, code in refusals(path)] == [
        *("missing_value", "missing_time", "missing_value", "reply_without_time")
    ]


def test_problems_are_all_counted_but_only_a_hundred_described(tmp_path):
    result = checked(csv_file(tmp_path, *[row(str(n), at="?") for n in range(250)]))
    assert (result.problem_count, len(result.problems), result.rows) == (250, 100, 250)


def test_no_problem_quotes_what_a_customer_wrote(tmp_path):
    secret = "王小明 13800138000 身份证 110101199003070011"
    path = csv_file(tmp_path, row("1", "x" * 300, secret), row("2", text=secret + "\0"))
    params = [value for problem in checked(path).problems for value in problem.params.values()]
    assert all(len(str(value)) <= 40 and secret not in str(value) for value in params)


def test_a_long_file_is_read_in_little_memory(tmp_path):
    """Some 20 MB of text must not cost 20 MB: only digests of the ids stay in memory."""
    path = tmp_path / "contacts.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(HEADER) + "\n")
        out.writelines(f"{n},2024-03-05T09:00:00,{'货物迟到' * 40},,,,\n" for n in range(40_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert checked(path).contacts == 40_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000


def test_the_shipped_mapping_loads():
    shipped = load_mapping(ROOT / "examples" / "messages_zh.toml", ContactMapping)
    assert (shipped.source.kind, shipped.source.pack) == (MAPPING["source"]["kind"], "logistics")
