"""Arrivals are recorded once, processed at their instant, and refused without loss of their content."""

from datetime import timedelta
from typing import Any

from engine.audit.verify import verify
from engine.commands.arrivals import Recorded, Source, record, take_due
from engine.escalation.fire import fire_due
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


def contact_row(row_id: str, after: timedelta = timedelta(), reply: timedelta | None = None, **fields: Any) -> Contact:
    """Return a row of the file, with a reply so long after ``START`` if a time is given."""
    answer = Reply(text="It was found.", at=START + reply) if reply is not None else None
    return contact(after, row_id=row_id, reply=answer, **fields)


def record_rows(store: Store, *rows: Contact) -> Recorded:
    return record(store, FILE, rows)


def arrivals(store: Store) -> list[dict[str, Any]]:
    return query_rows(store, "SELECT * FROM arrival ORDER BY row_id, part")


def test_a_second_import_adds_nothing(store: Store):
    rows = (contact_row("1"), contact_row("2", reply=HOUR))
    assert record_rows(store, *rows) == Recorded(2, 0, 0)
    before = arrivals(store)
    assert record_rows(store, *rows) == Recorded(0, 2, 0)
    assert arrivals(store) == before
    assert record_rows(store, *rows, contact_row("3")) == Recorded(1, 2, 0)


def test_the_same_rows_of_another_source_are_separate_arrivals(store: Store):
    record_rows(store, contact_row("1"))
    assert record(store, Source("other.csv", "complaint", "logistics"), [contact_row("1")]) == Recorded(1, 0, 0)


def test_a_known_row_with_other_content_refuses_the_whole_file(store: Store):
    record_rows(store, contact_row("1"))
    before = arrivals(store)
    refused = refusal(lambda: record_rows(store, contact_row("2"), contact_row("1", text="Something else.")))
    assert (refused.code, refused.params) == ("other_content", {"source": FILE.name, "row_id": "1", "part": "contact"})
    assert arrivals(store) == before


def test_the_good_rows_of_a_file_with_other_content_can_be_kept(store: Store):
    record_rows(store, contact_row("1"))
    counts = record(
        store, FILE, [contact_row("2"), contact_row("1", text="Something else."), contact_row("3")], keep_good=True
    )
    assert counts == Recorded(2, 0, 1)
    assert [arrival["row_id"] for arrival in arrivals(store)] == ["1", "2", "3"]


def test_a_row_refused_for_its_reply_records_nothing(store: Store):
    record_rows(store, contact_row("1", reply=HOUR))
    before = arrivals(store)
    assert record(store, FILE, [contact_row("1", reply=2 * HOUR)], keep_good=True) == Recorded(0, 0, 1)
    assert arrivals(store) == before


def test_another_reply_to_a_known_row_is_refused(store: Store):
    record_rows(store, contact_row("1", reply=HOUR))
    refused = refusal(lambda: record_rows(store, contact_row("1", reply=2 * HOUR)))
    assert (refused.code, refused.params["part"]) == ("other_content", "reply")


def test_a_reply_added_to_a_known_row_is_recorded(store: Store):
    record_rows(store, contact_row("1"))
    record_rows(store, contact_row("1", reply=HOUR))
    assert [arrival["part"] for arrival in arrivals(store)] == ["contact", "reply"]


def test_an_arrival_is_processed_at_its_instant_and_not_before(store: Store):
    record_rows(store, contact_row("1", HOUR))
    assert take_due(store, START + HOUR - MICROSECOND) == []
    [number] = take_due(store, START + HOUR)
    assert take_due(store, START + HOUR) == []
    [first] = history_of(store, number)
    assert (first["via"], from_micros(first["occurred_at"])) == ("import", START + HOUR)


def test_a_contact_processed_late_occurred_when_it_was_made(store: Store):
    record_rows(store, contact_row("1", HOUR))
    [number] = take_due(store, START + DAY)
    [first] = history_of(store, number)
    assert (from_micros(first["occurred_at"]), from_micros(first["recorded_at"])) == (START + HOUR, START + DAY)


def test_a_processed_arrival_has_no_payload_and_names_its_case(store: Store):
    record_rows(store, contact_row("1"))
    [number] = take_due(store, START)
    [processed] = arrivals(store)
    assert (processed["payload"], processed["refusal"], processed["processed_at"]) == (None, None, to_micros(START))
    assert processed["case_id"] == case_of(store, number)["id"]


def test_a_processed_row_is_still_known(store: Store):
    record_rows(store, contact_row("1"))
    take_due(store, START)
    assert record_rows(store, contact_row("1")) == Recorded(0, 1, 0)
    assert refusal(lambda: record_rows(store, contact_row("1", text="Other."))).code == "other_content"


def test_a_waiting_arrival_holds_personal_data_only_in_its_payload(store: Store):
    record_rows(store, contact_row("1", phone="13800138000"))
    [waiting] = arrivals(store)
    assert "13800138000" in waiting.pop("payload")
    assert "13800138000" not in str(waiting)


