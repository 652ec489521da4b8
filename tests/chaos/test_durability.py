"""What was acknowledged is on the disk, not only written to the kernel, which a kill -9 would not show."""

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
from tests.case_actions import SECRET, START, case_of, make_move, moves_of, new_case
from tests.chaos import broken_sync
from tests.chaos.machine_faults import own_postgres, separate_disk
from tests.chaos.rounds import prepare_store
from tests.chaos.shifted_time import TimeOffset
from tests.house.sources import ROOT

WITHOUT_SYNC = """
import sys
from engine.settings import Settings
from tests.chaos.broken_sync import break_sync
from tests.case_actions import make_move, new_case

store = Settings().store()
number = new_case(store)
break_sync()
try:
    make_move(store, number, "classify")
except Exception as error:
    print("not acknowledged:", type(error).__name__)
else:
    print("acknowledged")
"""


@pytest.fixture
def own_store() -> Iterator[tuple[Store, object]]:
    """A store on a separate Postgres with its default syncing, and a function that restarts it at once."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, own_postgres(Path(folder)) as (url, restart):
        settings = Settings(home=Path(folder) / "home", secret=SECRET, database_url=url)
        prepare_store(settings, TimeOffset())
        store = settings.store()
        yield store, restart
        store.close()


def test_every_commit_to_sqlite_is_synced(sqlite_store: Store):
    with sqlite_store.writing() as tx:
        assert tuple(tx.row("PRAGMA synchronous")) == (2,), "FULL"
        assert tuple(tx.row("PRAGMA journal_mode")) == ("wal",)


@pytest.mark.skipif(not broken_sync.possible(), reason="only Linux can make a process's syncs fail")
def test_a_commit_that_cannot_be_synced_is_not_acknowledged(sqlite_settings: Settings):
    environment = {"CLOSELOOP_HOME": str(sqlite_settings.where), "CLOSELOOP_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_SYNC],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.stdout.startswith("not acknowledged"), result.stdout + result.stderr


def test_an_acknowledged_move_survives_a_power_cut(sqlite_settings: Settings):
    with separate_disk() as disk:
        if disk is None:
            pytest.skip("mounting a separate disk is not permitted here")
        shutil.copy(sqlite_settings.where / "closeloop.db", disk.at)
        os.sync()
        settings = sqlite_settings.model_copy(update={"database_url": f"sqlite:///{disk.at / 'closeloop.db'}"})
        store = settings.store()
        number = new_case(store)
        make_move(store, number, "classify")
        disk.cut_power()
        store.close()
        disk.remount()
        after = settings.store()
        assert moves_of(after, number) == ["open", "classify"]
        assert verify(after).ok
        after.close()


@pytest.mark.postgres
@pytest.mark.long
def test_every_commit_to_postgres_is_synced(own_store: tuple[Store, object]):
    store, _ = own_store
    with store.writing() as tx:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert tuple(tx.row(f"SHOW {setting}")) == ("on",), setting


@pytest.mark.postgres
@pytest.mark.long
def test_a_postgres_restarted_at_once_has_lost_nothing(own_store: tuple[Store, object]):
    store, restart = own_store
    assert callable(restart)
    now = store.now() - START
    number = new_case(store, now)
    for version in range(2, 5):
        assert make_move(store, number, "note", after=now).seq == version
        restart()
        assert case_of(store, number)["version"] == version
    assert verify(store).ok
