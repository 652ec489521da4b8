"""Logs of other systems: each event is applied, ignored or refused with its reason, and never twice."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.replay import replay as replaying
from engine.replay.event_buffer import EventBuffer, Line
from engine.replay.replay import ReplayLog, replay
from engine.replay.session import ReplayOptions
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import (
    DAY,
    HOUR,
    SECRET,
    START,
    case_of,
    fired_steps_of,
    history_of,
    moves_of,
    query_rows,
    refusal,
    timer_of,
)
from tests.conftest import copy_anchors
from tests.engine.replay.logs import (
    BEGAN,
    NO_TEXT,
    SOURCE,
    fill_buffer,
    only_case,
    replay_log,
    since_start,
    steps,
    stored_statistics,
)

COMPLETE = (("new", 0), ("sorted", 1), ("looked at", 1.2), ("done", 1.5), ("over", 30))


def moves_without_timers(store: Store, number: str) -> list[str]:
    """Return the moves of a case except those of its timers."""
    return [row["move"] for row in history_of(store, number) if row["via"] != "timer"]


def dump(store: Store) -> dict[str, list[Any]]:
    """Return all that a replay writes, except salts and the hashes that depend on them."""
    tables = {
        "cases": "id, number, state, previous_state, closed, version, cycle, level, variables, opened_at, changed_at",
        "transition": "case_id, seq, move, source, dest, cycle, level, via, occurred_at, recorded_at, inferred",
        "timer": "case_id, clause, cycle, occurrence, consumed, fires_at, steps_fired, level, closed_at, outcome",
        "escalation_step": "case_id, seq, clause, cycle, percent, level, due_at, recorded_at",
        "statement": "case_id, seq, field, content",
        "outbox_event": "case_id, seq",
        "idempotency_key": "key, request_hash, case_id, seq",
    }
    return {
        table: [tuple(row.values()) for row in query_rows(store, f"SELECT {columns} FROM {table} ORDER BY {columns}")]
        for table, columns in tables.items()
    }


def test_a_case_that_fits_is_replayed_at_its_own_instants(store: Store):
    number, statistics = only_case(replay_log(store, *steps("a", *COMPLETE)))
    assert moves_without_timers(store, number) == ["open", "classify", "investigate", "resolve", "close"]
    history = [row for row in history_of(store, number) if row["via"] == "replay"]
    assert [row["occurred_at"] for row in history] == [to_micros(BEGAN + h * HOUR) for _, h in COMPLETE]
    assert {row["recorded_at"] for row in history} == {to_micros(START)}
    assert (statistics.events, statistics.applied, statistics.refused, statistics.ignored, statistics.fits) == (
        5,
        5,
        {},
        {},
        True,
    )
    assert verify(store).ok


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("looked at", "not_now"),
        ("ready", "no_way"),
        ("gibberish", "unknown_word"),
        ("flown", "unknown_move"),
        ("limbo", "unknown_state"),
        ("raised", "form"),
        ("new", "repeated_move"),
    ],
)
def test_an_impossible_event_is_refused_with_its_reason_and_row(sqlite_store: Store, word: str, reason: str):
    number, statistics = only_case(replay_log(sqlite_store, *steps("a", ("new", 0), (word, 1))))
    assert statistics.refused == {reason: [1, 2]}
    assert (statistics.events, statistics.applied) == (2, 1)
    assert case_of(sqlite_store, number)["state"] == "received"


def test_a_case_is_opened_even_when_all_its_events_are_refused(sqlite_store: Store):
    number, statistics = only_case(replay_log(sqlite_store, *steps("a", ("looked at", 3), ("gibberish", 2))))
    assert case_of(sqlite_store, number)["opened_at"] == to_micros(BEGAN + 2 * HOUR)
    assert moves_without_timers(sqlite_store, number) == ["open"]
    assert (statistics.applied, statistics.refused) == (0, {"unknown_word": [1, 2], "not_now": [1, 1]})


def test_events_without_a_time_or_in_the_future_are_refused_and_their_case_is_opened_now(sqlite_store: Store):
    number, statistics = only_case(replay_log(sqlite_store, *steps("a", ("sorted", None), ("sorted", 100 * 24 + 1))))
    assert statistics.refused == {"no_time": [1, 1], "in_the_future": [1, 2]}
    assert case_of(sqlite_store, number)["opened_at"] == to_micros(START)


def test_ignored_words_and_repeated_states_are_ignored(sqlite_store: Store):
    log = steps("a", ("new", 0), ("sorted", 1), ("somewhere", 2), ("in work", 3), ("in work", 4), ("printed", 5))
    number, statistics = only_case(replay_log(sqlite_store, *log))
    assert statistics.ignored == {"repeated_state": 2, "paper": 1}, "the word also means classified"
    assert moves_without_timers(sqlite_store, number) == ["open", "classify", "investigate"]


def test_equal_times_keep_the_order_of_the_file_and_mixed_cases_are_separated(sqlite_store: Store):
    a = steps("a", ("new", 0), ("sorted", 1), ("looked at", 1), ("done", 1))
    b = steps("b", ("new", 0), ("done", 2), ("looked at", 1), ("sorted", 0.5), first=5)
    mixed = [step for pair in zip(a, b, strict=True) for step in pair]
    statistics_by_number = replay_log(sqlite_store, *mixed)
    assert [statistics.applied for statistics in statistics_by_number.values()] == [4, 4]
    assert sorted(len(statistics.flags.get("out_of_order", ())) for statistics in statistics_by_number.values()) == [
        0,
        2,
    ]


def test_events_out_of_order_are_flagged_and_their_times_do_not_decrease(sqlite_store: Store):
    with EventBuffer(sqlite_store.home) as buffer:
        for step in steps("a", ("new", 0), ("sorted", 5), ("looked at", 3)):
            buffer.add(step, (step.event.row,))
        buffer.sort()
        replay(sqlite_store, buffer, ReplayLog(SOURCE, "complaint", "logistics", ReplayOptions(False, NO_TEXT)), START)
    number, statistics = only_case(stored_statistics(sqlite_store))
    assert statistics.flags == {"time_backwards": [3]}
    assert history_of(sqlite_store, number)[-1]["occurred_at"] >= to_micros(BEGAN + 5 * HOUR)


@pytest.mark.requirement("B6")
def test_timers_run_in_the_past_and_their_steps_fire_once_at_their_instants(store: Store):
    number, _ = only_case(replay_log(store, *steps("a", ("new", 0), ("sorted", 1), ("looked at", 3.5), ("done", 3.5))))
    assert timer_of(store, number, "first_reply")["outcome"] == "breached"
    assert timer_of(store, number, "solution")["outcome"] == "met"
    replies = [(percent, due) for clause, percent, due in fired_steps_of(store, number) if clause == "first_reply"]
    assert replies == [(75, since_start(1.5)), (100, since_start(2)), (150, since_start(3))]
    assert query_rows(store, "SELECT count(*) AS n FROM timer WHERE fires_at <= :at", at=to_micros(START)) == [{"n": 0}]
    assert verify(store).ok


def test_history_makes_no_events_except_the_last_of_an_open_case(store: Store):
    replay_log(store, *steps("a", *COMPLETE), *steps("b", ("new", 0), ("sorted", 1), ("remark", 2), first=9))
    waiting = "SELECT t.move FROM outbox_event m JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq"
    moves = [row["move"] for row in query_rows(store, waiting)]
    assert moves[0] == "classify"
    assert "open" not in moves
    assert "close" not in moves


def test_a_second_replay_changes_nothing(store: Store):
    log = [*steps("a", *COMPLETE), *steps("b", ("looked at", 0), first=9)]
    replay_log(store, *log)
    first = dump(store)
    replay_log(store, *log, at=START + DAY)
    assert dump(store) == first


def test_a_replay_with_other_options_or_content_is_refused(sqlite_store: Store):
    replay_log(sqlite_store, *steps("a", *COMPLETE))
    options = refusal(lambda: replay_log(sqlite_store, *steps("a", *COMPLETE), bridge=True))
    content = refusal(lambda: replay_log(sqlite_store, *steps("a", *COMPLETE, ("remark", 40))))
    assert (options.code, content.code) == ("replayed_otherwise", "other_history")
    assert only_case(stored_statistics(sqlite_store))[1].events == 5


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_replay_interrupted_within_a_case_resumes_there(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The batches are small here, and the process dies after the third."""
    log = steps("a", ("new", 0), *((word, hour) for hour in range(1, 12) for word in ("sorted", "remark")))
    monkeypatch.setattr(replaying, "TOGETHER", 5)
    lines, remaining = EventBuffer.lines, iter([None] * 3)

    def die_after_third(buffer: EventBuffer, case: str, begin: int, most: int) -> Iterator[Line]:
        if most > 1 and next(remaining, Killed) is Killed:
            raise Killed
        return lines(buffer, case, begin, most)

    with monkeypatch.context() as patch:
        patch.setattr(EventBuffer, "lines", die_after_third)
        with pytest.raises(Killed):
            replay_log(store, *log)
    assert only_case(stored_statistics(store))[1].events == 15
    number, statistics = only_case(replay_log(store, *log))
    assert (statistics.events, statistics.applied) == (23, 23)
    assert moves_without_timers(store, number).count("note") == 11
    assert verify(store).ok


