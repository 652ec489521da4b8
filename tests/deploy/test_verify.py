"""The one-file verifier agrees with the store's own verifier, on a machine without closeloop."""

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
from engine.audit.erase_texts import erase_texts
from engine.ledger.anchoring import Anew, anchor
from engine.ledger.chain import canonical
from engine.ledger.merkle import Tree
from engine.ledger.signing import make_key, public_hex, signed
from engine.store import Store
from tests.audit.tamperings import STANDALONE
from tests.case_actions import DAY, START, execute_sql, make_move, new_case, new_resolved_case, query_rows
from tests.docs.pages import ROOT
from tests.erasures import REASON, administrator_of, erase_texts_of
from tests.no_anchors import anchor_first

pytestmark = pytest.mark.requirement("B5")

RunVerifier = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def auditor_folder(tmp_path: Path) -> Path:
    """A folder of the auditor's machine, with the verifier in it."""
    folder = tmp_path / "auditor"
    folder.mkdir()
    shutil.copy(ROOT / "deploy" / "verify.py", folder)
    return folder


@pytest.fixture
def run_verifier(auditor_folder: Path) -> RunVerifier:
    """Run the verifier there, by a Python that sees no package; it returns the exit code and the lines."""

    def run(*arguments: object) -> tuple[int, list[str]]:
        command = [sys.executable, "-I", "-S", auditor_folder / "verify.py", *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=auditor_folder, timeout=60)
        return result.returncode, (result.stdout + result.stderr).splitlines()

    return run


@pytest.fixture
def anchored_store(sqlite_store: Store) -> Store:
    for _ in range(3):
        new_resolved_case(sqlite_store, subject='破损\\n "q" 😀', demand="</br>")
    erase_texts_of(sqlite_store, 2)
    anchor_first(sqlite_store, START + DAY)
    new_case(sqlite_store, DAY)
    return sqlite_store


def location(store: Store) -> tuple[Path, str, Path]:
    return store.home / "closeloop.db", "--anchors", store.anchors


def delete_case(store: Store, case_id: int) -> None:
    for table in ("statement", "timer", "outbox_event", "transition"):
        execute_sql(store, f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    execute_sql(store, "DELETE FROM cases WHERE id = :case_id", case_id=case_id)


def test_an_untampered_store_is_whole(anchored_store: Store, run_verifier: RunVerifier):
    code, lines = run_verifier(*location(anchored_store))
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
        (
            "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = 1 AND field = 'text'",
            "cp-26-000001 1 statement_text_erased",
        ),
        ("DELETE FROM journal WHERE subject = 'erasure'", "cp-26-000002 1 statement_text_erased"),
        ("UPDATE statement SET seq = 3 WHERE case_id = 1 AND field = 'text'", "cp-26-000001 3 statement_text_unknown"),
        ("DELETE FROM statement WHERE case_id = 1 AND field = 'text'", "cp-26-000001 1 statement_text"),
        ("UPDATE transition SET seq = 9 WHERE case_id = 1 AND seq = 4", "cp-26-000001 9 gap"),
    ],
)
def test_it_reports_each_tampering(anchored_store: Store, run_verifier: RunVerifier, sql: str, what: str):
    assert execute_sql(anchored_store, sql) >= 1
    code, lines = run_verifier(*location(anchored_store))
    assert code == 2
    assert what in lines


@pytest.fixture
def store_of_customers(anchored_store: Store) -> Store:
    """A store of two customers, of whom the first was erased by the command."""
    for name, phone in (("王芳", "13800138000"), ("李强", "13900139000")):
        number = new_case(anchored_store, DAY, row_id=name, customer=name, phone=phone)
        make_move(anchored_store, number, "withdraw", after=DAY)
        if name == "王芳":
            erase_texts(anchored_store, administrator_of(anchored_store), number, REASON, START + DAY)
    assert query_rows(anchored_store, "SELECT name FROM party ORDER BY id") == [{"name": None}, {"name": "李强"}]
    return anchored_store


@pytest.mark.requirement("H1")
@pytest.mark.parametrize(
    ("sql", "party"),
    [
        ("UPDATE party SET name = NULL, phone = NULL WHERE id = 2", 2),
        ("UPDATE party SET name = NULL, phone = NULL, erased_at = 5, erasure_reason = 'x' WHERE id = 2", 2),
        ("UPDATE party SET erased_at = 5 WHERE id = 2", 2),
        ("UPDATE party SET erased_at = erased_at + 1 WHERE id = 1", 1),
        ("UPDATE party SET erasure_reason = 'x' WHERE id = 1", 1),
        ("UPDATE party SET name = '王芳', erased_at = NULL, erasure_reason = NULL WHERE id = 1", 1),
    ],
    ids=["emptied", "as-the-command-does", "only-the-instant", "another-instant", "another-reason", "came-back"],
)
def test_it_reports_a_customer_erased_by_hand_or_back(
    store_of_customers: Store, run_verifier: RunVerifier, sql: str, party: int
):
    assert run_verifier(*location(store_of_customers))[0] == 0
    assert execute_sql(store_of_customers, sql) == 1
    code, lines = run_verifier(*location(store_of_customers))
    assert (code, lines) == (2, [f"- 0 party_erased {party}"])


