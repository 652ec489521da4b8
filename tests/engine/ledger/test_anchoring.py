"""Chain heads are anchored outside the database, so a rewritten history is detected even if its chain is consistent."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.ledger import anchoring
from engine.ledger.anchor_file import hash_of, read_lines
from engine.ledger.anchoring import SETTLED, Anew, anchor, published
from engine.ledger.chain import GENESIS, canonical, chain_hash, keyed
from engine.ledger.leaves import file_of, read_leaves
from engine.ledger.record import record_of
from engine.ledger.signing import PRIVATE, PUBLIC, make_key
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    execute_sql,
    history_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.erasures import erase_texts_of
from tests.no_anchors import anchor_first, forget_anchors

pytestmark = pytest.mark.requirement("B5")

FIRST, SECOND, THIRD = (f"cp-26-00000{n}" for n in (1, 2, 3))


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


def fault_positions(store: Store) -> set[tuple[str, int, str]]:
    return {(fault.number, fault.seq, fault.what) for fault in verify(store).faults}


def lines(store: Store) -> list[str]:
    return published(store).read_text("utf-8").splitlines()


def rewrite_transition(store: Store, number: str, seq: int, **columns: Any) -> None:
    """Rewrite a transition and make the chain and the case's row consistent with it."""
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    key = history_of(store, number)[0]["case_id"]
    execute_sql(
        store, f"UPDATE transition SET {changes} WHERE case_id = :key AND seq = :seq", key=key, seq=seq, **columns
    )
    recompute_chain(store, number)


def recompute_chain(store: Store, number: str) -> None:
    """Recompute the hashes of a case's transitions and its head."""
    previous = GENESIS
    for row in history_of(store, number):
        row.pop("hash")
        previous = chain_hash(previous, record_of(number, row))
        sql = "UPDATE transition SET hash = :hash WHERE case_id = :case_id AND seq = :seq"
        execute_sql(store, sql, hash=previous, case_id=row["case_id"], seq=row["seq"])
    execute_sql(store, "UPDATE cases SET head = :head WHERE number = :number", head=previous, number=number)