def test_a_reply_infers_the_moves_before_it(store: Store):
    record_rows(store, contact_row("1", reply=HOUR))
    take_due(store, START + HOUR)
    history = history_of(store, "cp-26-000001")
    assert [(transition["move"], bool(transition["inferred"])) for transition in history] == [
        ("open", False),
        ("classify", True),
        ("investigate", False),
        ("resolve", False),
    ]
    assert {from_micros(transition["occurred_at"]) for transition in history[1:]} == {START + HOUR}
    assert {timer_of(store, "cp-26-000001", clause)["outcome"] for clause in ("first_reply", "solution")} == {"met"}


def test_a_reply_infers_only_missing_moves(store: Store):
    record_rows(store, contact_row("1", reply=HOUR))
    [number] = take_due(store, START)
    make_move(store, number, "classify")
    take_due(store, START + HOUR)
    assert [bool(transition["inferred"]) for transition in history_of(store, number)] == [False] * 4


def test_steps_due_before_the_reply_fire_with_their_due_times(store: Store):
    record_rows(store, contact_row("1", reply=30 * HOUR))
    take_due(store, START + 90 * DAY)
    number = "cp-26-000001"
    shares = {"first_reply": (75, 100, 150, 200), "solution": (75, 100)}
    hours = {"first_reply": 2, "solution": 24}
    due = [
        (clause, percent, percent * hours[clause] * HOUR / 100)
        for clause, percents in shares.items()
        for percent in percents
    ]
    assert fired_steps_of(store, number) == due
    assert moves_of(store, number)[-3:] == ["classify", "investigate", "resolve"]
    assert timer_of(store, number, "solution")["outcome"] == "breached"
    assert case_of(store, number)["level"] == 3
    assert verify(store).ok


def test_a_reply_exactly_at_the_limit_meets_it(store: Store):
    record_rows(store, contact_row("1", reply=2 * HOUR), contact_row("2", reply=2 * HOUR + MICROSECOND))
    take_due(store, START + DAY)
    outcomes = [timer_of(store, f"cp-26-00000{n}", "first_reply")["outcome"] for n in (1, 2)]
    assert outcomes == ["met", "breached"]


def test_a_refused_contact_keeps_its_content_and_its_reason(store: Store):
    record(store, Source("f", "complaint", "nothing"), [contact_row("1"), contact_row("2")])
    record_rows(store, contact_row("3"))
    assert len(take_due(store, START)) == 1
    refused = [arrival for arrival in arrivals(store) if arrival["source"] == "f"]
    assert {(arrival["refusal"], arrival["case_id"]) for arrival in refused} == {("unknown_pack", None)}
    assert all("My parcel is broken." in arrival["payload"] for arrival in refused)
    assert take_due(store, START + DAY) == []


def test_a_reply_without_a_case_is_refused_and_kept(store: Store):
    record(store, Source("f", "complaint", "nothing"), [contact_row("1", reply=HOUR)])
    take_due(store, START + HOUR)
    reply = arrivals(store)[1]
    assert reply["refusal"] == "reply_without_case"
    assert "It was found." in reply["payload"]


def test_a_reply_to_a_closed_case_is_refused(store: Store):
    record_rows(store, contact_row("1", reply=HOUR))
    [number] = take_due(store, START)
    make_move(store, number, "withdraw")
    assert take_due(store, START + HOUR) == []
    assert arrivals(store)[1]["refusal"] == "reply_too_late"
    assert moves_of(store, number) == ["open", "withdraw"]


def test_a_batch_processes_the_oldest_first_and_is_limited(store: Store):
    record_rows(store, *(contact_row(str(n), -n * HOUR) for n in range(5)))
    assert [len(take_due(store, START, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    opened_at = [case["opened_at"] for case in query_rows(store, "SELECT opened_at FROM cases ORDER BY id")]
    assert opened_at == sorted(opened_at)


def test_imported_and_manually_opened_cases_share_the_numbers(store: Store):
    record_rows(store, contact_row("1"))
    assert {new_case(store), *take_due(store, START)} == {"cp-26-000001", "cp-26-000002"}


def test_no_step_fires_before_a_reply_that_has_come_is_processed(store: Store):
    """Two machines share the work: one takes the arrivals while the other fires the timers."""
    record_rows(store, contact_row("1", reply=HOUR), contact_row("2", reply=3 * HOUR), contact_row("3"))
    assert len(take_due(store, START)) == 3
    early, late, without = (f"cp-26-00000{n}" for n in (1, 2, 3))
    fired = fire_due(store, START + 2 * HOUR).fired  # 75 % and 100 % of the two hours for the first reply
    assert [(step.number, step.step.percent) for step in fired] == [
        (late, 75),
        (late, 100),
        (without, 75),
        (without, 100),
    ]
    take_due(store, START + 2 * HOUR)
    assert fired_steps_of(store, early) == []
    assert timer_of(store, early, "first_reply")["outcome"] == "met"
    assert fire_due(store, START + 2 * HOUR).fired == ()
    assert verify(store).ok
