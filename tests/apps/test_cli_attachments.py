"""``case attach``, ``attachments``, ``download`` and ``erase-attachment``: the files of a case at the command line."""

import os
from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, HANDLER, moves_of, new_case
from tests.engine.attachments.evidence import WAYBILL, add_administrator, contents_in, photo

pytestmark = pytest.mark.requirement("A10")


@pytest.fixture
def number(simulated: Store) -> str:
    return new_case(simulated)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "破损.jpg"
    file.write_bytes(photo())
    return file


def attached(closeloop: Closeloop, number: str, *files: Path) -> list[str]:
    """Attach files; return their ids."""
    answer = closeloop.json("case", "attach", number, *files, "--as", AGENT)
    return [file["id"] for file in answer["attachments"]]


def test_a_file_comes_back_as_it_was_attached(closeloop: Closeloop, number: str, picture: Path, tmp_path: Path):
    [id_] = attached(closeloop, number, picture)
    folder = tmp_path / "out"
    folder.mkdir()
    written = closeloop.json("case", "download", number, id_, "--to", folder, "--as", HANDLER)
    assert Path(written["file"]) == folder / picture.name
    assert (folder / picture.name).read_bytes() == picture.read_bytes()
    assert (folder / picture.name).stat().st_mode & 0o077 == 0
    again = closeloop.refused("case", "download", number, id_, "--to", folder, "--as", HANDLER)
    assert again["code"] == "file_exists"


def test_the_history_and_the_list_name_the_files(closeloop: Closeloop, number: str, picture: Path):
    closeloop.json("case", "attach", number, picture, "--note", "The lid.", "--as", AGENT)
    assert "破损.jpg" in closeloop("case", "attachments", number, "--as", AGENT).out
    assert "破损.jpg" in closeloop("case", "history", number).out
    [file] = closeloop.json("case", "history", number)["transitions"][-1]["form"]["attachments"]
    assert file["name"] == "破损.jpg"
    assert "破损.jpg" in closeloop("case", "show", number, "--as", AGENT).out


def test_a_pending_file_is_named_by_the_move_that_needs_it(
    closeloop: Closeloop, number: str, picture: Path, simulated: Store
):
    [file] = closeloop.json("case", "attach", number, picture, "--pending", "--as", AGENT)["attachments"]
    assert moves_of(simulated, number) == ["open"]
    form = ("--set", "note=See the lid.", "--set", f"attachments={file['id']}")
    closeloop.json("case", "do", number, "note", *form, "--as", AGENT)
    [view] = closeloop.json("case", "attachments", number, "--as", AGENT)["attachments"]
    assert (view["seq"], view["thumbnail"]) == (2, True)


def test_a_thumbnail_is_a_small_picture_without_location(
    closeloop: Closeloop, number: str, picture: Path, tmp_path: Path
):
    from PIL import Image

    [id_] = attached(closeloop, number, picture)
    small = tmp_path / "small.jpg"
    closeloop.json("case", "download", number, id_, "--thumbnail", "--to", small, "--as", AGENT)
    with Image.open(small) as image:
        assert max(image.size) <= 480
        assert dict(image.getexif()) == {}


def test_what_is_no_file_is_refused_and_nobody_waits(closeloop: Closeloop, number: str, tmp_path: Path):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    for what in (pipe, Path("/dev/zero"), tmp_path):
        assert closeloop.refused("case", "attach", number, what, "--as", AGENT)["code"] == "not_a_plain_file"
    nowhere = closeloop.refused("case", "attach", number, tmp_path / "nowhere.jpg", "--as", AGENT)
    assert nowhere["code"] in {"unreadable_body", "unusable_path"}


def test_one_bad_file_of_several_attaches_none(
    closeloop: Closeloop, number: str, picture: Path, tmp_path: Path, simulated: Store
):
    page = tmp_path / "page.jpg"
    page.write_text("<html><script>alert(1)</script></html>")
    refused = closeloop.refused("case", "attach", number, picture, page, "--as", AGENT)
    assert (refused["code"], refused["params"]["type"]) == ("attachment_type", "text/html")
    assert (contents_in(simulated), moves_of(simulated, number)) == ([], ["open"])


def test_the_settings_say_what_is_admitted(closeloop: Closeloop, number: str, tmp_path: Path):
    text = tmp_path / "waybill.txt"
    text.write_bytes(WAYBILL)
    closeloop.patch.setenv("CLOSELOOP_ATTACHMENT_BYTES", "10")
    assert closeloop.refused("case", "attach", number, text, "--as", AGENT)["code"] == "attachment_too_large"
    closeloop.patch.setenv("CLOSELOOP_ATTACHMENT_BYTES", "1000")
    closeloop.patch.setenv("CLOSELOOP_ATTACHMENT_TYPES", "application/pdf, image/png")
    assert closeloop.refused("case", "attach", number, text, "--as", AGENT)["code"] == "attachment_type"
    closeloop.patch.setenv("CLOSELOOP_ATTACHMENT_TYPES", "text/html")
    assert closeloop.refused("case", "attach", number, text, "--as", AGENT)["code"] == "bad_attachment_types"


def test_an_administrator_erases_a_file(closeloop: Closeloop, number: str, picture: Path, simulated: Store):
    [id_] = attached(closeloop, number, picture)
    add_administrator(simulated)
    command = ("case", "erase-attachment", number, id_, "--reason", "He asks for it.")
    assert closeloop.refused(*command, "--as", AGENT)["code"] == "not_in_charge"
    assert closeloop.refused(*command[:-1], " ", "--as", "ada")["code"] == "no_reason"
    closeloop.json(*command, "--as", "ada")
    assert contents_in(simulated) == []
    assert "破损.jpg" not in closeloop("case", "attachments", number, "--as", AGENT).out
    assert closeloop.json("verify")["ok"]
