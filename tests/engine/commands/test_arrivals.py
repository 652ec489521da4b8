"""Arrivals are written down once, taken at their instant, and refused without loss."""

from datetime import timedelta
from typing import Any

from engine.audit.verify import verify
from engine.commands.arrivals import Recorded, Source, record, take_due
from engine.store import Store
from models.columns import from_micros, to_micros
from models.contact import Contact, Reply
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    contact,
    fired_steps_of,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
    timer_of,
)

FILE = Source("contacts.csv", "complaint", "logistics")


def row(row_id: str, after: timedelta = timedelta(), reply: timedelta | None = None, **said: Any) -> Contact:
    """A row of the file, with a reply so long after ``START`` if one is told."""
    answer = Reply(text="It was found.", at=START + reply) if reply is not None else None
    return contact(after, row_id=row_id, reply=answer, **said)


def recorded(store: Store, *rows: Contact) -> Recorded:
    return record(store, FILE, rows)


def arrivals(store: Store) -> list[dict[str, Any]]:
    return query_rows(store, "SELECT * FROM arrival ORDER BY row_id, part")


def test_a_second_import_adds_nothing(store: Store):
    rows = (row("1"), row("2", reply=HOUR))
    assert recorded(store, *rows) == Recorded(2, 0, 0)
    before = arrivals(store)
    assert recorded(store, *rows) == Recorded(0, 2, 0)
    assert arrivals(store) == before
    assert recorded(store, *rows, row("3")) == Recorded(1, 2, 0)


def test_the_same_rows_of_another_source_are_others(store: Store):
    recorded(store, row("1"))
    assert record(store, Source("other.csv", "complaint", "logistics"), [row("1")]) == Recorded(1, 0, 0)


def test_a_known_row_that_says_something_else_is_refused_and_nothing_is_taken(store: Store):
    recorded(store, row("1"))
    before = arrivals(store)
    told = refusal(lambda: recorded(store, row("2"), row("1", text="Something else.")))
    assert (told.code, told.params) == ("other_content", {"source": FILE.name, "row_id": "1", "part": "contact"})
    assert arrivals(store) == before


def test_of_a_file_with_other_content_the_good_rows_may_be_kept(store: Store):
    recorded(store, row("1"))
    told = record(store, FILE, [row("2"), row("1", text="Something else."), row("3")], keep_good=True)
    assert told == Recorded(2, 0, 1)
    assert [one["row_id"] for one in arrivals(store)] == ["1", "2", "3"]


def test_a_row_kept_out_for_its_reply_leaves_nothing(store: Store):
    recorded(store, row("1", reply=HOUR))
    before = arrivals(store)
    assert record(store, FILE, [row("1", reply=2 * HOUR)], keep_good=True) == Recorded(0, 0, 1)
    assert arrivals(store) == before


def test_another_reply_to_a_known_row_is_refused_too(store: Store):
    recorded(store, row("1", reply=HOUR))
    told = refusal(lambda: recorded(store, row("1", reply=2 * HOUR)))
    assert (told.code, told.params["part"]) == ("other_content", "reply")


def test_a_reply_that_was_not_there_before_is_added(store: Store):
    recorded(store, row("1"))
    recorded(store, row("1", reply=HOUR))
    assert [one["part"] for one in arrivals(store)] == ["contact", "reply"]


def test_an_arrival_is_taken_at_its_instant_and_not_before(store: Store):
    recorded(store, row("1", HOUR))
    assert take_due(store, START + HOUR - MICROSECOND) == []
    [number] = take_due(store, START + HOUR)
    assert take_due(store, START + HOUR) == []
    [first] = history_of(store, number)
    assert (first["via"], from_micros(first["occurred_at"])) == ("import", START + HOUR)


def test_a_contact_taken_late_began_when_it_was_made(store: Store):
    recorded(store, row("1", HOUR))
    [number] = take_due(store, START + DAY)
    [first] = history_of(store, number)
    assert (from_micros(first["occurred_at"]), from_micros(first["recorded_at"])) == (START + HOUR, START + DAY)


def test_what_was_taken_is_emptied_and_knows_its_case(store: Store):
    recorded(store, row("1"))
    [number] = take_due(store, START)
    [taken] = arrivals(store)
    assert (taken["payload"], taken["refusal"], taken["processed_at"]) == (None, None, to_micros(START))
    assert taken["case_id"] == case_of(store, number)["id"]