def delete_case(store: Store, case_id: int) -> None:
    """Delete a case with all its rows."""
    for table in ("statement", "escalation_step", "timer", "outbox_event", "transition"):
        execute_sql(store, f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    execute_sql(store, "DELETE FROM cases WHERE id = :case_id", case_id=case_id)


@pytest.fixture
def anchored(store: Store) -> Store:
    """A store with three resolved cases and an anchor over them."""
    for _ in range(3):
        new_resolved_case(store)
    anchor_first(store, START + DAY)
    return store


def test_a_root_is_stored_in_a_row_and_in_the_file(anchored: Store):
    [row] = query_rows(anchored, "SELECT * FROM anchor")
    [line] = lines(anchored)
    published_line = json.loads(line)
    assert (row["line"], row["cases"], bool(row["published"])) == (1, 3, True)
    names = ("line", "at", "cases", "root", "before", "key", "signature")
    assert {name: row[name] for name in names} == {name: published_line[name] for name in names}
    assert published_line["when"] == (START + DAY).isoformat()
    assert verify(anchored).ok


def test_the_leaves_of_the_root_are_stored_beside_it(anchored: Store):
    place = anchored.anchors
    leaves = [(leaf.number, leaf.seq) for leaf in read_leaves(place, 1)]
    [journal] = query_rows(anchored, "SELECT max(seq) AS seq FROM journal")
    assert leaves == [("journal-0", journal["seq"]), *((number, 4) for number in (FIRST, SECOND, THIRD))]
    assert {file.name for file in place.iterdir()} == {"anchors.jsonl", ".lock", PUBLIC, file_of(place, 1).name}


def test_each_line_holds_the_hash_of_the_previous_and_only_the_last_leaves_are_kept(anchored: Store):
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    first, second = lines(anchored)
    assert json.loads(first)["before"] == GENESIS
    assert json.loads(second)["before"] == hash_of(first)
    assert [file.name for file in anchored.anchors.glob("leaves*")] == ["leaves-000002.txt"]


def test_an_unchanged_store_gets_no_new_anchor(anchored: Store):
    assert anchor(anchored, START + 2 * DAY) is None


def test_later_moves_and_cases_leave_the_anchor_valid(anchored: Store):
    make_move(anchored, FIRST, "revisit", after=2 * DAY)
    new_case(anchored, 2 * DAY)
    assert verify(anchored).ok
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok


def test_an_empty_store_has_a_root_too(store: Store):
    first_anchor = anchor_first(store, START)
    assert first_anchor.cases == 0
    new_case(store)
    assert verify(store).ok


def test_a_case_written_while_an_anchor_is_made_is_no_fault(store: Store):
    new_case(store)
    anchor(store, START + SETTLED)
    new_case(store, MICROSECOND)
    assert verify(store).ok


def test_a_case_deleted_with_its_history_is_detected(anchored: Store):
    delete_case(anchored, 3)
    assert {(number, what) for number, _, what in fault_positions(anchored)} == {
        (THIRD, "anchor_case_gone"),
        ("journal-0", "journal_changed case_parties [1,3]"),
    }
    delete_case(anchored, 1)
    assert (FIRST, 4, "anchor_case_gone") in fault_positions(anchored)


def test_a_rewritten_history_with_a_consistent_chain_is_detected(anchored: Store):
    rewrite_transition(anchored, SECOND, 2, actor_id=3)
    assert fault_positions(anchored) == {(SECOND, 4, "anchor_rewritten")}


def test_a_rewritten_history_is_detected_after_later_moves(anchored: Store):
    make_move(anchored, SECOND, "revisit", after=2 * DAY)
    assert verify(anchored).ok
    rewrite_transition(anchored, SECOND, 2, actor_id=3)
    assert fault_positions(anchored) == {(SECOND, 4, "anchor_rewritten")}


def test_a_shortened_history_with_a_consistent_chain_is_detected(anchored: Store):
    execute_sql(anchored, "DELETE FROM statement WHERE case_id = 2 AND seq = 4")
    execute_sql(anchored, "DELETE FROM transition WHERE case_id = 2 AND seq = 4")
    row = history_of(anchored, SECOND)[-1]
    sql = "UPDATE cases SET version = 3, head = :head, state = :state, previous_state = :source WHERE id = 2"
    execute_sql(anchored, sql, head=row["hash"], state=row["dest"], source=row["source"])
    assert (SECOND, 4, "anchor_cut_short") in fault_positions(anchored)


def test_a_backdated_case_is_detected(anchored: Store):
    recompute_chain(anchored, new_case(anchored, 2 * DAY))
    assert verify(anchored).ok
    sql = "UPDATE transition SET recorded_at = :at, occurred_at = :at WHERE case_id = 4"
    execute_sql(anchored, sql, at=to_micros(START + HOUR))
    execute_sql(anchored, "UPDATE cases SET opened_at = :at, changed_at = :at WHERE id = 4", at=to_micros(START + HOUR))
    recompute_chain(anchored, "cp-26-000004")
    found = {fault for fault in fault_positions(anchored) if not fault[2].startswith("timer_began_")}
    assert found == {("cp-26-000004", 1, "anchor_backdated")}


def test_swapped_case_numbers_are_detected(anchored: Store):
    execute_sql(anchored, "UPDATE cases SET number = 'x' WHERE id = 1")
    execute_sql(anchored, "UPDATE cases SET number = :number WHERE id = 2", number=FIRST)
    execute_sql(anchored, "UPDATE cases SET number = :number WHERE id = 1", number=SECOND)
    assert {"anchor_number", "anchor_case_gone", "hash"} <= faults(anchored)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("DELETE FROM anchor", "anchor_row"),
        ("UPDATE anchor SET root = 'x'", "anchor_row"),
        ("UPDATE anchor SET signature = 'x'", "anchor_row"),
        ("UPDATE anchor SET line = 2", "anchor_file"),
    ],
)
def test_a_row_that_differs_from_the_published_line_is_detected(anchored: Store, sql: str, fault: str):
    execute_sql(anchored, sql)
    assert faults(anchored) == {fault}


