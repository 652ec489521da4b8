"""What was acknowledged is on the disk: not only told to the kernel, which a kill -9 would never find out."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.audit.verify import verify
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import SECRET, case_of, make_move, moves_of, new_case
from tests.chaos import broken_sync
from tests.chaos.machine_faults import disk_of_its_own, own_postgres
from tests.chaos.rounds import prepared
from tests.chaos.shifted_time import Ahead
from tests.house.sources import ROOT

WITHOUT_SYNC = """
import sys
from engine.settings import Settings
from tests.chaos.broken_sync import take_away
from tests.case_actions import make_move, new_case

store = Settings().store()
number = new_case(store)
take_away()
try:
    make_move(store, number, "classify")
except Exception as error:
    print("not acknowledged:", type(error).__name__)
else:
    print("acknowledged")
"""


@pytest.fixture
def own() -> Iterator[tuple[Store, object]]:
    """A store on a Postgres of its own, which syncs as it is shipped, and what restarts that at once."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, own_postgres(Path(folder)) as (url, restart):
        settings = Settings(home=Path(folder) / "home", secret=SECRET, database_url=url)
        prepared(settings, Ahead())
        store = settings.store()
        yield store, restart
        store.close()


def test_every_commit_to_sqlite_is_synced(sqlite_store: Store):
    with sqlite_store.writing() as tx:
        assert tuple(tx.row("PRAGMA synchronous")) == (2,), "FULL"
        assert tuple(tx.row("PRAGMA journal_mode")) == ("wal",)


@pytest.mark.skipif(not broken_sync.possible(), reason="only Linux lets a test take a process's power to sync")
def test_a_commit_that_cannot_be_synced_is_not_acknowledged(sqlite_settings: Settings):
    told = {"CLOSELOOP_HOME": str(sqlite_settings.where), "CLOSELOOP_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SYNC],
        cwd=ROOT, env={**os.environ, **told}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("not acknowledged"), done.stdout + done.stderr


def test_what_was_acknowledged_outlives_a_power_cut(sqlite_settings: Settings):
    with disk_of_its_own() as disk:
        if disk is None:
            pytest.skip("nobody may mount a disk of its own here")
        shutil.copy(sqlite_settings.where / "closeloop.db", disk.at)
        os.sync()
        settings = sqlite_settings.model_copy(update={"database_url": f"sqlite:///{disk.at / 'closeloop.db'}"})
        store = settings.store()
        number = new_case(store)
        make_move(store, number, "classify")
        disk.loses_power()
        store.close()
        disk.comes_back()
        after = settings.store()
        assert moves_of(after, number) == ["open", "classify"]
        assert verify(after).ok
        after.close()


@pytest.mark.postgres
def test_every_commit_to_postgres_is_synced(own: tuple[Store, object]):
    store, _ = own
    with store.writing() as tx:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert tuple(tx.row(f"SHOW {setting}")) == ("on",), setting


@pytest.mark.postgres
def test_a_postgres_that_is_restarted_at_once_has_lost_nothing(own: tuple[Store, object]):
    store, restart = own
    assert callable(restart)
    number = new_case(store)
    for many in range(2, 5):
        assert make_move(store, number, "note").seq == many
        restart()
        assert case_of(store, number)["version"] == many
    assert verify(store).ok
