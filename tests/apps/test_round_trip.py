"""What left the house as a log is lived again in an empty store, and comes to the same.

"The same" means, for each case and in order: move, source, destination, cycle, level, the instant it happened, whether
it was inferred, whether a clock made it, every value of its form that is neither words nor a person nor another case's
number; and for each clock of the case: clause, cycle, turn, limit, what it consumed, how and when it ended.
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
from tests.apps.sample_cases import COMPLAINTS, OTHERS, PROMISES
from tests.case_actions import SECRET, START, query_rows
from tests.editions import in_force
from tests.stories.story import Story

FORMATS = {"xes": "log.xes.gz", "csv": "log.csv.gz", "xlsx": "log.xlsx", "ocel2": "log.json", "jsonl": "log.jsonl"}
MOVES = """
SELECT c.number, c.kind, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.occurred_at, t.inferred, t.via, t.form
  FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.kind = :kind ORDER BY c.id, t.seq
"""
CLOCKS = """
SELECT c.number, k.clause, k.cycle, k.occurrence, k.calendar, k.amount, k.unit, k.allowance, k.consumed, k.extended,
       k.opened_at,        k.running_since, k.fires_at, k.steps_fired, k.level, k.closed_at, k.outcome
  FROM timer k JOIN cases c ON c.id = k.case_id WHERE c.kind = :kind ORDER BY c.id, k.clause, k.cycle, k.occurrence
"""
KEPT = {Disclosure.PLAIN}
PSEUDONYMS = Pseudonymisation(b"")
History = dict[str, list[dict[str, Any]]]


@pytest.fixture
def story(work: Any) -> Story:
    in_force(work.store, PROMISES, START)
    return Story(work)


def told(store: Store, kind: str) -> tuple[History, History]:
    """The moves and the clocks of each case, by the number it had where it was lived first."""
    moves, clocks, first = {}, {}, {}
    for row in query_rows(store, MOVES, kind=kind):
        form = orjson.loads(row.pop("form"))
        number = row.pop("number")
        first.setdefault(number, form.get("row_id", number) if row["via"] == "replay" else number)
        fields = fields_of(row.pop("kind"), row["move"])
        row["by_clock"] = row.pop("via") == "timer"
        row["form"] = {name: value for name, value in form.items() if fields.get(name) in KEPT}
        row["inferred"] = bool(row["inferred"])
        moves.setdefault(first[number], []).append(row)
    for row in query_rows(store, CLOCKS, kind=kind):
        clocks.setdefault(first[row.pop("number")], []).append(row)
    return moves, clocks


def differences(again: Store, store: Store, kind: str) -> list[Any]:
    """Where the two stores do not tell the same of a kind: nowhere, and there was something to tell."""
    lived, relived = told(store, kind), told(again, kind)
    assert lived[0]
    assert [life.keys() for life in relived] == [life.keys() for life in lived]
    pairs = [
        (number, one, other)
        for before, after in zip(lived, relived, strict=True)
        for number in before
        for one, other in zip_longest(before[number], after[number])
    ]
    return [pair for pair in pairs if pair[1] != pair[2]]


def as_table(lines: Path, kind: str) -> Path:
    """JSON lines as the CSV file that they are another spelling of: no reader of logs takes them."""
    names = [*(f"case:{key}" for key in case_keys(PSEUDONYMS)), *move_keys(PSEUDONYMS, CaseFilter(kind))]
    with (table := lines.with_suffix(".csv")).open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, names, restval="")
        written.writeheader()
        written.writerows(json.loads(line) for line in lines.read_text("utf-8").splitlines())
    return table


@pytest.fixture
def another(tmp_path: Path, story: Story) -> Iterator[Any]:
    """Makes an empty store, its clock where the first one's stands, under the same rules; its home comes with it."""
    made: list[Store] = []

    def make() -> tuple[Path, Store]:
        home = tmp_path / f"another{len(made)}"
        settings = Settings(home=home, secret=SECRET, database_url=None)
        create_store(settings, story.now, simulated_at=story.now)
        made.append(settings.store())
        in_force(made[-1], PROMISES, START)
        return home, made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def takes_in(closeloop: Closeloop, story: Story, another: Any, settings: Settings, tmp_path: Path) -> Any:
    """Exports a kind, replays it elsewhere without a word refused, and gives back the new store."""

    def take(kind: str, sort: str) -> Store:
        log, mapping = tmp_path / FORMATS[sort], tmp_path / "own.toml"
        closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
        closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", settings.url)
        closeloop.json("export", "--format", sort, "--kind", kind, "--out", log, "--mapping", mapping)
        home, store = another()
        closeloop.patch.delenv("CLOSELOOP_DATABASE_URL")
        closeloop.patch.setenv("CLOSELOOP_HOME", str(home))
        done = closeloop.json(
            "replay", as_table(log, kind) if sort == "jsonl" else log, "--mapping", mapping, "--bridge"
        )
        assert (done["refused"], done["examples"]) == (0, {})
        return store

    return take


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("sort", FORMATS)
def test_complaints_live_again_as_they_lived(story: Story, takes_in: Any, sort: str):
    for life in COMPLAINTS:
        life(story)
    again = takes_in("complaint", sort)
    assert differences(again, story.store, "complaint") == []
    assert verify(again).faults == ()
    moves, clocks = told(again, "complaint")
    happened = {(row["move"], row["cycle"] > 1) for life in moves.values() for row in life}
    assert {("revisit", True), ("customer_answers", False), ("extend", False), ("return", False)} <= happened
    assert {row["level"] for life in moves.values() for row in life} == {0, 1, 2, 3}
    assert any(row["inferred"] for life in moves.values() for row in life)
    assert {"met", "breached", "stopped"} <= {row["outcome"] for life in clocks.values() for row in life}


@pytest.mark.parametrize("sort", ["xes", "csv"])
@pytest.mark.parametrize(("kind", "life"), [("inquiry", OTHERS[0]), ("service_order", OTHERS[1])])
def test_other_kinds_live_again_too(story: Story, takes_in: Any, kind: str, life: Any, sort: str):
    life(story)
    again = takes_in(kind, sort)
    assert differences(again, story.store, kind) == []
    assert verify(again).faults == ()