@pytest.mark.requirement("H1")
def test_a_store_of_a_release_without_the_erasing_of_customers_is_whole(
    anchored_store: Store, run_verifier: RunVerifier
):
    new_case(anchored_store, DAY, row_id="2", customer="王芳", phone="13800138000")
    for column in ("erased_at", "erasure_reason"):
        execute_sql(anchored_store, f"ALTER TABLE party DROP COLUMN {column}")
    assert run_verifier(*location(anchored_store))[0] == 0


def test_it_reports_rows_without_a_case(anchored_store: Store, run_verifier: RunVerifier):
    with closing(sqlite3.connect(anchored_store.home / "closeloop.db", isolation_level=None)) as raw:
        raw.execute("DELETE FROM cases WHERE id = 3")
    _, lines = run_verifier(*location(anchored_store))
    assert {"- 0 stray_transition", "- 0 stray_statement", "cp-26-000003 4 anchor_case_gone"} <= set(lines)


def test_it_reports_a_case_deleted_with_all_its_rows(anchored_store: Store, run_verifier: RunVerifier):
    delete_case(anchored_store, 2)
    assert run_verifier(*location(anchored_store)) == (2, ["cp-26-000002 4 anchor_case_gone"])


@pytest.mark.parametrize(
    ("changed", "by", "what"),
    [
        ('"cases":3', '"cases":4', "- 1 anchor_signature"),
        ('"signature":"', '"signature":"00', "- 1 anchor_signature"),
        ('"line":1', '"line":2', "- 2 anchor_file"),
    ],
)
def test_it_reports_a_forged_anchor(anchored_store: Store, run_verifier: RunVerifier, changed: str, by: str, what: str):
    file = anchored_store.anchors / "anchors.jsonl"
    file.write_text(file.read_text("utf-8").replace(changed, by), "utf-8")
    assert what in run_verifier(*location(anchored_store))[1]


def test_it_reports_leaves_that_do_not_match_the_root(anchored_store: Store, run_verifier: RunVerifier):
    file = anchored_store.anchors / "leaves-000001.txt"
    file.write_text(file.read_text("utf-8").replace(" 4 ", " 3 ", 1), "utf-8")
    assert run_verifier(*location(anchored_store)) == (2, ["- 1 anchor_leaves"])


def test_it_accepts_only_the_public_key_given(anchored_store: Store, run_verifier: RunVerifier, tmp_path: Path):
    copied = tmp_path / "copied.pub"
    shutil.copy(anchored_store.anchors / "anchor.pub", copied)
    assert run_verifier(*location(anchored_store), "--key", copied)[0] == 0
    make_key(tmp_path, tmp_path)
    assert run_verifier(*location(anchored_store), "--key", tmp_path / "anchor.pub") == (2, ["- 1 anchor_key"])


def test_a_state_file_reveals_an_older_database_with_its_older_anchors(
    anchored_store: Store, run_verifier: RunVerifier, tmp_path: Path
):
    anchored_store.close()
    older = tmp_path / "older"
    shutil.copytree(anchored_store.home, older)
    new_case(anchored_store, 2 * DAY)
    anchor(anchored_store, START + 3 * DAY)
    state = tmp_path / "seen"
    assert run_verifier(*location(anchored_store), "--state", state)[0] == 0
    older_location = older / "closeloop.db", "--anchors", older / "anchors"
    assert run_verifier(*older_location)[0] == 0, "by itself it is whole"
    code, found = run_verifier(*older_location, "--state", state)
    assert (code, [line.split()[2] for line in found]) == (2, ["rolled_back", "seen_cut_short", "seen_case_gone"])
    assert found[-1] == "cp-26-000005 1 seen_case_gone"
    assert run_verifier(*location(anchored_store), "--state", state)[0] == 0, "faults do not update the state file"


def test_a_state_file_reveals_a_deleted_case_that_was_never_anchored(
    anchored_store: Store, run_verifier: RunVerifier, tmp_path: Path
):
    state = tmp_path / "seen"
    assert run_verifier(*location(anchored_store), "--state", state)[0] == 0
    delete_case(anchored_store, 4)
    assert run_verifier(*location(anchored_store), "--state", state) == (2, ["cp-26-000004 1 seen_case_gone"])


def test_a_state_file_reveals_an_anchor_that_was_rewritten(
    anchored_store: Store, run_verifier: RunVerifier, tmp_path: Path
):
    state = tmp_path / "seen"
    run_verifier(*location(anchored_store), "--state", state)
    seen = json.loads(state.read_text("utf-8"))
    state.write_text(json.dumps(seen | {"hash": "0" * 64}), "utf-8")
    assert run_verifier(*location(anchored_store), "--state", state) == (2, ["- 1 seen_rewritten"])


def test_a_re_anchor_is_reported_until_it_is_accepted(anchored_store: Store, run_verifier: RunVerifier, tmp_path: Path):
    state = tmp_path / "seen"
    assert run_verifier(*location(anchored_store), "--state", state)[0] == 0
    make_move(anchored_store, "cp-26-000004", "classify", after=DAY)
    anchor(anchored_store, START + 2 * DAY, Anew("ada", "restored"))
    assert run_verifier(*location(anchored_store), "--state", state) == (2, ["- 2 begun_anew"])
    assert run_verifier(*location(anchored_store), "--state", state, "--accept-anew")[0] == 0
    assert run_verifier(*location(anchored_store), "--state", state)[0] == 0


def test_a_backup_file_holds_its_own_anchors(store: Store, run_verifier: RunVerifier, tmp_path: Path):
    new_resolved_case(store, subject='破损,\n"q"')
    new_case(store)
    erase_texts_of(store, 2)
    back_up(store, tmp_path / "file", START + DAY)
    assert run_verifier(tmp_path / "file")[0] == 0
    delete_case(store, 2)
    back_up(store, tmp_path / "later", START + 2 * DAY)
    assert run_verifier(tmp_path / "later") == (2, ["cp-26-000002 1 anchor_case_gone"])


@pytest.mark.postgres
def test_tables_copied_by_psql_can_be_verified(postgres_store: Store, run_verifier: RunVerifier, tmp_path: Path):
    new_resolved_case(postgres_store, subject='破损,\n"q"')
    number = new_case(postgres_store, row_id="2", customer="王芳", phone="13800138000")
    make_move(postgres_store, number, "withdraw")
    erase_texts(postgres_store, administrator_of(postgres_store), number, REASON, START)
    anchor(postgres_store, START + DAY)
    folder = tmp_path / "copied"
    folder.mkdir()
    url = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as raw:
        for name in ("cases", "transition", "statement", "journal", "party"):
            with raw.cursor().copy(f"COPY {name} TO STDOUT (FORMAT csv, HEADER true)".encode()) as copy:
                (folder / f"{name}.csv").write_bytes(b"".join(map(bytes, copy)))
    assert run_verifier(folder, "--anchors", postgres_store.anchors)[0] == 0
    text = (folder / "statement.csv").read_text("utf-8")
    (folder / "statement.csv").write_text(text.replace("My parcel is broken.", "It was fine."), "utf-8")
    code, lines = run_verifier(folder, "--anchors", postgres_store.anchors)
    assert (code, lines) == (2, ["cp-26-000001 1 statement_text"])
    (folder / "statement.csv").write_text(text, "utf-8")
    customers = (folder / "party.csv").read_text("utf-8")
    (folder / "party.csv").write_text(customers.replace(REASON, "He left."), "utf-8")
    assert run_verifier(folder, "--anchors", postgres_store.anchors)[1] == ["- 0 party_erased 1"]
    (folder / "party.csv").unlink()
    assert run_verifier(folder, "--anchors", postgres_store.anchors)[0] == 0


@pytest.mark.parametrize("source", ["no/such/file", "verify.py", "."])
def test_a_path_without_a_store_cannot_be_checked(run_verifier: RunVerifier, source: str):
    code, lines = run_verifier(source, "--anchors", ".")
    assert code == 1
    assert lines[0].startswith("cannot be checked")


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.dictionaries(texts, texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=5))
def test_it_serialises_a_record_as_the_store_does(record: dict[str, Any]):
    assert STANDALONE.canonical(record) == canonical(record)


@given(st.lists(st.binary(max_size=8), max_size=20))
def test_it_computes_the_same_root(leaves: list[bytes]):
    assert STANDALONE.merkle(leaves) == Tree(leaves).root()


@given(st.text(max_size=20), st.integers(0, 511))
def test_it_accepts_the_same_signatures(text: str, bit: int):
    text = text.encode("utf-8", "replace").decode()
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    good = signed(key, text)
    assert STANDALONE.signed(public_hex(key), good, text)
    assert not STANDALONE.signed(public_hex(key), good, text + "x")
    bad = (int(good, 16) ^ (1 << bit)).to_bytes(64, "big").hex()
    assert not STANDALONE.signed(public_hex(key), bad, text)


def test_it_accepts_the_signature_of_the_standard():
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
    assert not STANDALONE.signed(public, malleable.hex(), ""), "a second signature of the same text is not accepted"