def test_an_event_refused_half_way_writes_nothing_and_the_next_is_applied(store: Store):
    """A promise whose day has passed is refused only when its timer starts, after its move was written."""
    late: dict[str, Any] = {"promise": "a call", "due_at": BEGAN.isoformat()}
    [promise] = steps("a", ("remark", 2), first=2)
    bad = type(promise)(promise.event, move="promise", form=late)
    log = [*steps("a", ("new", 0)), bad, *steps("a", ("sorted", 3), first=3)]
    number, statistics = only_case(replay_log(store, *log))
    assert statistics.refused == {"due_passed": [1, 2]}
    assert moves_without_timers(store, number) == ["open", "classify"]
    assert verify(store).ok


@pytest.mark.requirement("B3")
def test_work_after_a_result_opens_a_new_cycle(store: Store):
    log = steps("a", *COMPLETE[:4], ("in work", 5), ("done", 6), ("looked at", 7), ("done", 8), ("over", 9))
    number, statistics = only_case(replay_log(store, *log))
    assert moves_without_timers(store, number)[4:] == ["reopen", "resolve", "reopen", "resolve", "close"]
    assert (case_of(store, number)["cycle"], statistics.reopenings, statistics.resolutions, statistics.refused) == (
        3,
        2,
        3,
        {},
    )


