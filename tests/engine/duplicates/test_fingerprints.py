"""A case opened with nearly the same text is found by index as long as its text is stored (A6)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.commands.open_case import Opening, open_unless_known
from engine.duplicates import fingerprints
from engine.duplicates.fingerprints import COLUMNS, DEPTH, MOST, NEWEST, SHIFT, catch_up
from engine.duplicates.similar import RECENTLY, similar
from engine.store import Store
from tests.case_actions import DAY, HOUR, START, case_of, contact, execute_sql, make_move, new_case, query_rows
from tests.erasures import erase_texts_of

TEXT = "三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，客服电话一直没有人接，请尽快按保价金额理赔。"
AGAIN = f"您好！{TEXT.replace('，客服', '客服')[:-3]}，谢谢。"
OTHER = "上周在你们网点寄的文件到现在没有任何物流信息，究竟丢在哪里了，请给一个明确的答复，否则我只能向上级投诉。"
pytestmark = pytest.mark.requirement("A6")


def candidates_for(store: Store, text: str, after: timedelta = DAY, **fields: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return the numbers of likely duplicates of a contact, each with its reasons."""
    with store.looking() as tx:
        candidates = similar(tx, store.secret, contact(after, text=text, **fields), {"complaint"})
    return [(candidate.number, candidate.why) for candidate in candidates]


def fingerprints_of(store: Store) -> list[dict[str, Any]]:
    return query_rows(store, "SELECT * FROM fingerprint ORDER BY case_id")


def test_nearly_the_same_text_is_found_whoever_sends_it(store: Store):
    number = new_case(store, text=TEXT, phone="13800138000")
    new_case(store, text=OTHER)
    assert candidates_for(store, AGAIN, phone="13900139000") == [(number, ("text",))]
    assert candidates_for(store, AGAIN, phone="13800138000") == [(number, ("party", "text"))]
    assert (
        candidates_for(
            store, "请问三月五日的牛排什么时候理赔？客服电话为什么没有人接？这样的服务让人失望，下次不会再找你们。"
        )
        == []
    )


def test_the_same_text_about_another_shipment_is_no_duplicate(store: Store):
    number = new_case(store, text=TEXT, shipment="SF1")
    assert candidates_for(store, AGAIN, shipment="SF2") == []
    assert candidates_for(store, AGAIN, shipment="SF1") == [(number, ("shipment", "text"))]
    assert candidates_for(store, AGAIN) == [(number, ("text",))]


def test_a_case_of_another_kind_or_closed_long_ago_is_not_found(store: Store):
    new_case(store, text=TEXT)
    closed = new_case(store, HOUR, text=OTHER)
    make_move(store, closed, "withdraw", after=HOUR)
    assert candidates_for(store, OTHER, 29 * DAY) == [(closed, ("text",))]
    assert candidates_for(store, OTHER, 31 * DAY) == []
    with store.looking() as tx:
        assert similar(tx, store.secret, contact(DAY, text=TEXT), {"service_order"}) == []


def test_of_a_frequent_text_only_the_newest_cases_are_examined(store: Store):
    numbers = [new_case(store, text=TEXT) for _ in range(NEWEST + 1)]
    assert [number for number, _ in candidates_for(store, TEXT)] == numbers[: -MOST - 1 : -1]
    for number in numbers[1:]:
        execute_sql(store, "UPDATE cases SET kind = 'other' WHERE number = :number", number=number)
    assert candidates_for(store, TEXT) == []


def test_a_similar_text_alone_refuses_no_case(store: Store):
    first = open_unless_known(store, Opening(contact(text=TEXT)), START).number
    assert open_unless_known(store, Opening(contact(text=TEXT)), START).number != first


def test_a_short_text_has_no_fingerprint(store: Store):
    new_case(store, text="什么时候到？请尽快！")
    assert fingerprints_of(store) == []


def test_a_fingerprint_holds_the_case_and_nothing_of_the_text(store: Store):
    case_id = case_of(store, new_case(store, text=TEXT))["id"]
    [row] = fingerprints_of(store)
    assert [row[lane] % SHIFT for lane in COLUMNS] == [case_id] * len(COLUMNS)


def test_erasing_the_text_erases_the_fingerprint(store: Store):
    first, second = new_case(store, text=TEXT), new_case(store, text=OTHER)
    erase_texts_of(store, case_of(store, first)["id"])
    assert [row["case_id"] for row in fingerprints_of(store)] == [case_of(store, second)["id"]]
    assert candidates_for(store, AGAIN) == []


def test_cases_of_an_earlier_release_get_fingerprints(store: Store):
    number, withdrawn = new_case(store, text=TEXT), new_case(store, text=OTHER)
    new_case(store, text="什么时候到？")
    make_move(store, withdrawn, "withdraw")
    before = fingerprints_of(store)
    execute_sql(store, "DELETE FROM fingerprint")
    assert candidates_for(store, AGAIN) == []
    catch_up(store, START + 31 * DAY, RECENTLY)
    assert (candidates_for(store, AGAIN), len(fingerprints_of(store))) == ([(number, ("text",))], 1)
    catch_up(store, START + DAY, RECENTLY)
    catch_up(store, START + DAY, RECENTLY)
    assert fingerprints_of(store) == before


def test_the_query_uses_an_index_for_each_number(store: Store):
    parameters = dict.fromkeys((f"{lane}{at}" for lane in COLUMNS for at in range(DEPTH)), SHIFT) | {"since": 0}
    explain = "EXPLAIN" if store.postgres else "EXPLAIN QUERY PLAN"
    with store.looking() as tx:
        if store.postgres:
            tx.run("SET LOCAL enable_seqscan = off")  # Postgres would scan an empty table
        plan = "\n".join(str(row) for row in tx.rows(f"{explain} {fingerprints.OF_TEXT}", **parameters))
    for lane in COLUMNS:
        assert plan.count(f"ix_fingerprint_{lane}") == DEPTH
    assert "SEARCH c USING INTEGER PRIMARY KEY" in plan or " on cases_pkey" in plan or " using cases_pkey" in plan, plan
    for scan in ("SCAN fingerprint", "SCAN cases", "Seq Scan on"):
        assert scan not in plan
