"""Texts are erased by an administrator, for a reason; the journal covers it, and an erasure by hand is a fault."""

from dataclasses import replace

import pytest

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.actors import known_actor
from engine.audit.erase_texts import TextPlace, erase_texts
from engine.audit.verify import verify
from engine.ledger.anchoring import Anew, anchor
from engine.store import Store
from tests.case_actions import DAY, HANDLER, HOUR, START, execute_sql, make_move, new_case, query_rows, refusal
from tests.erasures import REASON, administrator_of

pytestmark = [pytest.mark.requirement("H1"), pytest.mark.requirement("B5")]

TEXT = TextPlace(1, "text")
BY_HAND = "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = 1 AND field = 'text'"


@pytest.fixture
def number(store: Store) -> str:
    """A closed case with two personal texts, whose record is anchored."""
    number = new_case(store, text="My name is Li.", demand="Call my wife.")
    make_move(store, number, "withdraw", after=HOUR)
    anchor(store, START + DAY)
    return number


def faults(store: Store) -> list[tuple[str, int, str]]:
    return [(fault.number, fault.seq, fault.what) for fault in verify(store).faults]


def erased_in(store: Store) -> list[str]:
    sql = "SELECT field FROM statement WHERE content IS NULL AND salt IS NULL AND erased_at IS NOT NULL ORDER BY field"
    return [row["field"] for row in query_rows(store, sql)]


def test_one_text_is_erased_and_the_record_stays_whole(store: Store, number: str):
    assert erase_texts(store, administrator_of(store), number, REASON, START + DAY, TEXT).texts == [TEXT]
    assert erased_in(store) == ["text"]
    assert faults(store) == []
    [entry] = query_rows(store, "SELECT made_by, key FROM journal WHERE subject = 'erasure'")
    assert entry == {"made_by": "nora", "key": '[1,1,"text"]'}
    [row] = query_rows(store, "SELECT erasure_reason FROM statement WHERE field = 'text'")
    assert row["erasure_reason"] == REASON


def test_all_texts_of_a_closed_case_are_erased_once(store: Store, number: str):
    by = administrator_of(store)
    every = erase_texts(store, by, number, REASON, START + DAY).texts
    assert {text.field for text in every} >= {"text", "demand"}
    [left] = query_rows(store, "SELECT count(*) AS n FROM statement WHERE content IS NOT NULL")
    assert left["n"] == 0
    assert erase_texts(store, by, number, "Again.", START + 2 * DAY).texts == []
    assert {row["erasure_reason"] for row in query_rows(store, "SELECT erasure_reason FROM statement")} == {REASON}
    assert anchor(store, START + 2 * DAY) is not None
    assert faults(store) == []


def test_of_an_open_case_only_a_named_text_is_erased(store: Store):
    number, by = new_case(store, text="My name is Li."), administrator_of(store)
    assert refusal(lambda: erase_texts(store, by, number, REASON, START)).code == "case_not_closed"
    assert erased_in(store) == []
    assert erase_texts(store, by, number, REASON, START, TEXT).texts == [TEXT]


def test_an_administrator_alone_erases_and_says_why(store: Store, number: str):
    by = administrator_of(store)
    with store.looking() as tx:
        handler = Principal(known_actor(tx, HANDLER), PrincipalKind.PERSON, "api")

    def code_of(who: Principal, reason: str = REASON, place: TextPlace | None = TEXT, of: str = number) -> str:
        return refusal(lambda: erase_texts(store, who, of, reason, START + DAY, place)).code

    assert code_of(handler) == "not_in_charge"
    assert code_of(replace(by, kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.WRITE_CASES}))) == "scope_missing"
    assert code_of(replace(by, kind=PrincipalKind.CUSTOMER)) == "not_a_person"
    assert code_of(by, reason=" \n") == "no_reason"
    assert code_of(by, reason="\0") == "bad_text"
    assert code_of(by, place=TextPlace(1, "words")) == "unknown_text"
    assert code_of(by, of="cp-26-000099") == "unknown_case"
    assert erased_in(store) == []


def test_a_text_erased_by_hand_is_a_fault_with_its_place(store: Store, number: str):
    assert execute_sql(store, BY_HAND) == 1
    assert faults(store) == [(number, 1, "statement_text_erased")]


@pytest.mark.parametrize(
    "change",
    [
        "erased_at = erased_at + 1",
        "erasure_reason = 'He asked for it.'",
        "erasure_reason = NULL",
    ],
)
def test_when_and_why_a_text_was_erased_cannot_be_changed(store: Store, number: str, change: str):
    erase_texts(store, administrator_of(store), number, REASON, START + DAY, TEXT)
    assert execute_sql(store, f"UPDATE statement SET {change} WHERE field = 'text'") == 1
    assert (number, 1, "statement_text_erased") in faults(store)


def test_a_text_that_comes_back_is_a_fault(store: Store, number: str):
    """From an old copy of the database, with the salt that fits the record."""
    [text] = query_rows(store, "SELECT salt, content FROM statement WHERE field = 'text'")
    erase_texts(store, administrator_of(store), number, REASON, START + DAY, TEXT)
    back = (
        "UPDATE statement SET salt = :salt, content = :content, erased_at = NULL, erasure_reason = NULL"
        " WHERE field = 'text'"
    )
    assert execute_sql(store, back, **text) == 1
    assert [what for _, _, what in faults(store)] == ['journal_deleted erasure [1,1,"text"]']


def test_who_examined_an_erasure_by_hand_lets_it_stand(store: Store, number: str):
    """As after an upgrade from a release that had no command for it."""
    execute_sql(store, BY_HAND)
    assert anchor(store, START + 2 * DAY, Anew("ada", "erased by order before there was a command")) is not None
    assert faults(store) == []