def test_events_after_the_end_are_refused_and_counted(sqlite_store: Store):
    number, statistics = only_case(
        replay_log(sqlite_store, *steps("a", *COMPLETE, ("remark", 31), ("in work", 32), ("over", 33)))
    )
    assert statistics.refused == {"after_the_end": [2, 6]}
    assert statistics.ignored == {"repeated_state": 1}
    assert statistics.after_end == 3
    assert case_of(sqlite_store, number)["closed"]


@pytest.mark.parametrize("bridge", [False, True])
def test_every_event_is_applied_refused_or_ignored(sqlite_store: Store, bridge: bool):
    words = ("done", "sorted", "over", "gibberish", "ready", "in work", "printed", "asked back", "ready", "over", "new")
    log = [
        step
        for n in range(5)
        for step in steps(f"c{n}", *((word, hour) for hour, word in enumerate(words[n:])), first=n * 20 + 1)
    ]
    for statistics in replay_log(sqlite_store, *log, bridge=bridge).values():
        refused, ignored = sum(times for times, _ in statistics.refused.values()), sum(statistics.ignored.values())
        assert statistics.applied + refused + ignored == statistics.events
        assert bridge or statistics.inferred == 0


def test_a_bridge_inserts_the_missing_moves_and_marks_them(store: Store):
    number, statistics = only_case(
        replay_log(store, *steps("a", ("new", 0), ("asked back", 1), ("done", 9)), bridge=True)
    )
    history = [(row["move"], bool(row["inferred"])) for row in history_of(store, number) if row["via"] == "replay"]
    assert history == [
        *[("open", False), ("ask_customer", False), ("customer_answers", True), ("classify", True)],
        *[("investigate", True), ("resolve", False)],
    ]
    assert (statistics.applied, statistics.inferred, statistics.refused, statistics.fits) == (3, 3, {}, False)
    assert verify(store).ok