def test_a_changed_published_root_is_detected(anchored: Store):
    path = published(anchored)
    path.write_text(path.read_text("utf-8").replace('"cases":3', '"cases":2'), "utf-8")
    assert faults(anchored) == {"anchor_signature", "anchor_row"}


def test_a_deleted_file_of_roots_is_detected(anchored: Store):
    published(anchored).unlink()
    assert faults(anchored) == {"anchor_file"}


def test_a_shortened_file_is_detected_and_stops_anchoring(anchored: Store):
    new_case(anchored, 2 * DAY)
    anchor(anchored, START + 3 * DAY)
    published(anchored).write_text(lines(anchored)[0] + "\n", "utf-8")
    assert {"anchor_file", "anchor_leaves"} <= faults(anchored)
    new_case(anchored, 4 * DAY)
    assert anchor(anchored, START + 5 * DAY) is None


def test_a_line_deleted_from_the_middle_is_detected(anchored: Store):
    for day in (2, 4):
        new_case(anchored, day * DAY)
        anchor(anchored, START + (day + 1) * DAY)
    first, _, last = lines(anchored)
    published(anchored).write_text(f"{first}\n{last}\n", "utf-8")
    assert "anchor_file" in faults(anchored)


@pytest.mark.parametrize("damage", ["", "{", "{\n", "[]\n", '{"at": 1}\n'])
def test_a_damaged_file_is_detected(anchored: Store, damage: str):
    published(anchored).write_text(damage, "utf-8")
    assert faults(anchored) == {"anchor_file"}


@pytest.mark.parametrize("damage", [None, "", "nonsense\n", f"{FIRST} 4 {'0' * 64}\n"])
def test_deleted_or_changed_leaves_are_detected(anchored: Store, damage: str | None):
    file = file_of(anchored.anchors, 1)
    file.unlink() if damage is None else file.write_text(damage, "utf-8")
    assert faults(anchored) == {"anchor_leaves"}


def test_an_anchor_under_another_key_is_detected(anchored: Store, tmp_path: Path):
    [line] = read_lines(anchored.anchors)
    forged = replace(line, root="0" * 64).signed_by(make_key(tmp_path, tmp_path))
    published(anchored).write_text(forged.text + "\n", "utf-8")
    assert {"anchor_key", "anchor_row", "anchor_leaves"} <= faults(anchored)


def test_a_second_line_under_another_key_is_detected(anchored: Store, tmp_path: Path):
    [line] = read_lines(anchored.anchors)
    forged = replace(line, line=2, before=line.hash).signed_by(make_key(tmp_path, tmp_path))
    with published(anchored).open("a", encoding="utf-8") as file:
        file.write(forged.text + "\n")
    assert "anchor_key" in faults(anchored)


def test_nothing_is_anchored_over_a_fault(anchored: Store):
    delete_case(anchored, 2)
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is None
    assert "anchor_case_gone" in faults(anchored)
    assert len(lines(anchored)) == 1


def test_nothing_is_anchored_without_the_key(anchored: Store):
    (anchored.home / PRIVATE).unlink()
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is None
    assert verify(anchored).ok, "checking needs no private key"


def test_a_person_re_anchors_over_a_fault_and_the_file_records_it(anchored: Store):
    delete_case(anchored, 2)
    assert anchor(anchored, START + DAY, Anew("sue", "restored")) is not None
    assert verify(anchored).ok
    second_line = json.loads(lines(anchored)[1])
    assert (second_line["line"], second_line["begun_by"], second_line["reason"], second_line["cases"]) == (
        2,
        "sue",
        "restored",
        2,
    )
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok


def test_re_anchoring_with_another_key_is_recorded_in_the_file(anchored: Store):
    (anchored.home / PRIVATE).unlink()
    anchor(anchored, START + 2 * DAY, Anew("sue", "the key was lost"))
    first, second = (json.loads(line)["key"] for line in lines(anchored))
    assert first != second
    assert verify(anchored).ok


def test_an_unreadable_file_is_set_aside_when_a_person_re_anchors(anchored: Store):
    published(anchored).write_text("nonsense\n", "utf-8")
    anchor(anchored, START + 2 * DAY, Anew("sue", "a broken disk"))
    assert verify(anchored).ok
    assert json.loads(lines(anchored)[0])["line"] == 2
    [damaged] = anchored.anchors.glob("anchors-damaged-*")
    assert damaged.read_text("utf-8") == "nonsense\n"


