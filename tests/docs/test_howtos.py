"""The commands of the README and the how-tos work, each page in a home of its own."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from apps.cli import run
from tests.docs.pages import ROOT, Block, blocks

HOWTOS = (
    "docs/import.md",
    "docs/export.md",
    "docs/reports.md",
    "docs/foresight.md",
    "docs/simulate.md",
    "docs/night.md",
    "docs/policy.md",
    "docs/calendar.md",
    "docs/callbacks.md",
    "docs/surveys.md",
    "docs/supervisors.md",
    "docs/classifier.md",
    "docs/replay.md",
    "docs/logs.md",
    "docs/duplicates.md",
    "docs/customers.md",
    "docs/attachments.md",
    "docs/retire.md",
    "docs/accounts.md",
    "docs/webhooks.md",
    "docs/people.md",
    "docs/care.md",
)
README, CHINESE = "README.md", "README.zh-CN.md"
NUMBER = "cp-26-000001"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.fixture
def work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples and the files of the how-tos, and with a home that does not exist yet."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"CLOSELOOP_HOME": str(tmp_path / "home"), "CLOSELOOP_LOCALE": "en"}.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for page in HOWTOS:
        for block in blocks(page):
            if block.file:
                (tmp_path / block.file).write_text(block.text, "utf-8")
    return tmp_path


def run_commands(page: str, capsys: pytest.CaptureFixture[str]) -> int:
    """Run every command of a page, with the number of the last case that was opened; return how many were run."""
    number = NUMBER
    count = 0
    for command in (command for block in blocks(page) for command in block.commands):
        code = run(shlex.split(command.replace(NUMBER, number))[1:])
        output = capsys.readouterr()
        red = command.startswith("closeloop status")  # nothing runs beside the tests, and the status says so
        assert code == (2 if red and "✗" in output.out else 0), f"{page}: {command}\n{output.out}{output.err}"
        if opened := re.search(r"cp-\d\d-\d{6}", output.out):
            number = opened[0]
        count += 1
    return count


@pytest.mark.parametrize("page", HOWTOS)
def test_a_howto_can_be_followed(work_folder: Path, capsys: pytest.CaptureFixture[str], page: str):
    if page == "docs/night.md":
        run(["init"])
    assert run_commands(page, capsys) >= 5


@pytest.mark.parametrize("page", [README, CHINESE])
def test_the_readme_can_be_followed(work_folder: Path, capsys: pytest.CaptureFixture[str], page: str):
    assert run_commands(page, capsys) >= 9
    run(["case", "list", "--all", "--json"])
    assert len(json.loads(capsys.readouterr().out)["cases"]) == 1 + 3


def commands_without_texts(block: Block) -> list[str]:
    """Return the commands of a block without what is translated: quoted texts, comments, the language."""
    lines = [line.split("  #")[0].strip() for line in block.text.splitlines()]
    lines = [re.sub(r'"[^"]*"', '"…"', line).replace(" CLOSELOOP_LOCALE=en", "") for line in lines]
    return [line for line in lines if line.startswith("$")]


def test_the_two_readmes_hold_the_same_commands():
    english, chinese = ([commands_without_texts(block) for block in blocks(page)] for page in (README, CHINESE))
    assert english == chinese
    assert [block.language for block in blocks(README)] == [block.language for block in blocks(CHINESE)]


def test_the_two_readmes_name_the_same_settings_and_commands():
    english, chinese = ((ROOT / page).read_text("utf-8") for page in (README, CHINESE))
    for pattern in (r"`(?:CLOSELOOP|PREFECT)_\w+`", r"`[a-z]+-[a-z]+`", r"`make \w+`", r"`closeloop \w+"):
        assert set(re.findall(pattern, english)) == set(re.findall(pattern, chinese)), pattern
    assert english.count("\n## ") == chinese.count("\n## ")


@pytest.mark.parametrize("page", [README, CHINESE, "CONTRIBUTING.md", *HOWTOS])
def test_every_link_has_a_target(page: str):
    for target in LINK.findall((ROOT / page).read_text("utf-8")):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_every_command_named_by_a_page_exists(capsys: pytest.CaptureFixture[str]):
    pages = "".join((ROOT / page).read_text("utf-8") for page in (README, CHINESE, *HOWTOS))
    named = set(re.findall(r"[`$] ?closeloop ((?:case |actor |dead |policy |lifecycle )?[a-z][a-z-]*)", pages))
    for command in named - {"case", "lifecycle"}:
        assert run([*command.split(), "--help"]) == 0, command
        capsys.readouterr()