def test_a_bridge_infers_no_answer_of_the_customer_and_reopens_nothing(sqlite_store: Store):
    log = steps("a", *COMPLETE[:4], ("done", 3), ("sorted", 4))
    number, statistics = only_case(replay_log(sqlite_store, *log, bridge=True))
    assert statistics.refused == {"repeated_move": [1, 5], "no_way": [1, 6]}
    assert moves_of(sqlite_store, number)[-1] != "revisit"


def test_the_first_contact_of_the_log_is_recorded_and_a_faulty_one_still_opens_the_case(sqlite_store: Store):
    first_contact = {
        "text": "It is broken.",
        "channel": "mail",
        "email": "li@example.com",
        "at": (BEGAN - HOUR).isoformat(),
    }
    number, _ = only_case(replay_log(sqlite_store, *steps("a", ("sorted", 0)), opening=first_contact))
    case = case_of(sqlite_store, number)
    assert (case["channel"], case["opened_at"]) == ("mail", to_micros(BEGAN - HOUR))
    assert case["party_id"] is not None
    faulty_contact = {"text": "x" * 70_000, "channel": "pigeon", "at": (BEGAN + DAY).isoformat()}
    other = replay_log(
        sqlite_store, *steps("a", ("sorted", 0)), *steps("b", ("sorted", 0), first=2), opening=faulty_contact
    )
    texts = "SELECT content FROM statement WHERE field = 'text' ORDER BY case_id"
    assert [row["content"] for row in query_rows(sqlite_store, texts)] == ["It is broken.", NO_TEXT]
    assert [list(statistics.flags) for statistics in other.values() if statistics.flags] == [
        ["opened_after_first_event"]
    ]


def test_a_pack_with_blank_limits_replays_without_timers_on_them(sqlite_store: Store):
    replay_log(sqlite_store, *steps("a", *COMPLETE), pack="general")
    assert query_rows(sqlite_store, "SELECT count(*) AS n FROM cases") == [{"n": 1}]
    assert query_rows(sqlite_store, "SELECT clause FROM timer") == []


@pytest.mark.parametrize(("pack", "kind"), [("nobodys", "complaint"), ("logistics", "dream")])
def test_an_unknown_pack_or_kind_is_refused_before_any_case(sqlite_store: Store, pack: str, kind: str):
    assert refusal(lambda: replay_log(sqlite_store, *steps("a", *COMPLETE), pack=pack, kind=kind)).code.startswith(
        "unknown_"
    )
    assert query_rows(sqlite_store, "SELECT count(*) AS n FROM cases") == [{"n": 0}]


@pytest.fixture
def second_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """Another store of the same template."""
    home = tmp_path / "twin"
    home.mkdir()
    shutil.copy(sqlite_template, home / "closeloop.db")
    copy_anchors(sqlite_template.parent, home)
    store = Settings(home=home, secret=SECRET).store()
    yield store
    store.close()


def test_usual_steps_write_the_same_rows_as_moves(
    sqlite_store: Store, second_store: Store, monkeypatch: pytest.MonkeyPatch
):
    log = [
        *steps("a", ("new", 0), ("asked back", 1), ("in work", 30), ("sorted", 60), ("in work", 61), ("done", 90)),
        *steps("b", *COMPLETE, first=10),
        *steps("c", ("new", 5), first=20),
    ]
    replay_log(sqlite_store, *log, bridge=True)
    monkeypatch.setattr("engine.commands.plan.ladder_of", lambda *_: None)  # each step is then planned as a move
    replay_log(second_store, *log, bridge=True)
    as_ladder, as_moves = dump(sqlite_store), dump(second_store)
    assert len(as_ladder["escalation_step"]) > 12
    assert as_ladder == as_moves


def test_one_id_in_two_logs_is_two_cases(sqlite_store: Store):
    replay_log(sqlite_store, *steps("a", *COMPLETE))
    with EventBuffer(sqlite_store.home) as buffer:
        fill_buffer(buffer, steps("a", *COMPLETE))
        replay(
            sqlite_store, buffer, ReplayLog("new desk", "complaint", "logistics", ReplayOptions(False, NO_TEXT)), START
        )
    assert query_rows(sqlite_store, "SELECT count(*) AS n FROM cases") == [{"n": 2}]
    assert len(stored_statistics(sqlite_store)) == 1
