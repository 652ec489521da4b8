"""The command line, run in this process in a home of its own, in English and on a wide terminal; and a browser."""

import io
import json as decoder
import logging
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.cli import run
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output; the test fails if anything else is there."""
        [line] = self.out.splitlines()
        return decoder.loads(line)

    @property
    def output(self) -> str:
        """The whole output on one line."""
        return " ".join((self.out + self.err).split())


@dataclass
class Closeloop:
    """Runs commands as at a terminal."""

    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object, stdin: str | bytes = "") -> CommandResult:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
        code = run([str(argument) for argument in arguments])
        caught = self.capsys.readouterr()
        return CommandResult(code, caught.out, caught.err)

    def json(self, *arguments: object, stdin: str | bytes = "") -> dict[str, Any]:
        """Run a command with ``--json``, which must succeed; returns its document."""
        result = self(*arguments, "--json", stdin=stdin)
        assert result.code == 0, result.out + result.err
        return result.document

    def refused(self, *arguments: object, stdin: str | bytes = "") -> dict[str, Any]:
        """Run a command that must be refused, with the same text for programs and people; returns the refusal."""
        shown, result = self(*arguments, stdin=stdin), self(*arguments, "--json", stdin=stdin)
        assert (shown.code, result.code) == (2, 2), shown.output
        assert shown.out == ""
        refused = result.document["refused"]
        assert " ".join(refused["text"].split())[:60] in shown.output
        return refused


@pytest.fixture
def closeloop(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Closeloop:
    """The command line in ``home``, where there is no store yet."""
    settings = {"CLOSELOOP_HOME": str(home), "CLOSELOOP_LOCALE": "en", "COLUMNS": "400", "TERM": "dumb"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Closeloop(monkeypatch, capsys)


@pytest.fixture
def simulated(closeloop: Closeloop, sqlite_settings: Settings, sqlite_store: Store) -> Store:
    """The store of ``closeloop``: simulated, its clock at ``START``, the people of the tests in it."""
    closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
    return sqlite_store


@pytest.fixture
def number(closeloop: Closeloop, simulated: Store) -> str:
    """A case of the simulated store, just opened."""
    return closeloop.json("case", "open", "--text", "My parcel is late.", "--as", "amy")["case"]


class KeptMessages(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def driver_log() -> Iterator[list[str]]:
    """The warnings and errors of the driver. Not by ``caplog``, which stays empty after tests with Prefect."""
    logger, kept = logging.getLogger("closeloop.driver"), KeptMessages()
    before = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(kept)
    yield kept.messages
    logger.removeHandler(kept)
    logger.setLevel(before)


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """The system's Chromium, without a window; of a module, for while it is open no other loop runs in this thread."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to visit the pages")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
