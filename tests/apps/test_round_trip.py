"""An exported log that is replayed in an empty store yields the same moves and timers.

"The same" means, for each case and in order: move, source, destination, cycle, level, the instant it happened, whether
it was inferred, whether a timer made it, every value of its form that is neither free text nor a person nor the
number of another case; and for each timer of the case: clause, cycle, occurrence, limit, what it consumed, how and
when it ended.
"""

import csv
import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.audit.verify import verify
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from reports.event_log import case_keys, move_keys
from reports.event_log_queries import CaseFilter
from reports.pseudonymisation import Disclosure, Pseudonymisation, fields_of
from tests.apps.conftest import Closeloop
from tests.apps.sample_cases import OTHERS, PROMISES, merged, not_told, told_with_the_result
from tests.case_actions import SECRET, START, query_rows
from tests.editions import in_force
from tests.stories.story import Story

pytestmark = pytest.mark.any_database

FORMATS = {"xes": "log.xes.gz", "csv": "log.csv.gz", "xlsx": "log.xlsx", "ocel2": "log.json", "jsonl": "log.jsonl"}
MOVES = """
SELECT c.number, c.kind, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.occurred_at, t.inferred, t.via, t.form
  FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.kind = :kind ORDER BY c.id, t.seq
"""
TIMERS = """
SELECT c.number, k.clause, k.cycle, k.occurrence, k.calendar, k.amount, k.unit, k.allowance, k.consumed, k.extended,
       k.opened_at,        k.running_since, k.fires_at, k.steps_fired, k.level, k.closed_at, k.outcome
  FROM timer k JOIN cases c ON c.id = k.case_id WHERE c.kind = :kind ORDER BY c.id, k.clause, k.cycle, k.occurrence
"""
ABSORBED = "SELECT move, form FROM transition WHERE move IN ('absorb', 'merge') ORDER BY case_id, seq"
COMPARED = {Disclosure.PLAIN}
PSEUDONYMS = Pseudonymisation(b"")
History = dict[str, list[dict[str, Any]]]


@pytest.fixture
def story(work: Any) -> Story:
    in_force(work.store, PROMISES, START)
    return Story(work)


def histories_of(store: Store, kind: str) -> tuple[History, History]:
    """Return the moves and the timers of each case, by its number in the exported store."""
    moves, timers, first = {}, {}, {}
    for row in query_rows(store, MOVES, kind=kind):
        form = orjson.loads(row.pop("form"))
        number = row.pop("number")
        first.setdefault(number, form.get("row_id", number) if row["via"] == "replay" else number)
        fields = fields_of(row.pop("kind"), row["move"])
        row["by_timer"] = row.pop("via") == "timer"
        row["form"] = {name: value for name, value in form.items() if fields.get(name) in COMPARED}
        row["inferred"] = bool(row["inferred"])
        moves.setdefault(first[number], []).append(row)
    for row in query_rows(store, TIMERS, kind=kind):
        timers.setdefault(first[row.pop("number")], []).append(row)
    return moves, timers


def differences(replayed: Store, exported: Store, kind: str) -> list[Any]:
    """Return the differences between two stores in one kind, which must have cases."""
    expected, actual = histories_of(exported, kind), histories_of(replayed, kind)
    assert expected[0]
    assert [histories.keys() for histories in actual] == [histories.keys() for histories in expected]
    pairs = [
        (number, expected_row, actual_row)
        for before, after in zip(expected, actual, strict=True)
        for number in before
        for expected_row, actual_row in zip_longest(before[number], after[number])
    ]
    return [pair for pair in pairs if pair[1] != pair[2]]


def as_table(lines: Path, kind: str) -> Path:
    """Convert JSON lines, which no reader of logs accepts, into the CSV file of the same log."""
    names = [*(f"case:{key}" for key in case_keys(PSEUDONYMS)), *move_keys(PSEUDONYMS, CaseFilter(kind))]
    with (table := lines.with_suffix(".csv")).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(json.loads(line) for line in lines.read_text("utf-8").splitlines())
    return table