def test_a_taken_row_is_still_known(store: Store):
    recorded(store, row("1"))
    take_due(store, START)
    assert recorded(store, row("1")) == Recorded(0, 1, 0)
    assert refusal(lambda: recorded(store, row("1", text="Other."))).code == "other_content"


def test_what_waits_holds_the_content_and_its_key_none_of_it(store: Store):
    recorded(store, row("1", phone="13800000000"))
    [waiting] = arrivals(store)
    assert "13800000000" in waiting.pop("payload")
    assert "13800000000" not in str(waiting)


def test_a_reply_bridges_what_must_have_happened(store: Store):
    recorded(store, row("1", reply=HOUR))
    take_due(store, START + HOUR)
    history = history_of(store, "cp-26-000001")
    assert [(step["move"], bool(step["inferred"])) for step in history] == [
        ("open", False),
        ("classify", True),
        ("investigate", False),
        ("resolve", False),
    ]
    assert {from_micros(step["occurred_at"]) for step in history[1:]} == {START + HOUR}
    assert {timer_of(store, "cp-26-000001", clause)["outcome"] for clause in ("first_reply", "solution")} == {"met"}


def test_a_reply_infers_only_what_is_missing(store: Store):
    recorded(store, row("1", reply=HOUR))
    [number] = take_due(store, START)
    make_move(store, number, "classify")
    take_due(store, START + HOUR)
    assert [bool(step["inferred"]) for step in history_of(store, number)] == [False] * 4


def test_rungs_that_were_due_before_the_reply_fire_with_their_instants(store: Store):
    recorded(store, row("1", reply=30 * HOUR))
    take_due(store, START + 90 * DAY)
    number = "cp-26-000001"
    shares = {"first_reply": (75, 100, 150, 200), "solution": (75, 100)}
    due = [(c, p, p * (2 if c == "first_reply" else 24) * HOUR / 100) for c, ps in shares.items() for p in ps]
    assert fired_steps_of(store, number) == due
    assert moves_of(store, number)[-3:] == ["classify", "investigate", "resolve"]
    assert timer_of(store, number, "solution")["outcome"] == "breached"
    assert case_of(store, number)["level"] == 3
    assert verify(store).ok


def test_a_reply_exactly_at_the_limit_keeps_it(store: Store):
    recorded(store, row("1", reply=2 * HOUR), row("2", reply=2 * HOUR + MICROSECOND))
    take_due(store, START + DAY)
    outcomes = [timer_of(store, f"cp-26-00000{n}", "first_reply")["outcome"] for n in (1, 2)]
    assert outcomes == ["met", "breached"]


def test_a_refused_contact_keeps_its_content_and_its_reason(store: Store):
    record(store, Source("f", "complaint", "nothing"), [row("1"), row("2")])
    recorded(store, row("3"))
    assert len(take_due(store, START)) == 1
    refused = [one for one in arrivals(store) if one["source"] == "f"]
    assert {(one["refusal"], one["case_id"]) for one in refused} == {("unknown_pack", None)}
    assert all("My parcel is broken." in one["payload"] for one in refused)
    assert take_due(store, START + DAY) == []


def test_a_reply_without_a_case_is_refused_and_kept(store: Store):
    record(store, Source("f", "complaint", "nothing"), [row("1", reply=HOUR)])
    take_due(store, START + HOUR)
    reply = arrivals(store)[1]
    assert reply["refusal"] == "reply_without_case"
    assert "It was found." in reply["payload"]


def test_a_reply_to_a_case_that_is_resolved_comes_too_late(store: Store):
    recorded(store, row("1", reply=HOUR))
    [number] = take_due(store, START)
    make_move(store, number, "withdraw")
    assert take_due(store, START + HOUR) == []
    assert arrivals(store)[1]["refusal"] == "reply_too_late"
    assert moves_of(store, number) == ["open", "withdraw"]


def test_a_batch_takes_the_oldest_first_and_no_more_than_it_may(store: Store):
    recorded(store, *(row(str(n), -n * HOUR) for n in range(5)))
    assert [len(take_due(store, START, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    opened_at = [one["opened_at"] for one in query_rows(store, "SELECT opened_at FROM cases ORDER BY id")]
    assert opened_at == sorted(opened_at)


def test_arrivals_and_hands_share_the_numbers(store: Store):
    recorded(store, row("1"))
    assert {new_case(store), *take_due(store, START)} == {"cp-26-000001", "cp-26-000002"}
