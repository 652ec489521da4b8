"""A case that was opened with nearly the same words is found by index, as long as its words are there (A6)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.commands.open_case import Opening, open_unless_known
from engine.duplicates import fingerprints
from engine.duplicates.fingerprints import COLUMNS, DEPTH, MOST, NEWEST, SHIFT, catch_up
from engine.duplicates.similar import RECENTLY, similar
from engine.store import Store
from tests.case_actions import DAY, HOUR, START, case_of, contact, execute_sql, make_move, new_case, query_rows

TEXT = "三月五日签收时发现外箱已经塌陷，里面的牛排全部解冻变质，客服电话一直没有人接，请尽快按保价金额理赔。"
AGAIN = f"您好！{TEXT.replace('，客服', '客服')[:-3]}，谢谢。"
OTHER = "上周在你们网点寄的文件到现在没有任何物流信息，究竟丢在哪里了，请给一个明确的答复，否则我只能向上级投诉。"
pytestmark = pytest.mark.requirement("A6")


def told(store: Store, text: str, after: timedelta = DAY, **said: Any) -> list[tuple[str, tuple[str, ...]]]:
    with store.looking() as tx:
        found = similar(tx, store.secret, contact(after, text=text, **said), {"complaint"})
    return [(one.number, one.why) for one in found]


def kept(store: Store) -> list[dict[str, Any]]:
    return query_rows(store, "SELECT * FROM fingerprint ORDER BY case_id")


def test_the_same_told_again_is_found_whoever_tells_it(store: Store):
    number = new_case(store, text=TEXT, phone="138")
    new_case(store, text=OTHER)
    assert told(store, AGAIN, phone="139") == [(number, ("text",))]
    assert told(store, AGAIN, phone="138") == [(number, ("party", "text"))]
    assert (
        told(store, "请问三月五日的牛排什么时候理赔？客服电话为什么没有人接？这样的服务让人失望，下次不会再找你们。")
        == []
    )


def test_a_form_letter_goes_with_each_shipment_and_is_no_clue_there(store: Store):
    number = new_case(store, text=TEXT, shipment="SF1")
    assert told(store, AGAIN, shipment="SF2") == []
    assert told(store, AGAIN, shipment="SF1") == [(number, ("shipment", "text"))]
    assert told(store, AGAIN) == [(number, ("text",))]


def test_a_case_of_another_kind_or_closed_long_ago_is_not_meant(store: Store):
    new_case(store, text=TEXT)
    gone = new_case(store, HOUR, text=OTHER)
    make_move(store, gone, "withdraw", after=HOUR)
    assert told(store, OTHER, 29 * DAY) == [(gone, ("text",))]
    assert told(store, OTHER, 31 * DAY) == []
    with store.looking() as tx:
        assert similar(tx, store.secret, contact(DAY, text=TEXT), {"service_order"}) == []


def test_of_a_text_that_everybody_sends_the_newest_are_shown_and_no_more_looked_at(store: Store):
    numbers = [new_case(store, text=TEXT) for _ in range(NEWEST + 1)]
    assert [number for number, _ in told(store, TEXT)] == numbers[: -MOST - 1 : -1]
    for number in numbers[1:]:
        execute_sql(store, "UPDATE cases SET kind = 'other' WHERE number = :number", number=number)
    assert told(store, TEXT) == []


def test_words_alone_refuse_nobody_a_case(store: Store):
    first = open_unless_known(store, Opening(contact(text=TEXT)), START).number
    assert open_unless_known(store, Opening(contact(text=TEXT)), START).number != first


def test_what_says_too_little_leaves_no_fingerprint(store: Store):
    new_case(store, text="什么时候到？请尽快！")
    assert kept(store) == []


def test_a_number_tells_its_case_and_nothing_of_the_text(store: Store):
    case_id = case_of(store, new_case(store, text=TEXT))["id"]
    [row] = kept(store)
    assert [row[lane] % SHIFT for lane in COLUMNS] == [case_id] * len(COLUMNS)


def test_whatever_erases_the_words_erases_the_fingerprint(store: Store):
    first, second = new_case(store, text=TEXT), new_case(store, text=OTHER)
    erase = "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = :id"
    execute_sql(store, erase, id=case_of(store, first)["id"])
    assert [row["case_id"] for row in kept(store)] == [case_of(store, second)["id"]]
    assert told(store, AGAIN) == []


def test_cases_of_an_earlier_release_are_caught_up_with(store: Store):
    number, gone = new_case(store, text=TEXT), new_case(store, text=OTHER)
    new_case(store, text="什么时候到？")
    make_move(store, gone, "withdraw")
    before = kept(store)
    execute_sql(store, "DELETE FROM fingerprint")
    assert told(store, AGAIN) == []
    catch_up(store, START + 31 * DAY, RECENTLY)
    assert (told(store, AGAIN), len(kept(store))) == ([(number, ("text",))], 1)
    catch_up(store, START + DAY, RECENTLY)
    catch_up(store, START + DAY, RECENTLY)
    assert kept(store) == before


def test_the_look_up_goes_by_index_and_reads_so_many_at_most(store: Store):
    asked = dict.fromkeys((f"{lane}{at}" for lane in COLUMNS for at in range(DEPTH)), SHIFT) | {"since": 0}
    explain = "EXPLAIN" if store.postgres else "EXPLAIN QUERY PLAN"
    with store.looking() as tx:
        if store.postgres:
            tx.run("SET LOCAL enable_seqscan = off")  # an empty table tempts to read it whole, so it must not
        plan = "\n".join(str(row) for row in tx.rows(f"{explain} {fingerprints.OF_TEXT}", **asked))
    for lane in COLUMNS:
        assert plan.count(f"ix_fingerprint_{lane}") == DEPTH
    assert "SEARCH c USING INTEGER PRIMARY KEY" in plan or " on cases_pkey" in plan or " using cases_pkey" in plan, plan
    for whole in ("SCAN fingerprint", "SCAN cases", "Seq Scan on"):
        assert whole not in plan