@pytest.fixture
def create_another(tmp_path: Path, story: Story) -> Iterator[Any]:
    """A function that creates an empty store with the time and the rules of the first, and returns it with its home."""
    stores: list[Store] = []

    def create() -> tuple[Path, Store]:
        home = tmp_path / f"another{len(stores)}"
        settings = Settings(home=home, secret=SECRET, database_url=None)
        create_store(settings, story.now, simulated_at=story.now)
        stores.append(settings.store())
        in_force(stores[-1], PROMISES, START)
        return home, stores[-1]

    yield create
    for store in stores:
        store.close()


@pytest.fixture
def export_and_replay(
    closeloop: Closeloop, story: Story, create_another: Any, settings: Settings, tmp_path: Path
) -> Any:
    """A function that exports a kind, replays it in another store without any refusal, and returns that store."""

    def run(kind: str, sort: str) -> Store:
        log, mapping = tmp_path / FORMATS[sort], tmp_path / "own.toml"
        closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
        closeloop.patch.setenv("CLOSELOOP_HOME", str(settings.where))
        closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", settings.url)
        closeloop.json("export", "--format", sort, "--kind", kind, "--out", log, "--mapping", mapping)
        home, store = create_another()
        closeloop.patch.delenv("CLOSELOOP_DATABASE_URL")
        closeloop.patch.setenv("CLOSELOOP_HOME", str(home))
        report = closeloop.json(
            "replay", as_table(log, kind) if sort == "jsonl" else log, "--mapping", mapping, "--bridge"
        )
        assert (report["refused"], report["examples"]) == (0, {})
        return store

    return run


@pytest.mark.requirement("A5")
def test_only_a_result_that_was_told_meets_the_promises_in_another_store(story: Story, export_and_replay: Any):
    """Two customers: one is told the result after an hour, the other is told nothing."""
    told_with_the_result(story)
    not_told(story)
    replayed = export_and_replay("complaint", "csv")
    outcomes = {
        (number, row["clause"]): row["outcome"]
        for number, rows in histories_of(replayed, "complaint")[1].items()
        for row in rows
        if row["clause"] in {"first_reply", "solution"}
    }
    first, second = sorted({number for number, _ in outcomes})
    assert [outcomes[first, clause] for clause in ("first_reply", "solution")] == ["met", "met"]
    assert [outcomes[second, clause] for clause in ("first_reply", "solution")] == [None, None], "open, and broken"
    assert differences(replayed, story.store, "complaint") == []


@pytest.mark.requirement("A6")
@pytest.mark.requirement("E2")
@pytest.mark.parametrize("sort", ["csv", "ocel2"])
def test_merged_cases_are_merged_in_another_store(story: Story, export_and_replay: Any, sort: str):
    merged(story)
    replayed = export_and_replay("complaint", sort)
    moves, timers = histories_of(replayed, "complaint")
    first, target, last = sorted(moves)
    assert [moves[number][-1]["dest"] for number in (first, target, last)] == ["merged", "archived", "merged"]
    absorbed = [row for row in query_rows(replayed, ABSORBED) if row["move"] == "absorb"]
    assert len(absorbed) == 2, "the case that goes on names those that were merged into it, by their numbers here"
    numbers = {row["number"] for row in query_rows(replayed, "SELECT number FROM cases WHERE state = 'merged'")}
    assert {orjson.loads(row["form"])["case"] for row in absorbed} == numbers
    replies = [row["outcome"] for row in timers[target] if row["clause"] == "first_reply"]
    assert replies == ["met", "breached", "met"], "the first customer waited 145 minutes, and two hours are promised"
    assert differences(replayed, story.store, "complaint") == []
    assert verify(replayed).faults == ()


@pytest.mark.parametrize("sort", ["xes", "csv"])
@pytest.mark.parametrize(("kind", "scenario"), [("inquiry", OTHERS[0]), ("service_order", OTHERS[1])])
def test_other_kinds_are_replayed_unchanged(story: Story, export_and_replay: Any, kind: str, scenario: Any, sort: str):
    scenario(story)
    replayed = export_and_replay(kind, sort)
    assert differences(replayed, story.store, kind) == []
    assert verify(replayed).faults == ()
