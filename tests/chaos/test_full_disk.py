"""On a full disk a command is refused with the reason, and succeeds under the same key once there is room again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.settings import Settings
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, SECRET, START, case_of, moves_of, new_case, refusal
from tests.chaos.machine_faults import fill_disk, small_disk
from tests.conftest import copy_anchors, on_database

LONG = "x" * 30_000
MANY = 400


@pytest.fixture
def disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="small") as folder:
        Path(folder).chmod(0o755)  # the server's own user must be able to enter it
        with small_disk(Path(folder) / "disk", megabytes=32) as disk:
            if disk is None:
                pytest.skip("mounting a small disk is not permitted here")
            yield disk


@pytest.fixture
def on_sqlite(disk: Path, sqlite_settings: Settings) -> Iterator[Store]:
    """A SQLite store on the small disk."""
    shutil.copy(sqlite_settings.where / "closeloop.db", disk)
    store = sqlite_settings.model_copy(update={"database_url": f"sqlite:///{disk / 'closeloop.db'}"}).store()
    yield store
    store.close()


@pytest.fixture
def on_postgres(
    disk: Path, home: Path, postgres_home: Path, postgres_url: str, postgres_template: str
) -> Iterator[Store]:
    """A store whose tables are on the small disk, and the server's own files are not."""
    copy_anchors(postgres_home, home)
    with psycopg.connect(postgres_url, autocommit=True) as raw:
        [data] = raw.execute("SHOW data_directory").fetchone() or ("",)
        place = disk / "tables"
        place.mkdir()
        owner = Path(data).stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        raw.execute(SQL("CREATE TABLESPACE small LOCATION {}").format(Literal(str(place))))
        raw.execute(SQL("CREATE DATABASE small TEMPLATE {} TABLESPACE small").format(Identifier(postgres_template)))
        store = Settings(home=home, secret=SECRET, database_url=on_database(postgres_url, "small")).store()
        yield store
        store.close()
        raw.execute("DROP DATABASE small WITH (FORCE)")
        raw.execute("DROP TABLESPACE small")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def small_store(request: pytest.FixtureRequest) -> Store:
    """A store on a small disk, on each database."""
    return request.getfixturevalue(f"on_{request.param}")


def notes_until_refused(store: Store, number: str) -> tuple[int, Refused]:
    """Add notes, each under its own key, until one is refused; return how many succeeded, and the refusal."""
    for at in range(MANY):
        try:
            advance(store, note(number, at), START)
        except Refused as refused:
            return at, refused
    raise AssertionError("the disk never fill_disk up")


def note(number: str, at: int) -> Command:
    return Command(number, "note", {"note": f"{at} {LONG}"}, actor=AGENT, key=f"note-{at}")


def test_a_full_disk_refuses_keeps_what_it_acknowledged_and_accepts_the_same_key_once_it_has_room(
    small_store: Store, disk: Path
):
    number = new_case(small_store)
    with fill_disk(disk):
        written, refused = notes_until_refused(small_store, number)
        assert refused.code == "disk_full"
        assert refusal(lambda: advance(small_store, note(number, written), START)).code == "disk_full"
        assert case_of(small_store, number)["version"] == 1 + written
    assert advance(small_store, note(number, written), START).seq == 2 + written
    for at in range(written):
        assert advance(small_store, note(number, at), START).again
    assert moves_of(small_store, number) == ["open", *["note"] * (written + 1)]
    assert verify(small_store).ok
