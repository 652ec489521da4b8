"""What is no plain file is refused before it is opened: a pipe would wait for ever, a device would never end."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.example_files import examples_in
from gateways.bounces import MailSort, mail_reports
from gateways.charset import read_text
from gateways.contact_mapping import ContactMapping
from gateways.formula_cells import as_cell, from_cell
from gateways.logs.log_files import unpacked
from gateways.mapping_file import BadMapping, load_mapping
from gateways.problems import Unreadable
from gateways.regular_files import TEXT_FILE_LIMIT, is_regular
from statemachines.refused import Refused
from tests.gateways.contact_files import checked, csv_file, row

IRREGULAR: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),
    "long name": lambda path: None,
}


@pytest.fixture(params=IRREGULAR)
def irregular(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / ("x" * 5000 if request.param == "long name" else "file.csv")
    IRREGULAR[request.param](path)
    return path


def test_no_reader_opens_what_is_no_file(irregular: Path):
    assert not is_regular(irregular)
    with pytest.raises((Unreadable, OSError)):
        read_text(irregular)
    with pytest.raises((Unreadable, OSError)), unpacked(irregular):
        pass
    with pytest.raises(BadMapping):
        load_mapping(irregular, ContactMapping)
    with pytest.raises((Refused, OSError)):
        examples_in(irregular)
    if irregular not in {folder for folder in irregular.parent.iterdir() if folder.is_dir()}:
        with pytest.raises(OSError, match=r".+"):
            list(mail_reports(irregular))


def test_a_text_file_has_a_limit(tmp_path: Path):
    path = tmp_path / "mapping.toml"
    with path.open("wb") as file:
        file.truncate(TEXT_FILE_LIMIT + 1)
    with pytest.raises(Unreadable) as caught:
        read_text(path)
    assert caught.value.problems[0].code == "bad_file.too_large"


@pytest.mark.parametrize(
    "content",
    [
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)),
        (
            "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
            f"Action: failed\nFinal-Recipient: rfc822;{'(' * 500_000}\n"
        ),
        "Content-Type: multipart/report; boundary=x\n\n" + "--x\nContent-Type: text/plain\n\n" * 20_000,
        (
            "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
            "Action: failed\n\n--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@closeloop>\n"
            f"To: {'a@b.cc,' * 50_000}\n--x--"
        ),
    ],
    ids=["nested", "long header", "many parts", "returned addresses"],
)
def test_a_mail_that_only_costs_time_is_unreadable(tmp_path: Path, content: str):
    path = tmp_path / "bounce.eml"
    path.write_text(content)
    assert [report.sort for report in mail_reports(path)] == [MailSort.UNREADABLE]


@pytest.mark.parametrize(
    "text", ["=1+1", "+49", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''=1", "'", "''", "'quoted'", "plain", ""]
)
def test_a_cell_that_looks_like_a_formula_is_a_text_and_comes_back_whole(text: str):
    cell = as_cell(text)
    assert not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert from_cell(cell) == text


def test_hidden_characters_around_a_number_are_taken_out_and_noted(tmp_path: Path):
    path = csv_file(tmp_path, row("1", "2024/3/5 09:00:00", "Late.", "Wang", "138\u202d0013\u202c8000"))
    result = checked(path)
    assert result.accepted
    assert "file_note.hidden_characters" in {note.code for note in result.notes}


def test_a_control_character_in_a_line_refuses_its_row_alone(tmp_path: Path):
    evil = row("2", "2024/3/5 09:00:00", "Late.", "re\x1b[31md")
    path = csv_file(tmp_path, row("1"), evil, row("3"))
    result = checked(path)
    assert [(problem.row, problem.code) for problem in result.problems] == [(3, "bad_file.control_character")]
    assert result.contacts == 2
