"""Under random packs the past of random small logs is what a replay of the log under that pack comes to."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.replay.event_buffer import EventBuffer
from engine.replay.replay import ReplayLog, replay
from engine.replay.session import ReplayOptions
from engine.rules.in_force import rules_of
from engine.store import Store
from models.columns import to_micros
from models.log_event import LogEvent, MappedEvent
from tests.case_actions import START, query_rows
from tests.conftest import copy_sqlite_store
from tests.editions import in_force, publishes
from tests.engine.replay.logs import BEGAN, NO_TEXT, SOURCE, fill_buffer
from tests.reports.whatif.clocks import of_cases, recomputed, recorded_clocks, recorded_steps

pytestmark = pytest.mark.requirement("K2")

LOGS, CASES = 4, 12
CALENDARS = ("cn-hotline", "cn-office", "cn-daytime", "berlin-office")
UNITS = ("hours", "business_hours", "days", "business_days")
CLAUSES = ("first_reply", "solution", "department_limit", "customer_answer", "revisit", "archive", "promise")
Meaning = dict[str, Any]
SORTED: Meaning = {"move": "classify"}
LOOKED_AT: Meaning = {"move": "investigate"}
DONE: Meaning = {"move": "resolve", "form": {"result": "Paid."}}
PARTS: tuple[tuple[Meaning, ...], ...] = (
    (SORTED,), ({"move": "reclassify"},), (LOOKED_AT,), ({"move": "reply"},), (DONE,), ({"move": "assign"},),
    ({"move": "note", "form": {"note": "x"}},), ({"state": "investigated"},), ({"state": "resolved"},),
    ({"move": "ask_customer", "form": {"question": "?"}}, {"move": "customer_answers", "form": {"answer": "!"}}),
    ({"move": "extend", "form": {"clause": "solution", "hours": 5, "reason": "x"}},),
    ({"move": "promise", "form": {"promise": "Back."}}, {"move": "keep_promise", "form": {"promise": 1, "how": "x"}}),
    (LOOKED_AT, DONE, {"move": "revisit", "form": {"outcome": "satisfied"}}),
    (LOOKED_AT, DONE, {"move": "revisit", "form": {"outcome": "dissatisfied"}}),
)  # fmt: skip
"""What happens in the logs, by parts that follow each other."""


@pytest.fixture
def stores(tmp_path: Path, sqlite_template: Path) -> Iterator[list[Store]]:
    """Two stores for each log: one for the pack that was in force, one for the other."""
    made: list[Store] = []
    for number in range(2 * LOGS):
        home = tmp_path / str(number)
        home.mkdir()
        made.append(copy_sqlite_store(sqlite_template, home).store())
    yield made
    for store in made:
        store.close()


def random_log(random: Random) -> list[MappedEvent]:
    """Return a log of cases that go many ways; other departments and severities take part."""
    events: list[MappedEvent] = []
    for case in range(CASES):
        at = BEGAN + timedelta(hours=random.randrange(1_000), minutes=random.randrange(60))
        drawn = [each for part in random.choices(PARTS, k=random.randrange(2, 8)) for each in part]
        opened: Meaning = {"move": "open"}
        for meaning in (opened, SORTED, *drawn):
            event = LogEvent(len(events) + 1, f"case {case}", "word", at)
            fill = {
                "category": "damage", "severity": random.choice(["low", "normal", "urgent"]),
                "department": random.choice(["claims", "delivery"]), "findings": "x", "reason": "x", "message": "x",
            }  # fmt: skip
            if meaning.get("move") == "promise" and random.random() < 0.5:
                fill["due_at"] = (at + timedelta(hours=random.randrange(90))).isoformat()
            events.append(MappedEvent(event, **meaning, fill=fill))
            at += timedelta(minutes=random.choice([1, 30, 120, 700, 3_000, 9_000]))
    return events


def publish_random(store: Store, random: Random) -> None:
    """Put random amounts, units, calendars and overrides in force, and another trigger of the callback."""
    limits = {
        clause: {
            "amount": random.randrange(1, 40), "unit": random.choice(UNITS), "calendar": random.choice(CALENDARS),
            "when": [{"severity": "urgent", "amount": random.randrange(1, 9)}] * random.randrange(2),
        }
        for clause in random.sample(CLAUSES, 5)
    }  # fmt: skip
    in_force(store, limits)
    publishes(store, "callbacks", trigger=random.choice(["receipt", "completion", "acceptance"]))


def same_course(*stores: Store) -> set[str]:
    """Return the cases of which the same events were applied in each store: a refused one changes what follows."""
    sql = """
    SELECT c.number, t.move, t.source, t.dest, t.occurred_at FROM transition t JOIN cases c ON c.id = t.case_id
     WHERE t.via <> 'timer' ORDER BY c.number, t.seq
    """
    courses = [Counter(tuple(row.values()) for row in query_rows(store, sql)) for store in stores]
    other = {move[0] for move in (courses[0] - courses[1]) + (courses[1] - courses[0])}
    return {move[0] for move in courses[0]} - other


@pytest.mark.parametrize("seed", range(2))
def test_the_past_under_a_random_pack_equals_a_replay_under_it(stores: list[Store], seed: int):
    random, compared, moved = Random(seed), 0, 0
    for log in range(LOGS):
        events = random_log(random)
        was, other = stores[2 * log : 2 * log + 2]
        for store in (was, other):
            publish_random(store, random)
            with EventBuffer(store.home) as buffer:
                options = ReplayOptions(bridge=False, wordless=NO_TEXT)
                replay(store, fill_buffer(buffer, events), ReplayLog(SOURCE, "complaint", "logistics", options), START)
        pack, same = rules_of(other).pack("logistics", to_micros(START)), same_course(was, other)
        result, expected = recomputed(was, pack, START), recorded_clocks(other)
        assert of_cases(result.clocks, same) == of_cases(expected, same)
        assert [step for step in result.steps if step[0] in same] == [
            step for step in recorded_steps(other) if step[0] in same
        ]
        compared += len(same)
        moved += of_cases(recorded_clocks(was), same) != of_cases(expected, same)
    assert compared > LOGS * CASES // 2
    assert moved == LOGS
    made = {row["move"] for store in stores for row in query_rows(store, "SELECT DISTINCT move FROM transition")}
    assert made >= {
        "customer_answers",
        "extend",
        "promise",
        "keep_promise",
        "archive",
        "breach",
        "reclassify",
        "revisit",
    }


def test_under_its_own_pack_the_past_is_what_it_was(stores: list[Store]):
    random, store = Random(7), stores[0]
    publish_random(store, random)
    with EventBuffer(store.home) as buffer:
        options = ReplayOptions(bridge=False, wordless=NO_TEXT)
        replay(
            store, fill_buffer(buffer, random_log(random)), ReplayLog(SOURCE, "complaint", "logistics", options), START
        )
    result = recomputed(store, rules_of(store).pack("logistics", to_micros(START)), START)
    assert result.clocks == recorded_clocks(store)
    assert result.steps == recorded_steps(store)
    assert not result.doubtful
