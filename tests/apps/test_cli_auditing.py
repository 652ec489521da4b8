"""The audit commands: verify, anchor, proof, backup and restore."""

import shutil
from pathlib import Path

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.ledger.anchoring import published
from engine.ledger.merkle import root_by
from engine.ledger.signing import PRIVATE
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, SECRET, START, execute_sql

pytestmark = pytest.mark.requirement("B5")


@pytest.fixture
def anchored(closeloop: Closeloop, simulated: Store, number: str) -> str:
    set_clock(simulated, START + DAY)
    assert closeloop.json("anchor")["made"]
    return number


@pytest.fixture
def admin(simulated: Store) -> str:
    with simulated.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,)))
    return "ada"


def test_an_anchor_on_demand_names_root_and_file(closeloop: Closeloop, simulated: Store, number: str):
    document = closeloop.json("anchor")
    assert document["made"] is True
    assert document["file"] == str(published(simulated))
    anchor = document["anchor"]
    assert (anchor["line"], anchor["cases"], len(anchor["root"])) == (2, 1, 64)
    assert closeloop.json("anchor") == {"made": False, "anchor": None, "file": document["file"]}
    assert "Nothing has changed" in closeloop("anchor").output
    closeloop.json("case", "open", "--text", "Another one.", "--as", "amy")
    assert "Anchor 3" in closeloop("anchor").output


def test_verify_names_the_anchor_it_compared_with(closeloop: Closeloop, anchored: str):
    document = closeloop.json("verify")
    assert (document["ok"], document["anchor"]["line"]) == (True, 2)
    assert document["anchor"]["root"] in closeloop("verify").output


def test_a_deleted_case_is_named_and_no_anchor_is_written(closeloop: Closeloop, simulated: Store, anchored: str):
    for table in ("statement", "timer", "outbox_event", "transition", "cases"):
        execute_sql(simulated, f"DELETE FROM {table}")
    result = closeloop("verify", "--json")
    assert result.code == 2
    faults = {(fault["case"], fault["what"]) for fault in result.document["faults"]}
    assert faults == {(anchored, "anchor_case_gone"), ("journal-0", "journal_changed case_parties [1,1]")}
    refused = closeloop.refused("anchor")
    assert (refused["code"], refused["params"]["problems"]) == ("anchor_doubted", [f"{anchored} 1 anchor_case_gone"])
    assert f"{anchored} 1 anchor_case_gone" in closeloop("anchor").output


def test_only_an_administrator_may_re_anchor(closeloop: Closeloop, simulated: Store, anchored: str, admin: str):
    for table in ("statement", "timer", "outbox_event", "transition", "cases"):
        execute_sql(simulated, f"DELETE FROM {table}")
    assert closeloop.refused("anchor", "--anew", "a test", "--as", "sue")["code"] == "not_administrator"
    assert closeloop.refused("anchor", "--anew", "a test")["code"] == "no_actor"
    anchor = closeloop.json("anchor", "--anew", "a test", "--as", admin)["anchor"]
    assert (anchor["line"], anchor["begun_by"], anchor["reason"]) == (3, admin, "a test")
    assert closeloop.json("verify")["ok"]


def test_without_the_key_no_anchor_is_written(closeloop: Closeloop, simulated: Store, anchored: str):
    (simulated.home / PRIVATE).unlink()
    closeloop.json("case", "open", "--text", "Another one.", "--as", "amy")
    assert closeloop.refused("anchor")["code"] == "no_anchor_key"


def test_a_proof_leads_from_a_case_to_the_published_root(closeloop: Closeloop, simulated: Store, anchored: str):
    for _ in range(4):
        closeloop.json("case", "open", "--text", "Another one.", "--as", "amy")
    cases = closeloop.json("anchor")["anchor"]["cases"]
    proof = closeloop.json("proof", anchored)
    path = [bytes.fromhex(node) for node in proof["path"]]
    assert root_by(path, proof["leaf"].encode(), proof["index"], cases).hex() == proof["anchor"]["root"]
    assert proof["leaf"].startswith(f"{anchored} 1 ")
    assert proof["leaf"] in closeloop("proof", anchored).output


def test_a_case_without_an_anchor_has_no_proof(closeloop: Closeloop, simulated: Store, number: str):
    assert closeloop.refused("proof", number)["code"] == "not_anchored"
    closeloop.json("anchor")
    assert closeloop.refused("proof", "cp-26-000099")["code"] == "not_anchored"


def test_a_backup_is_restored_elsewhere_and_can_be_used(
    closeloop: Closeloop, home: Path, anchored: str, tmp_path: Path
):
    file = tmp_path / "store.backup"
    made = closeloop.json("backup", file)
    assert (made["file"], made["size"], made["database"], made["line"]) == (str(file), file.stat().st_size, "sqlite", 2)
    assert closeloop.refused("backup", file)["code"] == "backup_exists"
    assert closeloop.refused("restore", file)["code"] == "not_empty"
    closeloop.patch.setenv("CLOSELOOP_HOME", str(tmp_path / "elsewhere"))
    assert closeloop.refused("restore", file)["code"] == "backup_no_key"
    (tmp_path / "elsewhere").mkdir(exist_ok=True)
    shutil.copy(home / "anchor.key", tmp_path / "elsewhere")
    restored = closeloop.json("restore", file)
    assert (restored["ok"], restored["cases"], restored["later"]) == (True, 1, 0)
    assert anchored in closeloop("case", "show", anchored).output


def test_cases_lost_since_the_backup_are_named(closeloop: Closeloop, simulated: Store, anchored: str, tmp_path: Path):
    file = tmp_path / "store.backup"
    closeloop.json("backup", file)
    later = closeloop.json("case", "open", "--text", "Another one.", "--as", "amy")["case"]
    closeloop.json("anchor")
    simulated.close()
    for suffix in ("", "-wal", "-shm"):
        (simulated.home / f"closeloop.db{suffix}").unlink(missing_ok=True)
    result = closeloop("restore", file, "--json")
    assert (result.code, result.document["later"]) == (2, 1)
    assert {"case": later, "seq": 1, "what": "anchor_case_gone"} in result.document["faults"]


def test_a_restore_without_the_secret_names_its_file(closeloop: Closeloop, anchored: str, tmp_path: Path):
    closeloop.json("backup", tmp_path / "file")
    closeloop.patch.setenv("CLOSELOOP_HOME", str(tmp_path / "elsewhere"))
    closeloop.patch.delenv("CLOSELOOP_SECRET")
    refused = closeloop.refused("restore", tmp_path / "file")
    assert (refused["code"], refused["params"]["file"]) == ("restore_secret", str(tmp_path / "elsewhere" / "secret"))
    assert SECRET not in refused["text"]
