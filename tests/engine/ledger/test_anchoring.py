"""Chain heads are anchored outside the database: what was anchored cannot be rewritten, chain and all."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.ledger import anchoring
from engine.ledger.anchor_file import hash_of, place_of, read_lines
from engine.ledger.anchoring import SETTLED, Anew, anchor, published
from engine.ledger.chain import GENESIS, canonical, chain_hash, keyed
from engine.ledger.leaves import file_of, read_leaves
from engine.ledger.record import record_of
from engine.ledger.signing import PRIVATE, PUBLIC, make_key
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

pytestmark = pytest.mark.requirement("B5")

FIRST, SECOND, THIRD = (f"cp-26-00000{n}" for n in (1, 2, 3))


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


def places(store: Store) -> set[tuple[str, int, str]]:
    return {(fault.number, fault.seq, fault.what) for fault in verify(store).faults}


def lines(store: Store) -> list[str]:
    return published(store).read_text("utf-8").splitlines()


def rewritten(store: Store, number: str, seq: int, **columns: Any) -> None:
    """Somebody rewrites a transition and makes the chain and the case's row fit again."""
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    key = history_of(store, number)[0]["case_id"]
    execute_sql(
        store, f"UPDATE transition SET {changes} WHERE case_id = :key AND seq = :seq", key=key, seq=seq, **columns
    )
    rechained(store, number)


def rechained(store: Store, number: str) -> None:
    before = GENESIS
    for row in history_of(store, number):
        row.pop("hash")
        before = chain_hash(before, record_of(number, row))
        sql = "UPDATE transition SET hash = :hash WHERE case_id = :case_id AND seq = :seq"
        execute_sql(store, sql, hash=before, case_id=row["case_id"], seq=row["seq"])
    execute_sql(store, "UPDATE cases SET head = :head WHERE number = :number", head=before, number=number)


def taken_away(store: Store, case_id: int) -> None:
    for table in ("statement", "escalation_step", "timer", "outbox_event", "transition"):
        execute_sql(store, f"DELETE FROM {table} WHERE case_id = :case_id", case_id=case_id)
    execute_sql(store, "DELETE FROM cases WHERE id = :case_id", case_id=case_id)


@pytest.fixture
def anchored(store: Store) -> Store:
    for _ in range(3):
        new_resolved_case(store)
    assert anchor(store, START + DAY) is not None
    return store


def test_a_root_is_kept_in_a_row_and_outside(anchored: Store):
    [row] = query_rows(anchored, "SELECT * FROM anchor")
    [line] = lines(anchored)
    told = json.loads(line)
    assert (row["line"], row["cases"], bool(row["published"])) == (1, 3, True)
    names = ("line", "at", "cases", "root", "before", "key", "signature")
    assert {name: row[name] for name in names} == {name: told[name] for name in names}
    assert told["when"] == (START + DAY).isoformat()
    assert verify(anchored).ok


def test_beside_it_lies_what_the_root_stands_over(anchored: Store):
    place = place_of(anchored.home)
    kept = [(leaf.number, leaf.seq) for leaf in read_leaves(place, 1)]
    assert kept == [(number, 4) for number in (FIRST, SECOND, THIRD)]
    assert {file.name for file in place.iterdir()} == {"anchors.jsonl", ".lock", PUBLIC, file_of(place, 1).name}


def test_each_line_names_the_one_before_and_only_the_last_leaves_are_kept(anchored: Store):
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    first, second = lines(anchored)
    assert json.loads(first)["before"] == GENESIS
    assert json.loads(second)["before"] == hash_of(first)
    assert [file.name for file in place_of(anchored.home).glob("leaves*")] == ["leaves-000002.txt"]


def test_nothing_new_needs_no_new_anchor(anchored: Store):
    assert anchor(anchored, START + 2 * DAY) is None


def test_what_happens_later_leaves_the_anchor_whole(anchored: Store):
    make_move(anchored, FIRST, "revisit", after=2 * DAY)
    new_case(anchored, 2 * DAY)
    assert verify(anchored).ok
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok


