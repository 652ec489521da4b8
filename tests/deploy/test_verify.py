"""The verifier of one file: it agrees with the store's own, on a machine that has nothing of closeloop."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from engine.audit.backup import back_up
from engine.ledger.anchor_file import place_of
from engine.ledger.anchoring import Anew, anchor
from engine.ledger.chain import canonical
from engine.ledger.merkle import Tree
from engine.ledger.signing import make_key, public_hex, signed
from engine.store import Store
from tests.audit.tamperings import STANDALONE
from tests.case_actions import DAY, START, execute_sql, make_move, new_case, new_resolved_case
from tests.docs.pages import ROOT

pytestmark = pytest.mark.requirement("B5")

Says = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The auditor's machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copy(ROOT / "deploy" / "verify.py", folder)
    return folder


@pytest.fixture
def says(elsewhere: Path) -> Says:
    """Runs it there by a Python that sees no package at all; exit code and lines."""

    def run(*words: object) -> tuple[int, list[str]]:
        command = [sys.executable, "-I", "-S", elsewhere / "verify.py", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=elsewhere, timeout=60)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return run


@pytest.fixture
def told(sqlite_store: Store) -> Store:
    for _ in range(3):
        new_resolved_case(sqlite_store, subject='破损\n\u2028 \x7f "q"', demand="</br>")
    execute_sql(sqlite_store, "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = 2")
    anchor(sqlite_store, START + DAY)
    new_case(sqlite_store, DAY)
    return sqlite_store


def at(store: Store) -> tuple[Path, str, Path]:
    return store.home / "closeloop.db", "--anchors", place_of(store.home)


def gone(store: Store, case_id: int) -> None:
    for table in ("statement", "timer", "outbox_event", "transition"):
        execute_sql(store, f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    execute_sql(store, "DELETE FROM cases WHERE id = :case_id", case_id=case_id)


def test_an_honest_store_is_whole(told: Store, says: Says):
    code, lines = says(*at(told))
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("whole")


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE transition SET via = 'api' WHERE case_id = 1 AND seq = 2", "cp-26-000001 2 hash"),
        ("UPDATE transition SET form = X'FF00' WHERE case_id = 1 AND seq = 2", "cp-26-000001 2 hash"),
        ("UPDATE transition SET source = 'x' WHERE case_id = 1 AND seq = 2", "cp-26-000001 2 skipped_state"),
        ("UPDATE cases SET level = 3 WHERE id = 1", "cp-26-000001 4 row"),
        ("UPDATE cases SET head = 'x' WHERE id = 1", "cp-26-000001 4 head"),
        ("UPDATE statement SET content = 'x' WHERE case_id = 1 AND field = 'text'", "cp-26-000001 1 statement_text"),
        ("UPDATE statement SET erased_at = 5 WHERE case_id = 1 AND field = 'text'", "cp-26-000001 1 statement_text"),
        ("UPDATE statement SET seq = 3 WHERE case_id = 1 AND field = 'text'", "cp-26-000001 3 statement_text_unknown"),
        ("DELETE FROM statement WHERE case_id = 1 AND field = 'text'", "cp-26-000001 1 statement_text"),
        ("UPDATE transition SET seq = 9 WHERE case_id = 1 AND seq = 4", "cp-26-000001 9 gap"),
    ],
)
def test_it_finds(told: Store, says: Says, sql: str, what: str):
    assert execute_sql(told, sql) >= 1
    code, lines = says(*at(told))
    assert code == 2
    assert what in lines


def test_it_finds_what_belongs_to_no_case(told: Store, says: Says):
    with closing(sqlite3.connect(told.home / "closeloop.db", isolation_level=None)) as raw:
        raw.execute("DELETE FROM cases WHERE id = 3")
    _, lines = says(*at(told))
    assert {"- 0 stray_transition", "- 0 stray_statement", "cp-26-000003 4 anchor_case_gone"} <= set(lines)


def test_it_finds_a_case_that_was_taken_away_whole(told: Store, says: Says):
    gone(told, 2)
    assert says(*at(told)) == (2, ["cp-26-000002 4 anchor_case_gone"])


@pytest.mark.parametrize(
    ("changed", "by", "what"),
    [
        ('"cases":3', '"cases":4', "- 1 anchor_signature"),
        ('"signature":"', '"signature":"00', "- 1 anchor_signature"),
        ('"line":1', '"line":2', "- 2 anchor_file"),
    ],
)
def test_it_finds_a_forged_anchor(told: Store, says: Says, changed: str, by: str, what: str):
    file = place_of(told.home) / "anchors.jsonl"
    file.write_text(file.read_text("utf-8").replace(changed, by), "utf-8")
    assert what in says(*at(told))[1]


def test_it_finds_leaves_that_are_not_those_of_the_root(told: Store, says: Says):
    file = place_of(told.home) / "leaves-000001.txt"
    file.write_text(file.read_text("utf-8").replace(" 4 ", " 3 ", 1), "utf-8")
    assert says(*at(told)) == (2, ["- 1 anchor_leaves"])


def test_it_knows_the_key_that_was_handed_over(told: Store, says: Says, tmp_path: Path):
    kept = tmp_path / "kept.pub"
    shutil.copy(place_of(told.home) / "anchor.pub", kept)
    assert says(*at(told), "--key", kept)[0] == 0
    make_key(tmp_path, tmp_path)
    assert says(*at(told), "--key", tmp_path / "anchor.pub") == (2, ["- 1 anchor_key"])


def test_an_older_whole_database_with_its_older_anchors_is_seen_by_who_saw_the_newer(
    told: Store, says: Says, tmp_path: Path
):
    told.close()
    older = tmp_path / "older"
    shutil.copytree(told.home, older)
    new_case(told, 2 * DAY)
    anchor(told, START + 3 * DAY)
    state = tmp_path / "seen"
    assert says(*at(told), "--state", state)[0] == 0
    there = older / "closeloop.db", "--anchors", older / "anchors"
    assert says(*there)[0] == 0, "by itself it is whole"
    assert says(*there, "--state", state) == (2, ["- 2 rolled_back", "cp-26-000005 1 seen_case_gone"])
    assert says(*at(told), "--state", state)[0] == 0, "what was found wrong is not remembered"


def test_what_was_seen_and_never_anchored_is_missed_too(told: Store, says: Says, tmp_path: Path):
    state = tmp_path / "seen"
    assert says(*at(told), "--state", state)[0] == 0
    gone(told, 4)
    assert says(*at(told), "--state", state) == (2, ["cp-26-000004 1 seen_case_gone"])


def test_what_was_seen_and_was_anchored_otherwise_is_missed(told: Store, says: Says, tmp_path: Path):
    state = tmp_path / "seen"
    says(*at(told), "--state", state)
    seen = json.loads(state.read_text("utf-8"))
    state.write_text(json.dumps(seen | {"hash": "0" * 64}), "utf-8")
    assert says(*at(told), "--state", state) == (2, ["- 1 seen_rewritten"])


def test_a_new_beginning_is_told_until_somebody_has_looked_into_it(told: Store, says: Says, tmp_path: Path):
    state = tmp_path / "seen"
    assert says(*at(told), "--state", state)[0] == 0
    make_move(told, "cp-26-000004", "classify", after=DAY)
    anchor(told, START + 2 * DAY, Anew("ada", "restored"))
    assert says(*at(told), "--state", state) == (2, ["- 2 begun_anew"])
    assert says(*at(told), "--state", state, "--accept-anew")[0] == 0
    assert says(*at(told), "--state", state)[0] == 0


def test_a_backup_needs_nothing_beside_it(store: Store, says: Says, tmp_path: Path):
    new_resolved_case(store, subject='破损,\n"q"')
    new_case(store)
    execute_sql(store, "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = 2")
    back_up(store, tmp_path / "file", START + DAY)
    assert says(tmp_path / "file")[0] == 0
    gone(store, 2)
    back_up(store, tmp_path / "later", START + 2 * DAY)
    assert says(tmp_path / "later") == (2, ["cp-26-000002 1 anchor_case_gone"])


@pytest.mark.postgres
def test_what_psql_copied_out_is_read_as_well(postgres_store: Store, says: Says, tmp_path: Path):
    new_resolved_case(postgres_store, subject='破损,\n"q"')
    anchor(postgres_store, START + DAY)
    folder = tmp_path / "copied"
    folder.mkdir()
    url = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as raw:
        for name in ("cases", "transition", "statement"):
            with raw.cursor().copy(f"COPY {name} TO STDOUT (FORMAT csv, HEADER true)".encode()) as copy:
                (folder / f"{name}.csv").write_bytes(b"".join(map(bytes, copy)))
    assert says(folder, "--anchors", place_of(postgres_store.home))[0] == 0
    text = (folder / "statement.csv").read_text("utf-8")
    (folder / "statement.csv").write_text(text.replace("My parcel is broken.", "It was fine."), "utf-8")
    code, lines = says(folder, "--anchors", place_of(postgres_store.home))
    assert (code, lines) == (2, ["cp-26-000001 1 statement_text"])


@pytest.mark.parametrize("source", ["no/such/file", "verify.py", "."])
def test_what_is_no_store_cannot_be_checked(says: Says, source: str):
    code, lines = says(source, "--anchors", ".")
    assert code == 1
    assert lines[0].startswith("cannot be checked")


words = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.dictionaries(words, words | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=5))
def test_it_spells_a_record_as_the_store_does(record: dict[str, Any]):
    assert STANDALONE.canonical(record) == canonical(record)


@given(st.lists(st.binary(max_size=8), max_size=20))
def test_it_reckons_the_same_root(leaves: list[bytes]):
    assert STANDALONE.merkle(leaves) == Tree(leaves).root()


@given(st.text(max_size=20), st.integers(0, 511))
def test_it_believes_the_same_signatures(text: str, bit: int):
    text = text.encode("utf-8", "replace").decode()
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    good = signed(key, text)
    assert STANDALONE.signed(public_hex(key), good, text)
    assert not STANDALONE.signed(public_hex(key), good, text + "x")
    bad = (int(good, 16) ^ (1 << bit)).to_bytes(64, "big").hex()
    assert not STANDALONE.signed(public_hex(key), bad, text)


def test_it_believes_the_signature_of_the_standard():
    """RFC 8032, 7.1, test 1: the empty text."""
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert STANDALONE.signed(public, signature, "")
    assert not STANDALONE.signed(public, signature[:-2], "")
    assert not STANDALONE.signed("ff" * 32, signature, "")
    order = STANDALONE.ORDER
    other = bytes.fromhex(signature)
    malleable = other[:32] + (int.from_bytes(other[32:], "little") + order).to_bytes(32, "little")
    assert not STANDALONE.signed(public, malleable.hex(), ""), "a second signature for the same text is none"
