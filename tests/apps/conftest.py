"""The command line, run in this process in a home of its own, in English and on a wide terminal."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.cli import run
from engine.settings import Settings
from engine.store import Store
from tests.telling import SECRET


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output; the test fails if anything else is there."""
        [line] = self.out.splitlines()
        return json.loads(line)

    @property
    def words(self) -> str:
        """Everything that a person reads, on one line."""
        return " ".join((self.out + self.err).split())


@dataclass
class Closeloop:
    """Runs commands as somebody at a terminal does."""

    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: object, stdin: str = "") -> Said:
        self.patch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run([str(word) for word in words])
        caught = self.capsys.readouterr()
        return Said(code, caught.out, caught.err)

    def told(self, *words: object, stdin: str = "") -> dict[str, Any]:
        """The document of a command that is carried out."""
        said = self(*words, "--json", stdin=stdin)
        assert said.code == 0, said.out + said.err
        return said.document

    def refused(self, *words: object, stdin: str = "") -> dict[str, Any]:
        """Code, parameters and text of a command that is refused, the same to programs and to people."""
        shown, said = self(*words, stdin=stdin), self(*words, "--json", stdin=stdin)
        assert (shown.code, said.code) == (2, 2), shown.words
        assert shown.out == ""
        refused = said.document["refused"]
        assert " ".join(refused["text"].split())[:60] in shown.words
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
    return closeloop.told("case", "open", "--text", "My parcel is late.", "--as", "amy")["case"]
