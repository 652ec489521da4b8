"""A store is opened with the secret that it was made with, by every command, or not at all."""

from pathlib import Path

import pytest

from engine.audit.backup import back_up
from engine.settings import Settings
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import SECRET, START, new_case, refusal

COMMANDS = (
    ("init", "--simulated", "--at", START.isoformat()), ("status",), ("verify",), ("anchor",), ("board",), ("report",),
    ("case", "list"), ("case", "show", "cp-26-000001"), ("case", "history", "cp-26-000001"),
    ("case", "open", "--text", "Lost.", "--as", "amy"),
    ("case", "do", "cp-26-000001", "note", "--set", "note=x", "--as", "amy"),
    ("actor", "list"), ("dead", "list"), ("sweep",), ("backup", "copy"), ("refused", "--as", "odd"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "code"), [("", "weak_secret"), ("short", "other_secret"), (f"{SECRET}x", "other_secret")]
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_refuses_it(
    closeloop: Closeloop,
    simulated: Store,
    tmp_path: Path,
    monkeypatch,
    command: tuple[str, ...],
    secret: str,
    code: str,
):
    new_case(simulated)
    monkeypatch.chdir(tmp_path)
    closeloop.patch.setenv("CLOSELOOP_SECRET", secret)
    result = closeloop(*command, "--json")
    if command == ("status",) and code == "other_secret":
        assert result.code == 2
        assert "other_secret" in result.out
    else:
        assert result.code == 2, result.out
        assert result.document["refused"]["code"] in {code, "weak_secret"}
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("locale", ["en", "zh_CN", "zh_TW"])
def test_it_says_what_to_do_in_each_language(closeloop: Closeloop, simulated: Store, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for secret in ("", "another-secret-of-the-tests"):
        closeloop.patch.setenv("CLOSELOOP_SECRET", secret)
        assert "CLOSELOOP_SECRET" in closeloop.refused("case", "list")["text"]


def test_a_new_store_takes_no_short_secret(closeloop: Closeloop, home: Path):
    closeloop.patch.setenv("CLOSELOOP_SECRET", "fifteen-letters")
    refused = closeloop.refused("init")
    assert (refused["code"], refused["params"]["least"]) == ("weak_secret", 16)
    assert not (home / "closeloop.db").exists()
    closeloop.patch.setenv("CLOSELOOP_SECRET", "sixteen-letters!")
    assert closeloop.json("init")["new"]


def test_an_empty_secret_file_of_an_init_that_was_killed_is_filled(closeloop: Closeloop, home: Path):
    home.mkdir(exist_ok=True)
    (home / "secret").touch(mode=0o600)
    assert closeloop.json("init")["new"]
    assert len((home / "secret").read_bytes()) == 64
    assert (home / "secret").stat().st_mode & 0o777 == 0o600


def test_a_store_is_compared_before_its_first_statement_and_session(settings: Settings, tmp_path: Path):
    wrong = Settings(home=settings.home, database_url=settings.database_url, secret="another-secret-of-the-tests")
    for attempt in ("writing", "looking", "reading"):
        store = wrong.store()
        assert refusal(lambda: getattr(store, attempt)().__enter__()).code == "other_secret"  # noqa: B023
        store.close()
    store = wrong.store()
    assert refusal(lambda: store.writing(optimistic=True).__enter__()).code == "other_secret"
    assert refusal(lambda: back_up(store, tmp_path / "copy", START)).code == "other_secret"
    store.close()