def test_an_empty_store_has_a_root_too(store: Store):
    made = anchor(store, START)
    assert made is not None
    assert made.cases == 0
    new_case(store)
    assert verify(store).ok


def test_what_is_written_while_an_anchor_is_made_is_no_doubt(store: Store):
    new_case(store)
    anchor(store, START + SETTLED)
    new_case(store, MICROSECOND)
    assert verify(store).ok


def test_a_case_taken_away_with_its_whole_history_is_missed(anchored: Store):
    taken_away(anchored, 3)
    assert places(anchored) == {(THIRD, 4, "anchor_case_gone")}
    taken_away(anchored, 1)
    assert (FIRST, 4, "anchor_case_gone") in places(anchored)


def test_a_rewritten_history_is_found_though_its_chain_fits(anchored: Store):
    rewritten(anchored, SECOND, 2, actor_id=3)
    assert places(anchored) == {(SECOND, 4, "anchor_rewritten")}


def test_it_is_found_also_once_the_case_has_moved_on(anchored: Store):
    make_move(anchored, SECOND, "revisit", after=2 * DAY)
    assert verify(anchored).ok
    rewritten(anchored, SECOND, 2, actor_id=3)
    assert places(anchored) == {(SECOND, 4, "anchor_rewritten")}


def test_a_history_cut_short_is_found_though_its_chain_fits(anchored: Store):
    execute_sql(anchored, "DELETE FROM statement WHERE case_id = 2 AND seq = 4")
    execute_sql(anchored, "DELETE FROM transition WHERE case_id = 2 AND seq = 4")
    row = history_of(anchored, SECOND)[-1]
    sql = "UPDATE cases SET version = 3, head = :head, state = :state, previous_state = :source WHERE id = 2"
    execute_sql(anchored, sql, head=row["hash"], state=row["dest"], source=row["source"])
    assert (SECOND, 4, "anchor_cut_short") in places(anchored)


def test_what_is_put_into_the_past_afterwards_is_found(anchored: Store):
    rechained(anchored, new_case(anchored, 2 * DAY))
    assert verify(anchored).ok
    sql = "UPDATE transition SET recorded_at = :at, occurred_at = :at WHERE case_id = 4"
    execute_sql(anchored, sql, at=to_micros(START + HOUR))
    execute_sql(anchored, "UPDATE cases SET opened_at = :at, changed_at = :at WHERE id = 4", at=to_micros(START + HOUR))
    rechained(anchored, "cp-26-000004")
    assert places(anchored) == {("cp-26-000004", 1, "anchor_backdated")}


def test_a_case_grafted_onto_another_s_row_is_found(anchored: Store):
    execute_sql(anchored, "UPDATE cases SET number = 'x' WHERE id = 1")
    execute_sql(anchored, "UPDATE cases SET number = :number WHERE id = 2", number=FIRST)
    execute_sql(anchored, "UPDATE cases SET number = :number WHERE id = 1", number=SECOND)
    assert {"anchor_number", "anchor_case_gone", "hash"} <= faults(anchored)


@pytest.mark.parametrize(
    ("sql", "doubt"),
    [
        ("DELETE FROM anchor", "anchor_row"),
        ("UPDATE anchor SET root = 'x'", "anchor_row"),
        ("UPDATE anchor SET signature = 'x'", "anchor_row"),
        ("UPDATE anchor SET line = 2", "anchor_file"),
    ],
)
def test_a_row_that_differs_from_what_was_published_is_found(anchored: Store, sql: str, doubt: str):
    execute_sql(anchored, sql)
    assert faults(anchored) == {doubt}


def test_a_published_root_that_was_changed_is_found(anchored: Store):
    path = published(anchored)
    path.write_text(path.read_text("utf-8").replace('"cases":3', '"cases":2'), "utf-8")
    assert faults(anchored) == {"anchor_signature", "anchor_row"}


def test_a_published_root_that_is_gone_is_found(anchored: Store):
    published(anchored).unlink()
    assert faults(anchored) == {"anchor_file"}


