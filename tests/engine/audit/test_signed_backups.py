"""A backup is signed by the key of its home; another one is restored only with a reason, which is recorded."""

import contextlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import store_lock
from engine.actors import NewActor
from engine.audit.archive import MANIFEST
from engine.audit.backup import back_up
from engine.audit.restore import restore
from engine.audit.trusted_backup import Despite, Distrusted
from engine.commands.staffing import engage
from engine.ledger.signing import make_key
from engine.settings import Settings
from engine.store import Store
from engine.store_lock import held_alone
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, SECRET, START, new_case, query_rows, refusal

pytestmark = [pytest.mark.requirement("B5"), pytest.mark.any_database]

NOW = START + 2 * DAY
WHY = Despite("there is no other copy", "ada", "root")


@pytest.fixture
def target(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of another machine: an empty home without a key, and an empty database of the same kind."""
    url = request.getfixturevalue("new_database")() if settings.database_url else None
    (tmp_path / "target").mkdir()
    return Settings(home=tmp_path / "target", secret=SECRET, database_url=url)


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    """The backup of a store with a case and an administrator."""
    engage(store, NewActor("ada", (Role.ADMINISTRATOR,)), "", START)
    new_case(store)
    return back_up(store, tmp_path / "store.backup", START + DAY).file


def bring_key(store: Store, target: Settings) -> None:
    shutil.copy(store.home / "anchor.key", target.where)


def change_manifest(file: Path, **changed: Any) -> None:
    """Rewrite the manifest of a backup, as somebody may who does not have the key."""
    with zipfile.ZipFile(file) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(entries[MANIFEST]) | changed
    entries[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as packed:
        for name, data in entries.items():
            packed.writestr(name, data)


def restored_rows(target: Settings) -> list[dict[str, Any]]:
    with contextlib.closing(target.store()) as store:
        return query_rows(store, "SELECT number FROM cases")


def runs_of_restore(target: Settings) -> list[dict[str, Any]]:
    with contextlib.closing(target.store()) as store:
        return [json.loads(row["note"]) for row in query_rows(store, "SELECT note FROM run WHERE flow = 'restore'")]


def test_a_backup_that_the_key_of_the_home_signed_is_restored_and_nothing_recorded(
    store: Store, file: Path, target: Settings
):
    bring_key(store, target)
    assert restore(target, file, NOW).distrusted is None
    assert runs_of_restore(target) == []


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("backup_unsigned", {"signature": "", "key": ""}),
        ("backup_forged", {"made_at": 7}),
        ("backup_forged", {"revision": "0001"}),
        ("backup_unsigned", {"format": 1, "signature": "", "key": ""}),
    ],
)
def test_a_manifest_that_somebody_changed_is_refused_and_restored_only_with_a_reason(
    store: Store, file: Path, target: Settings, code: str, changed: dict[str, Any]
):
    bring_key(store, target)
    change_manifest(file, **changed)
    assert refusal(lambda: restore(target, file, NOW)).code == code
    if "revision" in changed:  # the rows are not of that schema
        return
    restored = restore(target, file, NOW, WHY)
    assert restored.distrusted is not None
    assert restored.distrusted == Distrusted(code, WHY.reason, WHY.by, WHY.os_user)
    noted = {"distrusted": code, "reason": WHY.reason, "by": WHY.by, "os_user": WHY.os_user}
    assert [{name: note[name] for name in noted} for note in runs_of_restore(target)] == [noted]


@pytest.mark.parametrize(("by", "code"), [(AGENT, "not_in_charge"), ("nobody", "unknown_actor")])
def test_only_an_administrator_trusts_another_backup(file: Path, target: Settings, by: str, code: str):
    assert refusal(lambda: restore(target, file, NOW, replace(WHY, by=by))).code == code
    restore(target, file, NOW, WHY)  # the refusal left nothing that stands in its way


def test_a_backup_that_another_key_signed_is_refused(file: Path, target: Settings, tmp_path: Path):
    make_key(target.where, tmp_path / "anchors of nobody")
    assert refusal(lambda: restore(target, file, NOW)).code == "backup_other_key"


def test_without_a_key_nobody_can_tell_and_a_restore_with_a_reason_leaves_no_key_to_trust(file: Path, target: Settings):
    assert refusal(lambda: restore(target, file, NOW)).code == "backup_no_key"
    restore(target, file, NOW, WHY)
    assert not (target.where / "anchors" / "anchor.pub").exists()


def test_the_public_key_beside_the_anchors_is_enough(store: Store, file: Path, target: Settings):
    (target.where / "anchors").mkdir()
    shutil.copy(store.anchors / "anchor.pub", target.where / "anchors")
    assert restore(target, file, NOW).distrusted is None


def test_a_backup_of_a_later_release_is_refused_before_anything_is_written(store: Store, file: Path, target: Settings):
    bring_key(store, target)
    change_manifest(file, revision="9999")
    assert refusal(lambda: restore(target, file, NOW, WHY)).code == "schema_newer"
    assert sorted(path.name for path in target.where.iterdir()) == ["anchor.key"]


def test_a_file_of_another_size_than_the_manifest_names_is_refused(store: Store, file: Path, target: Settings):
    bring_key(store, target)
    with zipfile.ZipFile(file) as packed:
        sizes = json.loads(packed.read(MANIFEST))["sizes"]
    change_manifest(file, sizes={name: size + 1 for name, size in sizes.items()})
    assert refusal(lambda: restore(target, file, NOW, WHY)).code == "bad_backup"


def test_nothing_is_restored_into_a_store_that_somebody_has_open(
    store: Store, file: Path, target: Settings, monkeypatch: pytest.MonkeyPatch
):
    bring_key(store, target)
    monkeypatch.setattr(store_lock, "BUSY_SECONDS", 0.1)
    with held_alone(target.url):
        assert refusal(lambda: restore(target, file, NOW)).code == "store_in_use"
    restore(target, file, NOW)
    assert restored_rows(target) == query_rows(store, "SELECT number FROM cases")
