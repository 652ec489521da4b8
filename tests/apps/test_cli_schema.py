"""A store of another release: every command says so with the remedy, `backup` saves it, `init` upgrades it."""

import contextlib
import json
import stat
from pathlib import Path

import pytest

from engine import store_lock
from engine.audit.archive import packed_in
from engine.ledger.chain import keyed
from engine.runs import hold
from engine.schema import migrate, newest, revision_of, revisions
from engine.settings import Settings
from engine.store_lock import held_alone
from tests.apps.conftest import Closeloop
from tests.case_actions import SECRET, execute_sql, query_rows

COMMANDS = (
    "board",
    "status",
    "case list",
    "case show cp-26-000001",
    "case open --text Broken. --as amy",
    "actor list",
    "actor add ada --role administrator",
    "callbacks",
    "department list",
    "policy list",
    "calendar list",
    "survey list",
    "dead list",
    "report",
    "analysis --month 2026-03",
    "sweep",
    "verify",
    "anchor",
    "refused --as amy",
    "lifecycle check",
    "lifecycle migrate",
    "drive",
)
"""All that ask the database; `proof` reads the anchors alone, and `diagram` nothing."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, closeloop: Closeloop, home: Path) -> Settings:
    """Settings of an empty home whose store is on each database."""
    closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else None
    if url:
        closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", url)
    return Settings(home=home, secret=SECRET, database_url=url)


@pytest.fixture
def older(settings: Settings) -> Settings:
    """A store of the first release."""
    migrate(settings.url, revisions()[0])
    with contextlib.closing(settings.store(any_schema=True)) as store:
        check = keyed(SECRET.encode(), "closeloop")
        execute_sql(store, "INSERT INTO store_info (id, made_at, secret_check) VALUES (1, 5, :check)", check=check)
        execute_sql(store, "INSERT INTO actor (id, handle, roles, locale) VALUES (1, 'amy', 'agent', 'en')")
    return settings


def code_of(closeloop: Closeloop, command: str) -> str:
    """Return the code of the refusal, which `status` shows as the state of the database."""
    result = closeloop(*command.split(), "--json")
    assert result.code == 2, (command, result.out + result.err)
    document = json.loads(result.out)
    return document["parts"]["database"]["reason"] if command == "status" else document["refused"]["code"]


def test_every_command_names_an_older_schema_and_the_remedy(closeloop: Closeloop, older: Settings):
    assert {command: code_of(closeloop, command) for command in COMMANDS} == dict.fromkeys(COMMANDS, "schema_older")
    refused = closeloop.refused("board")
    assert (refused["params"]["schema"], refused["params"]["needed"]) == ("0001", newest())
    assert "closeloop init" in refused["text"]
    assert revision_of(older.url) == "0001"


def test_every_command_names_a_newer_schema_and_the_remedy(closeloop: Closeloop, settings: Settings, tmp_path: Path):
    closeloop.json("init")
    with contextlib.closing(settings.store(any_schema=True)) as store:
        execute_sql(store, "UPDATE alembic_version SET version_num = '9999'")
    commands = (*COMMANDS, "init", f"backup {tmp_path / 'newer.backup'}")
    assert {command: code_of(closeloop, command) for command in commands} == dict.fromkeys(commands, "schema_newer")
    assert not (tmp_path / "newer.backup").exists()


def test_an_older_store_is_backed_up_and_restored_as_one_of_this_release(
    closeloop: Closeloop, older: Settings, tmp_path: Path, request: pytest.FixtureRequest
):
    closeloop.json("backup", tmp_path / "old.backup")
    with packed_in(tmp_path / "old.backup") as packed:
        packed.check()
        assert packed.manifest.revision == "0001"
    closeloop.patch.setenv("CLOSELOOP_HOME", str(tmp_path / "elsewhere"))
    if older.database_url:
        closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", request.getfixturevalue("new_database")())
    despite = ("restore", tmp_path / "old.backup", "--despite", "made before there were keys")
    assert closeloop.refused(*despite)["code"] == "no_actor"
    assert closeloop.json(*despite, "--as", "amy")["ok"] is True
    assert "amy" in closeloop("actor", "list").output


def test_init_upgrades_it_after_a_backup_that_can_be_read(closeloop: Closeloop, older: Settings):
    upgraded = closeloop.json("init")["upgraded"]
    assert (upgraded["before"], upgraded["after"], revision_of(older.url)) == ("0001", newest(), newest())
    with packed_in(Path(upgraded["backup"])) as packed:
        packed.check()
        assert packed.manifest.revision == "0001"
    assert stat.S_IMODE(Path(upgraded["backup"]).stat().st_mode) == 0o600
    assert "amy" in closeloop("actor", "list").output
    assert "upgraded" not in closeloop.json("init")


def test_a_store_that_somebody_has_open_is_not_upgraded(closeloop: Closeloop, older: Settings):
    closeloop.patch.setattr(store_lock, "BUSY_SECONDS", 0.1)
    with contextlib.closing(older.store(any_schema=True)) as store:
        assert query_rows(store, "SELECT handle FROM actor") == [{"handle": "amy"}]
        assert closeloop.refused("init")["code"] == "store_in_use"
        assert revision_of(older.url) == "0001"
    assert closeloop.json("init")["upgraded"]["after"] == newest()


def test_a_store_that_a_driver_of_an_earlier_release_drives_is_not_upgraded(closeloop: Closeloop, older: Settings):
    with contextlib.closing(older.store(any_schema=True)) as store:
        hold(store, "driver", "123-abc", store.now(), 3600)
    assert closeloop.refused("init")["code"] == "store_driven"
    with contextlib.closing(older.store(any_schema=True)) as store:
        execute_sql(store, "DELETE FROM lease")
    assert closeloop.json("init")["upgraded"]["after"] == newest()


def test_while_a_store_is_upgraded_no_command_uses_it(closeloop: Closeloop, settings: Settings):
    closeloop.json("init")
    with held_alone(settings.url):
        assert code_of(closeloop, "board") == "store_upgrading"
    closeloop.json("board")


def test_whatever_the_homes_mode_the_files_of_a_store_are_for_their_owner(closeloop: Closeloop, home: Path):
    home.chmod(0o755)
    (home / "closeloop.db").touch(mode=0o644)
    closeloop.json("init")
    with contextlib.closing(Settings(home=home).store()) as store:
        execute_sql(store, "INSERT INTO lease (name, owner, seen_at, until) VALUES ('x', 'y', 1, 2)")
        assert (home / "closeloop.db-wal").exists()
        loose = [file.name for file in home.iterdir() if file.is_file() and file.stat().st_mode & 0o077]
    assert loose == []