def test_a_file_that_was_cut_is_found_and_nothing_mends_it(anchored: Store):
    new_case(anchored, 2 * DAY)
    anchor(anchored, START + 3 * DAY)
    published(anchored).write_text(lines(anchored)[0] + "\n", "utf-8")
    assert {"anchor_file", "anchor_leaves"} <= faults(anchored)
    new_case(anchored, 4 * DAY)
    assert anchor(anchored, START + 5 * DAY) is None


def test_a_line_that_was_taken_out_of_the_middle_is_found(anchored: Store):
    for day in (2, 4):
        new_case(anchored, day * DAY)
        anchor(anchored, START + (day + 1) * DAY)
    first, _, last = lines(anchored)
    published(anchored).write_text(f"{first}\n{last}\n", "utf-8")
    assert "anchor_file" in faults(anchored)


@pytest.mark.parametrize("damage", ["", "{", "{\n", "[]\n", '{"at": 1}\n'])
def test_a_file_that_was_damaged_is_found(anchored: Store, damage: str):
    published(anchored).write_text(damage, "utf-8")
    assert faults(anchored) == {"anchor_file"}


@pytest.mark.parametrize("damage", [None, "", "nonsense\n", f"{FIRST} 4 {'0' * 64}\n"])
def test_leaves_that_are_gone_or_changed_are_found(anchored: Store, damage: str | None):
    kept = file_of(place_of(anchored.home), 1)
    kept.unlink() if damage is None else kept.write_text(damage, "utf-8")
    assert faults(anchored) == {"anchor_leaves"}


def test_an_anchor_under_another_key_is_found(anchored: Store, tmp_path: Path):
    [line] = read_lines(place_of(anchored.home))
    forged = replace(line, root="0" * 64).signed_by(make_key(tmp_path, tmp_path))
    published(anchored).write_text(forged.text + "\n", "utf-8")
    assert {"anchor_key", "anchor_row", "anchor_leaves"} <= faults(anchored)


def test_a_second_line_under_another_key_is_found(anchored: Store, tmp_path: Path):
    [line] = read_lines(place_of(anchored.home))
    forged = replace(line, line=2, before=line.hash).signed_by(make_key(tmp_path, tmp_path))
    with published(anchored).open("a", encoding="utf-8") as file:
        file.write(forged.text + "\n")
    assert "anchor_key" in faults(anchored)


def test_nothing_is_anchored_over_a_doubt(anchored: Store):
    taken_away(anchored, 2)
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is None
    assert "anchor_case_gone" in faults(anchored)
    assert len(lines(anchored)) == 1


def test_nothing_is_anchored_without_the_key(anchored: Store):
    (anchored.home / PRIVATE).unlink()
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is None
    assert verify(anchored).ok, "whoever has no key can check all the same"


def test_a_person_begins_anew_over_a_doubt_and_it_stands_in_the_file(anchored: Store):
    taken_away(anchored, 3)
    assert anchor(anchored, START + DAY, Anew("sue", "restored")) is not None
    assert verify(anchored).ok
    told = json.loads(lines(anchored)[1])
    assert (told["line"], told["begun_by"], told["reason"], told["cases"]) == (2, "sue", "restored", 2)
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok


def test_begun_anew_with_another_key_the_file_names_it(anchored: Store):
    (anchored.home / PRIVATE).unlink()
    anchor(anchored, START + 2 * DAY, Anew("sue", "the key was lost"))
    first, second = (json.loads(line)["key"] for line in lines(anchored))
    assert first != second
    assert verify(anchored).ok


def test_a_file_that_cannot_be_read_is_kept_aside_when_a_person_begins_anew(anchored: Store):
    published(anchored).write_text("nonsense\n", "utf-8")
    anchor(anchored, START + 2 * DAY, Anew("sue", "a broken disk"))
    assert verify(anchored).ok
    assert json.loads(lines(anchored)[0])["line"] == 2
    [aside] = place_of(anchored.home).glob("anchors-damaged-*")
    assert aside.read_text("utf-8") == "nonsense\n"


