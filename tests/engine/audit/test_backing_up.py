"""A store that is copied while it works comes back elsewhere as it was, and is checked against its anchors."""

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
from engine.audit.verify import verify
from engine.commands.advance import Command, advance
from engine.create_store import create_store, set_clock
from engine.escalation.fire import fire_due
from engine.ledger.anchor_file import place_of
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

pytestmark = pytest.mark.requirement("B5")

KEY = Command("cp-26-000001", "note", form_for("note"), actor=SUPERVISOR, key="said-once")


@pytest.fixture
def elsewhere(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Another machine: an empty home, and an empty database of the same sort."""
    url = request.getfixturevalue("new_database")() if settings.database_url else None
    return Settings(home=tmp_path / "elsewhere", secret=SECRET, database_url=url)


@pytest.fixture
def lived(store: Store) -> Store:
    """A store with texts, clocks that have fired and clocks that will, an honoured key, and an anchor."""
    new_resolved_case(store, phone="138", subject='Broken, "very" 破损', requested_at=START)
    advance(store, KEY, START)
    new_case(store, HOUR)
    fire_due(store, START + 3 * HOUR)
    execute_sql(store, "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = 2")
    anchor(store, START + DAY)
    make_move(store, "cp-26-000001", "revisit", after=DAY, outcome="dissatisfied", words="Never again,\nI say.")
    return store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.backup"


@pytest.fixture
def brought_back(lived: Store, elsewhere: Settings, file: Path) -> Iterator[Store]:
    back_up(lived, file, START + 2 * DAY)
    (elsewhere.where).mkdir()
    shutil.copy(lived.home / "anchor.key", elsewhere.where)
    assert restore(elsewhere, file).verdict.faults == ()
    with closing(elsewhere.store()) as store:
        yield store


def all_rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    found = {table.name: query_rows(store, f"SELECT * FROM {table.name}") for table in tables()}
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def test_every_row_of_every_table_comes_back(lived: Store, brought_back: Store):
    rows = all_rows(brought_back)
    assert rows == all_rows(lived)
    assert all(
        rows[name]
        for name in ("cases", "transition", "statement", "timer", "escalation_step", "idempotency_key", "anchor")
    )


def test_the_backup_is_its_owners_alone(brought_back: Store, file: Path):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.with_name(file.name + ".part").exists()


def test_what_is_due_fires_once_and_as_it_would_have(lived: Store, brought_back: Store):
    there = [one.step for one in fire_due(lived, START + 5 * DAY).fired]
    here = [one.step for one in fire_due(brought_back, START + 5 * DAY).fired]
    assert there
    assert here == there
    assert fire_due(brought_back, START + 5 * DAY).fired == ()


def test_a_key_that_was_honoured_is_honoured_still(brought_back: Store):
    answer = advance(brought_back, KEY, START + 3 * DAY)
    assert (answer.again, answer.seq) == (True, 5)


def test_new_cases_go_on_counting(lived: Store, brought_back: Store):
    assert new_case(brought_back, 3 * DAY) == new_case(lived, 3 * DAY)
    make_move(brought_back, "cp-26-000003", "classify", after=3 * DAY)
    assert anchor(brought_back, START + 4 * DAY) is not None
    assert verify(brought_back).ok


def test_the_anchors_come_along_and_go_on(lived: Store, brought_back: Store):
    assert published(brought_back).read_bytes() == published(lived).read_bytes()
    new_case(brought_back, 3 * DAY)
    made = anchor(brought_back, START + 4 * DAY)
    assert made is not None
    assert made.line == len(published(lived).read_text("utf-8").splitlines()) + 1


def test_it_is_one_moment_though_others_write_meanwhile(store: Store, elsewhere: Settings, file: Path):
    stop = threading.Event()
    for _ in range(20):
        new_case(store)

    def writes() -> None:
        while not stop.wait(0.01):  # a writer without any pause lets no other in
            make_move(store, new_case(store), "classify")

    writer = threading.Thread(target=writes)
    writer.start()
    try:
        back_up(store, file, START)
    finally:
        stop.set()
        writer.join()
    assert [fault.what for fault in restore(elsewhere, file).verdict.faults] == []


def test_over_a_store_that_holds_anything_nothing_is_restored(lived: Store, settings: Settings, file: Path):
    back_up(lived, file, START + 2 * DAY)
    before = all_rows(lived)
    told = refusal(lambda: restore(settings, file))
    assert told.code == "not_empty"
    assert {"cases", "actor"} <= set(told.params["tables"])
    assert all_rows(lived) == before


def test_over_a_store_that_was_just_made_it_is(lived: Store, elsewhere: Settings, file: Path):
    back_up(lived, file, START + 2 * DAY)
    create_store(elsewhere, START)
    shutil.copy(lived.home / "anchor.key", elsewhere.where)
    restored = restore(elsewhere, file)
    assert (restored.verdict.faults, restored.verdict.cases) == ((), 2)


def test_a_backup_is_never_written_over_a_file(lived: Store, file: Path):
    file.write_text("something else", "utf-8")
    assert refusal(lambda: back_up(lived, file, START + DAY)).code == "backup_exists"
    assert file.read_text("utf-8") == "something else"


def test_a_place_where_nothing_can_be_written_is_refused(lived: Store, tmp_path: Path):
    assert refusal(lambda: back_up(lived, tmp_path / "no" / "file", START)).code == "backup_unwritable"


def test_under_another_secret_nothing_is_restored(lived: Store, elsewhere: Settings, file: Path):
    back_up(lived, file, START + 2 * DAY)
    other = elsewhere.model_copy(update={"secret": "another"})
    assert refusal(lambda: restore(other, file)).code == "other_secret"
    assert restore(elsewhere, file).verdict.cases == 2, "what was refused left nothing behind"


def test_without_the_secret_nothing_is_restored(lived: Store, elsewhere: Settings, file: Path):
    back_up(lived, file, START + 2 * DAY)
    assert refusal(lambda: restore(elsewhere.model_copy(update={"secret": None}), file)).code == "restore_secret"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def no_zip(file: Path) -> None:
    file.write_text("no backup", "utf-8")


def gone(file: Path) -> None:
    file.unlink()


def repacked(file: Path, changed: str, by: bytes) -> None:
    with zipfile.ZipFile(file) as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    inside[changed] = by
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in inside.items():
            packed.writestr(name, content)


def changed(file: Path) -> None:
    repacked(file, "anchors/anchors.jsonl", b"{}\n")


def of_another_format(file: Path) -> None:
    told = json.loads(zipfile.ZipFile(file).read(MANIFEST))
    repacked(file, MANIFEST, json.dumps(told | {"format": 99}).encode())


def without_manifest(file: Path) -> None:
    repacked(file, MANIFEST, b"[]")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("damage", [cut, no_zip, gone, changed, of_another_format, without_manifest])
def test_a_damaged_backup_is_refused(sqlite_store: Store, tmp_path: Path, file: Path, damage: Any):
    new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    damage(file)
    assert refusal(lambda: restore(Settings(home=tmp_path / "new", secret=SECRET), file)).code == "bad_backup"


def test_what_was_changed_in_the_backup_itself_is_found_by_the_anchors(sqlite_store: Store, tmp_path: Path, file: Path):
    """Whoever changes the rows can write another manifest, too."""
    number = new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    with zipfile.ZipFile(file) as packed:
        packed.extract("closeloop.db", tmp_path)
        told = json.loads(packed.read(MANIFEST))
    with closing(sqlite3.connect(tmp_path / "closeloop.db", isolation_level=None)) as raw:
        for table in ("statement", "timer", "outbox_event", "transition", "cases"):
            raw.execute(f"DELETE FROM {table}")
    rows = (tmp_path / "closeloop.db").read_bytes()
    told["files"]["closeloop.db"] = hashlib.sha256(rows).hexdigest()
    repacked(file, "closeloop.db", rows)
    repacked(file, MANIFEST, json.dumps(told).encode())
    restored = restore(Settings(home=tmp_path / "new", secret=SECRET), file)
    assert {(f.number, f.seq, f.what) for f in restored.verdict.faults} == {(number, 1, "anchor_case_gone")}


def test_an_older_backup_under_later_anchors_names_what_is_missing(lived: Store, settings: Settings, file: Path):
    back_up(lived, file, START + 2 * DAY)
    number = new_case(lived, 3 * DAY)
    anchor(lived, START + 4 * DAY)
    lost = Settings(home=settings.home, secret=SECRET, database_url=settings.database_url)
    for table in reversed(tables()):
        execute_sql(lived, f"DELETE FROM {table.name}")
    restored = restore(lost, file)
    assert restored.later == 1
    assert {"anchor_row", "anchor_case_gone"} == {fault.what for fault in restored.verdict.faults}
    assert number in {fault.number for fault in restored.verdict.faults}
    with closing(lost.store()) as store:
        assert anchor(store, START + 5 * DAY, Anew("sue", "restored from the backup of the third day")) is not None
        assert verify(store).ok


def test_one_kind_of_database_is_not_restored_into_another(
    sqlite_store: Store, postgres_settings: Settings, file: Path
):
    new_case(sqlite_store)
    back_up(sqlite_store, file, START + DAY)
    assert refusal(lambda: restore(postgres_settings, file)).params == {"database": "sqlite"}


def test_a_doubted_store_is_backed_up_all_the_same(sqlite_store: Store, file: Path):
    new_case(sqlite_store)
    anchor(sqlite_store, START + DAY)
    (place_of(sqlite_store.home) / "anchors.jsonl").write_text("nonsense", "utf-8")
    set_clock(sqlite_store, START + DAY)
    made = back_up(sqlite_store, file, START + 2 * DAY)
    assert (made.manifest.line, made.size) == (0, file.stat().st_size)
