"""A backup of a store in use is restored elsewhere with all its rows and checked against its anchors."""

import hashlib
import json
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.audit.archive import MANIFEST
from engine.audit.backup import back_up, tables
from engine.audit.restore import restore
from engine.audit.trusted_backup import Despite
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.create_store import create_store, set_clock
from engine.escalation.fire import fire_due
from engine.ledger.anchoring import Anew, anchor, published
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import (
    DAY,
    HOUR,
    SECRET,
    START,
    SUPERVISOR,
    execute_sql,
    form_for,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
)
from tests.erasures import erase_texts_of

pytestmark = [pytest.mark.requirement("B5"), pytest.mark.any_database]

NOW = START + 2 * DAY
COMMAND = Command("cp-26-000001", "note", form_for("note"), actor=SUPERVISOR, key="a-key")


@pytest.fixture
def elsewhere(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of another machine: an empty home and an empty database of the same kind."""
    url = request.getfixturevalue("new_database")() if settings.database_url else None
    return Settings(home=tmp_path / "elsewhere", secret=SECRET, database_url=url)


@pytest.fixture
def store_with_history(store: Store) -> Store:
    """A store with texts, timers that have fired and timers that will, an honoured key, and an anchor."""
    new_resolved_case(store, phone="13800138000", subject='Broken, "very" 破损', requested_at=START)
    advance(store, COMMAND, START)
    new_case(store, HOUR)
    fire_due(store, START + 3 * HOUR)
    erase_texts_of(store, 2)
    anchor(store, START + DAY)
    make_move(store, "cp-26-000001", "revisit", after=DAY, outcome="dissatisfied", words="Never again,\nI say.")
    return store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.backup"


def bring_key(source: Store, target: Settings) -> None:
    """Copy the private key to the other machine, as the administrator does before a restore."""
    target.where.mkdir(exist_ok=True)
    shutil.copy(source.home / "anchor.key", target.where)


@pytest.fixture
def restored_store(store_with_history: Store, elsewhere: Settings, file: Path) -> Iterator[Store]:
    back_up(store_with_history, file, START + 2 * DAY)
    bring_key(store_with_history, elsewhere)
    assert restore(elsewhere, file, NOW).verdict.faults == ()
    with closing(elsewhere.store()) as store:
        yield store


def all_rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    rows_by_table = {table.name: query_rows(store, f"SELECT * FROM {table.name}") for table in tables()}
    return {name: sorted(rows, key=repr) for name, rows in rows_by_table.items()}


def test_every_row_of_every_table_is_restored(store_with_history: Store, restored_store: Store):
    rows = all_rows(restored_store)
    assert rows == all_rows(store_with_history)
    assert all(
        rows[name]
        for name in ("cases", "transition", "statement", "timer", "escalation_step", "idempotency_key", "anchor")
    )


def test_only_the_owner_may_read_the_backup(restored_store: Store, file: Path):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.with_name(file.name + ".part").exists()


def test_the_restored_store_fires_the_same_steps_once(store_with_history: Store, restored_store: Store):
    original_steps = [fired.step for fired in fire_due(store_with_history, START + 5 * DAY).fired]
    restored_steps = [fired.step for fired in fire_due(restored_store, START + 5 * DAY).fired]
    assert original_steps
    assert restored_steps == original_steps
    assert fire_due(restored_store, START + 5 * DAY).fired == ()


def test_an_honoured_key_stays_honoured(restored_store: Store):
    answer = advance(restored_store, COMMAND, START + 3 * DAY)
    assert (answer.again, answer.seq) == (True, 5)


def test_new_cases_continue_the_numbers(store_with_history: Store, restored_store: Store):
    assert new_case(restored_store, 3 * DAY) == new_case(store_with_history, 3 * DAY)
    make_move(restored_store, "cp-26-000003", "classify", after=3 * DAY)
    assert anchor(restored_store, START + 4 * DAY) is not None
    assert verify(restored_store).ok


def test_the_anchors_are_restored_and_continue(store_with_history: Store, restored_store: Store):
    assert published(restored_store).read_bytes() == published(store_with_history).read_bytes()
    new_case(restored_store, 3 * DAY)
    new_anchor = anchor(restored_store, START + 4 * DAY)
    assert new_anchor is not None
    assert new_anchor.line == len(published(store_with_history).read_text("utf-8").splitlines()) + 1


def test_a_backup_is_one_snapshot_while_others_write(store: Store, elsewhere: Settings, file: Path):
    stop = threading.Event()
    for _ in range(20):
        new_case(store)

    def write_cases() -> None:
        while not stop.wait(0.01):  # a writer without a pause blocks every other one
            make_move(store, new_case(store), "classify")

    writer = threading.Thread(target=write_cases)
    writer.start()
    try:
        back_up(store, file, START)
    finally:
        stop.set()
        writer.join()
    bring_key(store, elsewhere)
    assert [fault.what for fault in restore(elsewhere, file, NOW).verdict.faults] == []


def test_nothing_is_restored_into_a_store_that_holds_rows(store_with_history: Store, settings: Settings, file: Path):
    back_up(store_with_history, file, START + 2 * DAY)
    before = all_rows(store_with_history)
    refused = refusal(lambda: restore(settings, file, NOW))
    assert refused.code == "not_empty"
    assert {"cases", "actor"} <= set(refused.params["tables"])
    assert all_rows(store_with_history) == before


def test_a_backup_is_restored_into_a_new_store(store_with_history: Store, elsewhere: Settings, file: Path):
    back_up(store_with_history, file, START + 2 * DAY)
    create_store(elsewhere, START)
    bring_key(store_with_history, elsewhere)
    restored = restore(elsewhere, file, NOW)
    assert (restored.verdict.faults, restored.verdict.cases) == ((), 2)


def test_a_backup_overwrites_no_file(store_with_history: Store, file: Path):
    file.write_text("something else", "utf-8")
    assert refusal(lambda: back_up(store_with_history, file, START + DAY)).code == "backup_exists"
    assert file.read_text("utf-8") == "something else"


def test_an_unwritable_path_is_refused(store_with_history: Store, tmp_path: Path):
    assert refusal(lambda: back_up(store_with_history, tmp_path / "no" / "file", START)).code == "backup_unwritable"


def test_a_refused_backup_anchors_and_journals_nothing(store_with_history: Store, tmp_path: Path, file: Path):
    file.write_text("something else", "utf-8")
    before = all_rows(store_with_history)
    for target in (file, tmp_path, tmp_path / "no" / "file", tmp_path / ("n" * 300)):
        refusal(lambda target=target: back_up(store_with_history, target, START + 2 * DAY))
    assert all_rows(store_with_history) == before


def test_nothing_is_restored_under_another_secret(store_with_history: Store, elsewhere: Settings, file: Path):
    back_up(store_with_history, file, START + 2 * DAY)
    bring_key(store_with_history, elsewhere)
    other = elsewhere.model_copy(update={"secret": "another"})
    assert refusal(lambda: restore(other, file, NOW)).code == "other_secret"
    assert restore(elsewhere, file, NOW).verdict.cases == 2, "the refusal wrote nothing"


def test_nothing_is_restored_without_the_secret(store_with_history: Store, elsewhere: Settings, file: Path):
    back_up(store_with_history, file, START + 2 * DAY)
    bring_key(store_with_history, elsewhere)
    assert refusal(lambda: restore(elsewhere.model_copy(update={"secret": None}), file, NOW)).code == "restore_secret"


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def overwrite_with_text(file: Path) -> None:
    file.write_text("no backup", "utf-8")


def delete(file: Path) -> None:
    file.unlink()


def replace_entry(file: Path, entry: str, content: bytes) -> None:
    """Rewrite the backup with other content of one entry."""
    with zipfile.ZipFile(file) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    entries[entry] = content
    with zipfile.ZipFile(file, "w") as packed:
        for name, data in entries.items():
            packed.writestr(name, data)


def change_anchors(file: Path) -> None:
    replace_entry(file, "anchors/anchors.jsonl", b"{}\n")


def change_format(file: Path) -> None:
    manifest = json.loads(zipfile.ZipFile(file).read(MANIFEST))
    replace_entry(file, MANIFEST, json.dumps(manifest | {"format": 99}).encode())


def empty_manifest(file: Path) -> None:
    replace_entry(file, MANIFEST, b"[]")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "damage", [truncate, overwrite_with_text, delete, change_anchors, change_format, empty_manifest]
)
def test_a_damaged_backup_is_refused(sqlite_store: Store, tmp_path: Path, file: Path, damage: Any):
    new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    damage(file)
    target = Settings(home=tmp_path / "new", secret=SECRET)
    bring_key(sqlite_store, target)
    assert refusal(lambda: restore(target, file, NOW, Despite("a test", "amy", "root"))).code == "bad_backup"


def test_the_anchors_detect_rows_deleted_from_the_backup(sqlite_store: Store, tmp_path: Path, file: Path):
    """Even if somebody restores it despite its manifest, which no longer has the signature of the key."""
    number = new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    with zipfile.ZipFile(file) as packed:
        packed.extract("closeloop.db", tmp_path)
        manifest = json.loads(packed.read(MANIFEST))
    with closing(sqlite3.connect(tmp_path / "closeloop.db", isolation_level=None)) as raw:
        for table in ("statement", "timer", "outbox_event", "transition", "cases"):
            raw.execute(f"DELETE FROM {table}")
    rows = (tmp_path / "closeloop.db").read_bytes()
    manifest["files"]["closeloop.db"] = hashlib.sha256(rows).hexdigest()
    manifest["sizes"]["closeloop.db"] = len(rows)
    replace_entry(file, "closeloop.db", rows)
    replace_entry(file, MANIFEST, json.dumps(manifest).encode())
    target = Settings(home=tmp_path / "new", secret=SECRET)
    bring_key(sqlite_store, target)
    assert refusal(lambda: restore(target, file, NOW)).code == "backup_forged"
    restored = restore(target, file, NOW, Despite("there is no other copy", "ada", "root"))
    assert {(fault.number, fault.what) for fault in restored.verdict.faults} == {
        (number, "anchor_case_gone"),
        ("journal-0", "journal_changed case_parties [1,1]"),
    }


def test_an_older_backup_under_later_anchors_reports_the_missing_rows(
    store_with_history: Store, settings: Settings, file: Path
):
    back_up(store_with_history, file, START + 2 * DAY)
    number = new_case(store_with_history, 3 * DAY)
    anchor(store_with_history, START + 4 * DAY)
    emptied = Settings(home=settings.home, secret=SECRET, database_url=settings.database_url)
    for table in reversed(tables()):
        execute_sql(store_with_history, f"DELETE FROM {table.name}")
    store_with_history.close()
    restored = restore(emptied, file, NOW)
    assert restored.later == 1
    assert {"anchor_row", "anchor_case_gone", "anchor_cut_short"} == {fault.what for fault in restored.verdict.faults}
    assert number in {fault.number for fault in restored.verdict.faults}
    with closing(emptied.store()) as store:
        assert anchor(store, START + 5 * DAY, Anew("sue", "restored from the backup of the third day")) is not None
        assert verify(store).ok


def test_one_kind_of_database_is_not_restored_into_another(
    sqlite_store: Store, postgres_settings: Settings, file: Path
):
    new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    assert refusal(lambda: restore(postgres_settings, file, NOW)).params == {"database": "sqlite"}


def test_a_store_with_damaged_anchors_is_backed_up(sqlite_store: Store, file: Path):
    new_case(sqlite_store)
    anchor(sqlite_store, START + DAY)
    (sqlite_store.anchors / "anchors.jsonl").write_text("nonsense", "utf-8")
    set_clock(sqlite_store, START + DAY)
    backup = back_up(sqlite_store, file, START + 2 * DAY)
    assert (backup.manifest.line, backup.size) == (0, file.stat().st_size)