def crash_at(store: Store, step: str, patch: pytest.MonkeyPatch, at: Any) -> None:
    """Interrupt the anchoring at that function."""

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with patch.context() as broken:
        broken.setattr(anchoring, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            anchor(store, at)


@pytest.mark.parametrize("step", ["append_line", "_mark"])
def test_an_anchor_whose_publishing_was_interrupted_is_published_next_time(
    anchored: Store, monkeypatch: pytest.MonkeyPatch, step: str
):
    new_case(anchored, 2 * DAY)
    crash_at(anchored, step, monkeypatch, START + 3 * DAY)
    assert anchor(anchored, START + 4 * DAY) is None
    assert verify(anchored).ok
    assert [json.loads(line)["line"] for line in lines(anchored)] == [1, 2]
    assert [file.name for file in anchored.anchors.glob("leaves*")] == ["leaves-000002.txt"]


def test_a_crash_before_the_row_leaves_the_last_anchor_valid(anchored: Store, monkeypatch: pytest.MonkeyPatch):
    new_case(anchored, 2 * DAY)
    crash_at(anchored, "Anchored", monkeypatch, START + 3 * DAY)
    assert verify(anchored).ok
    assert anchor(anchored, START + 4 * DAY) is not None
    assert verify(anchored).ok


def test_the_folder_of_anchors_is_read_from_the_environment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CLOSELOOP_ANCHORS", str(tmp_path / "elsewhere"))
    elsewhere = Settings(home=settings.home, secret=settings.secret, database_url=settings.database_url)
    with contextlib.closing(elsewhere.store()) as store:
        new_case(store)
        anchor(store, START + DAY, Anew("sue", "the anchors are kept elsewhere from now on"))
        assert published(store) == tmp_path / "elsewhere" / "anchors.jsonl"
        assert published(store).exists()
        assert verify(store).ok


@pytest.fixture
def keyed_store(store: Store) -> Store:
    """A store with an anchor of the first releases."""
    forget_anchors(store)
    new_resolved_case(store)
    at = to_micros(START + HOUR)
    leaf = f"{FIRST}:4:{history_of(store, FIRST)[-1]['hash']}".encode()
    root = anchoring.leaves.Tree([leaf]).root().hex()
    row = {"at": at, "cases": 1, "root": root, "signature": keyed(store.secret, "anchor", str(at), "1", root)}
    execute_sql(store, "INSERT INTO anchor (at, cases, root, signature) VALUES (:at, :cases, :root, :signature)", **row)
    (store.home / "anchors.jsonl").write_text(canonical(row) + "\n", "utf-8")
    return store


def test_an_anchor_of_an_earlier_release_is_still_checked(keyed_store: Store):
    assert verify(keyed_store).ok
    rewrite_transition(keyed_store, FIRST, 2, actor_id=3)
    assert faults(keyed_store) == {"anchor_root"}
    assert anchor(keyed_store, START + DAY) is None


@pytest.mark.parametrize("damage", ["", "{}\n", '{"at":1,"cases":1,"root":"x","signature":"x"}\n'])
def test_damage_to_an_anchor_of_an_earlier_release_is_detected(keyed_store: Store, damage: str):
    (keyed_store.home / "anchors.jsonl").write_text(damage, "utf-8")
    assert faults(keyed_store) <= {"anchor_file", "anchor_signature"}
    assert faults(keyed_store)


def test_the_first_signed_line_holds_the_hash_of_the_unsigned_one(keyed_store: Store):
    old = (keyed_store.home / "anchors.jsonl").read_text("utf-8").splitlines()[-1]
    assert anchor(keyed_store, START + DAY) is not None
    assert json.loads(lines(keyed_store)[0])["before"] == hash_of(old)
    assert verify(keyed_store).ok


def test_erasing_personal_data_leaves_chain_and_anchor_valid(anchored: Store):
    assert erase_texts_of(anchored, 1) >= 1
    assert verify(anchored).ok
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok
