"""The bundle of a closed case: whole for the one-file verifier, readable for people, and found out when changed."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apps.case_bundle import case_bundle
from apps.case_paper import case_paper
from apps.principal_case_page import case_page_seen
from engine.access.masking import EVERYTHING
from engine.audit.proof import prove
from engine.ledger.chain import canonical
from engine.ledger.signing import public_hex, signed
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, START, execute_sql, make_move, new_case, query_rows, refusal
from tests.deploy.test_verify import RunVerifier, auditor_folder, run_verifier
from tests.engine.attachments.evidence import attach_files, person
from tests.erasures import erase_texts_of
from tests.no_anchors import anchor_first

__all__ = ["auditor_folder", "run_verifier"]
pytestmark = pytest.mark.requirement("H2")

REASON = "An appeal."
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def closed(store: Store) -> str:
    """A closed case with a file, anchored beside four others; a sixth was opened since."""
    numbers = [
        new_case(store, text='Broken,\n "all" 😀 破损', customer="王小明", phone="13800138000") for _ in range(5)
    ]
    attach_files(store, numbers[2], ("photo.txt", b"What is left of it."))
    make_move(store, numbers[2], "withdraw", reason="It was found.")
    anchor_first(store, START + DAY)
    new_case(store, DAY)
    return numbers[2]


def taken(store: Store, number: str, handle: str = "sue") -> bytes:
    return case_bundle(store, person(store, handle), number, REASON, START + DAY, "en")


def unpacked(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(files: dict[str, bytes], file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return file


def test_anybody_finds_it_whole_by_itself(store: Store, closed: str, run_verifier: RunVerifier, tmp_path: Path):
    bundle = taken(store, closed)
    (tmp_path / "case.zip").write_bytes(bundle)
    key = store.anchors / "anchor.pub"
    assert run_verifier(tmp_path / "case.zip", "--key", key)[0] == 0
    files = unpacked(bundle)
    [name] = [name for name in files if name.startswith("attachments/")]
    assert files[name] == b"What is left of it."
    assert files["case.pdf"].startswith(b"%PDF-")
    document = json.loads(files["case.json"])
    assert (document["case"]["number"], document["customer"]["name"]) == (closed, "王小明")
    assert [move["move"] for move in document["moves"]] == ["open", "attach", "withdraw"]
    others = {row["number"] for row in query_rows(store, "SELECT number FROM cases")} - {closed}
    assert not [other for other in others for content in files.values() if other.encode() in content]


def test_its_paper_says_when_the_case_was_closed_whatever_was_recorded_since(store: Store, closed: str):
    execute_sql(
        store, "UPDATE cases SET changed_at = :at WHERE number = :number", at=to_micros(START + DAY), number=closed
    )
    page = case_page_seen(store, person(store, "sue"), closed, START + DAY, "en", EVERYTHING, whole=True)
    assert case_paper(page, prove(store, closed), "en").texts == [
        "Withdrawn by the customer. Opened 2026-03-02 09:00, closed 2026-03-02 09:00."
    ]


def test_the_same_case_gives_the_same_file(store: Store, closed: str):
    assert taken(store, closed) == taken(store, closed)


def _altered(name: str, was: bytes, becomes: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        assert was in files[name]
        files[name] = files[name].replace(was, becomes)

    return change


def _other_file(files: dict[str, bytes]) -> None:
    [name] = [name for name in files if name.startswith("attachments/")]
    files[name] = b"Nothing is left of it."


def _without_file(files: dict[str, bytes]) -> None:
    [name] = [name for name in files if name.startswith("attachments/")]
    del files[name]


def _other_anchor(files: dict[str, bytes]) -> None:
    """Sign another root with another key, as somebody does who made the whole bundle up."""
    proof, key = json.loads(files["proof.json"]), Ed25519PrivateKey.generate()
    line = {name: value for name, value in json.loads(proof["anchor"]).items() if name != "signature"}
    line["key"] = public_hex(key)
    proof["anchor"] = canonical({**line, "signature": signed(key, canonical(line))})
    files["proof.json"] = canonical(proof).encode()


def _other_place(files: dict[str, bytes]) -> None:
    proof = json.loads(files["proof.json"])
    files["proof.json"] = canonical({**proof, "index": proof["index"] + 1}).encode()


def _without_end(files: dict[str, bytes]) -> None:
    """Leave the last move out, and let the row of the case agree."""
    [*kept, _] = list(csv.DictReader(io.StringIO(files["tables/transition.csv"].decode())))
    [case] = list(csv.DictReader(io.StringIO(files["tables/cases.csv"].decode())))
    last = kept[-1]
    case |= {"version": last["seq"], "head": last["hash"], "state": last["dest"]}
    files["tables/transition.csv"], files["tables/cases.csv"] = _table(kept), _table([case])
    texts = list(csv.DictReader(io.StringIO(files["tables/statement.csv"].decode())))
    files["tables/statement.csv"] = _table([text for text in texts if int(text["seq"]) <= int(last["seq"])])


def _table(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_altered("tables/transition.csv", b"withdraw,", b"archive,"), "hash"),
        (_altered("tables/statement.csv", "破损".encode(), "完好".encode()), "statement_text"),
        (_altered("tables/cases.csv", b"withdrawn", b"archived"), "row"),
        (_altered("proof.json", b'"signature', b'"signature_'), "anchor_file"),
        (_other_file, "attachment_altered"),
        (_without_file, "attachment_missing"),
        (_other_anchor, "anchor_key"),
        (_other_place, "anchor_"),
        (_without_end, "anchor_leaves"),
    ],
)
def test_a_change_is_found(
    store: Store, closed: str, run_verifier: RunVerifier, tmp_path: Path, change: Change, fault: str
):
    files = unpacked(taken(store, closed))
    change(files)
    code, lines = run_verifier(packed(files, tmp_path / "case.zip"), "--key", store.anchors / "anchor.pub")
    assert code == 2
    assert fault in " ".join(lines)


def test_what_was_erased_is_not_in_it_and_is_no_fault(
    store: Store, closed: str, run_verifier: RunVerifier, tmp_path: Path
):
    erase_texts_of(store, 3)
    bundle = taken(store, closed)
    (tmp_path / "case.zip").write_bytes(bundle)
    assert run_verifier(tmp_path / "case.zip")[0] == 0
    assert not [name for name, content in unpacked(bundle).items() if "破损".encode() in content]


def test_who_took_it_and_why_is_recorded(store: Store, closed: str):
    taken(store, closed)
    [run] = query_rows(store, "SELECT note FROM run WHERE flow = 'export'")
    note = json.loads(run["note"]) if isinstance(run["note"], str) else run["note"]
    assert (note["format"], note["by"], note["number"], note["reason"]) == ("zip", "sue", closed, REASON)


def test_an_open_case_and_one_that_is_not_anchored_have_none(store: Store, closed: str):
    opened = new_case(store, DAY)
    assert refusal(lambda: taken(store, opened)).code == "bundle_of_open_case"
    make_move(store, opened, "withdraw", after=DAY, reason="It was found.")
    assert refusal(lambda: taken(store, opened)).code == "not_anchored"
    assert query_rows(store, "SELECT note FROM run WHERE flow = 'export'") == []
