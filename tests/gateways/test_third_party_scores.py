"""Scores of third parties from tables: read as a whole, or refused with the place and reason of every fault."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from gateways.problems import Unreadable, ignore
from gateways.third_party_scores import KnownNames, hundredths_of, scores_in

pytestmark = pytest.mark.requirement("E1")

KNOWN = KnownNames(
    {"claims": "claims", "理赔部": "claims", "hotline": "hotline"}, {"attitude": "attitude", "服务态度": "attitude"}
)
HEADER = "department,criterion,score\n"


def read(path: Path) -> list[str]:
    return scores_in(path, KNOWN, None, ignore)


def faults(path: Path) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(Unreadable) as refused:
        read(path)
    return [(each.row, each.column, each.code.removeprefix("bad_file.")) for each in refused.value.problems]


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "scores.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_departments_and_criteria_are_named_by_code_or_by_name(tmp_path: Path):
    assert read(csv(tmp_path, "理赔部,服务态度,62.5", "hotline,attitude,90")) == [
        "claims:attitude:6250",
        "hotline:attitude:9000",
    ]


def test_a_workbook_gives_the_same_scores(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["测评结果"], ["department", "criterion", "score"], ["claims", "attitude", 62.5]):
        sheet.append(row)
    book.save(path := tmp_path / "scores.xlsx")
    assert read(path) == ["claims:attitude:6250"]


def test_every_fault_is_named_with_its_row_and_column(tmp_path: Path):
    path = csv(tmp_path, "claims,attitude,abc", "clams,manners,80", "hotline,attitude,80", "hotline,attitude,70")
    assert faults(path) == [
        (2, "score", "bad_score"),
        (3, "department", "unknown_department"),
        (3, "criterion", "unknown_criterion"),
        (5, "criterion", "scored_twice"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("scores.csv", HEADER, (None, None, "no_scores")),
        ("scores.csv", "department,score\nclaims,80\n", (1, "criterion", "missing_column")),
        ("scores.pdf", "%PDF", (None, None, "no_table")),
        ("scores.xlsx", "no workbook", (None, None, "not_a_workbook")),
    ],
)
def test_what_is_no_table_of_scores_is_refused(tmp_path: Path, name: str, content: str, fault: tuple[object, ...]):
    (tmp_path / name).write_text(content, "utf-8")
    assert faults(tmp_path / name) == [fault]


def test_a_missing_file_is_refused(tmp_path: Path):
    assert faults(tmp_path / "no.csv") == [(None, None, "missing_file")]


@pytest.mark.parametrize(("text", "score"), [("0", 0), ("100", 10_000), ("99.99", 9999), (" 62.5 ", 6250)])
def test_a_score_has_two_decimals_at_most(text: str, score: int):
    assert hundredths_of(text) == score


@pytest.mark.parametrize("text", ["", "-1", "100.01", "62.555", "NaN", "Infinity", "eighty", None])
def test_what_is_no_score_of_a_hundred_is_none(text: str | None):
    assert hundredths_of(text) is None