def crashed(store: Store, step: str, patch: pytest.MonkeyPatch, at: Any) -> None:
    """The process ends at that step of an anchor."""

    def ends(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with patch.context() as broken:
        broken.setattr(anchoring, step, ends)
        with pytest.raises(KeyboardInterrupt):
            anchor(store, at)


@pytest.mark.parametrize("step", ["append_line", "_mark"])
def test_an_anchor_whose_publishing_was_cut_off_is_published_next_time(
    anchored: Store, monkeypatch: pytest.MonkeyPatch, step: str
):
    new_case(anchored, 2 * DAY)
    crashed(anchored, step, monkeypatch, START + 3 * DAY)
    assert anchor(anchored, START + 4 * DAY) is None
    assert verify(anchored).ok
    assert [json.loads(line)["line"] for line in lines(anchored)] == [1, 2]
    assert [file.name for file in place_of(anchored.home).glob("leaves*")] == ["leaves-000002.txt"]


def test_a_crash_before_the_row_leaves_the_last_anchor_whole(anchored: Store, monkeypatch: pytest.MonkeyPatch):
    new_case(anchored, 2 * DAY)
    crashed(anchored, "Anchored", monkeypatch, START + 3 * DAY)
    assert verify(anchored).ok
    assert anchor(anchored, START + 4 * DAY) is not None
    assert verify(anchored).ok


def test_the_folder_is_where_the_setting_says(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLOSELOOP_ANCHORS", str(tmp_path / "elsewhere"))
    new_case(store)
    anchor(store, START + DAY)
    assert published(store) == tmp_path / "elsewhere" / "anchors.jsonl"
    assert published(store).exists()
    assert verify(store).ok


@pytest.fixture
def keyed_store(store: Store) -> Store:
    """A store with an anchor of the first releases."""
    new_resolved_case(store)
    cut = to_micros(START + HOUR)
    leaf = f"{FIRST}:4:{history_of(store, FIRST)[-1]['hash']}".encode()
    root = anchoring.leaves.Tree([leaf]).root().hex()
    told = {"at": cut, "cases": 1, "root": root, "signature": keyed(store.secret, "anchor", str(cut), "1", root)}
    execute_sql(
        store, "INSERT INTO anchor (at, cases, root, signature) VALUES (:at, :cases, :root, :signature)", **told
    )
    (store.home / "anchors.jsonl").write_text(canonical(told) + "\n", "utf-8")
    return store


def test_an_anchor_of_an_earlier_release_goes_on_to_be_checked(keyed_store: Store):
    assert verify(keyed_store).ok
    rewritten(keyed_store, FIRST, 2, actor_id=3)
    assert faults(keyed_store) == {"anchor_root"}
    assert anchor(keyed_store, START + DAY) is None


@pytest.mark.parametrize("damage", ["", "{}\n", '{"at":1,"cases":1,"root":"x","signature":"x"}\n'])
def test_its_damage_is_found(keyed_store: Store, damage: str):
    (keyed_store.home / "anchors.jsonl").write_text(damage, "utf-8")
    assert faults(keyed_store) <= {"anchor_file", "anchor_signature"}
    assert faults(keyed_store)


def test_the_first_signed_line_names_it(keyed_store: Store):
    old = (keyed_store.home / "anchors.jsonl").read_text("utf-8").splitlines()[-1]
    assert anchor(keyed_store, START + DAY) is not None
    assert json.loads(lines(keyed_store)[0])["before"] == hash_of(old)
    assert verify(keyed_store).ok


def test_erasing_personal_data_leaves_chain_and_anchor_whole(anchored: Store):
    sql = "UPDATE statement SET content = NULL, salt = NULL, erased_at = :at WHERE case_id = 1"
    assert execute_sql(anchored, sql, at=to_micros(START + 2 * DAY)) >= 1
    assert verify(anchored).ok
    new_case(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok
