"""What is known of a timer at an instant depends on nothing that happened later (K1)."""

from collections import defaultdict
from json import dumps, loads
from random import Random
from typing import Any

import pytest

from engine.store import Store
from forecast.past import Example
from forecast.situation import features
from models.columns import to_micros
from reports.whatif.record import RecordedCase
from tests.case_actions import START
from tests.forecast.lived import known_examples, live_random_cases, recorded

pytestmark = pytest.mark.requirement("K1")

HOUR = 3_600_000_000


def with_another_future(case: RecordedCase, instant: int, random: Random) -> RecordedCase:
    """Return the case with what happened after an instant left out, later, with other contents, or twice."""
    past = [move for move in case.moves if move.occurred_at <= instant]
    future = [move for move in case.moves if move.occurred_at > instant]
    way = random.choice(("left out", "later", "other", "cut"))
    if way == "left out":
        future = []
    if way == "later":
        later = random.randrange(1, 900) * HOUR
        future = [move._replace(occurred_at=move.occurred_at + later) for move in future]
    if way == "other":
        other = {"department": "hotline", "severity": "urgent", "hours": 3}
        future = [move._replace(form=dumps(loads(move.form) | other)) for move in future]
    if way == "cut":
        future = future[: random.randrange(len(future) + 1)]
    return case._replace(moves=[*past, *future], timers=[], steps=[])


def until(found: list[Example], instant: int) -> dict[int, list[tuple[Any, ...]]]:
    """Return by case what was known at the landmarks up to an instant, without how it ended."""
    known = defaultdict[int, list[tuple[Any, ...]]](list)
    for each in found:
        if each.at <= instant:
            known[each.key[0]].append((each.key, each.landmark, each.at, each.due, features(each.situation)))
    return known


@pytest.mark.parametrize("seed", range(3))
def test_another_future_changes_no_feature(sqlite_store: Store, seed: int, monkeypatch: pytest.MonkeyPatch):
    live_random_cases(sqlite_store, seed)
    monkeypatch.setattr("forecast.past._as_recorded", lambda timer, rows: True)  # its end is the future, too
    random, cases = Random(seed), recorded(sqlite_store)
    moves = sorted(move.occurred_at for case in cases for move in case.moves)
    first = moves[0]
    compared = 0
    for _ in range(20):
        instant = random.choice([random.choice(moves), random.randrange(first, moves[-1])])
        expected = until(known_examples(sqlite_store, cases), instant)
        packs = {case.row.id: case.timers for case in cases}
        changed = [with_another_future(case, instant, random) for case in cases if case.row.opened_at <= instant]
        changed = [case._replace(timers=packs[case.row.id]) for case in changed]
        found = until(known_examples(sqlite_store, changed), instant)
        # A case whose other future its own record does not tell is left out, and counts in the queues all the same.
        assert found == {case_id: expected[case_id] for case_id in found}
        compared += sum(map(len, found.values()))
    assert compared > 1_000


def test_what_happens_later_changes_how_it_ends(sqlite_store: Store):
    live_random_cases(sqlite_store, 1)
    cases = recorded(sqlite_store)
    ends = {(each.key, each.broke) for each in known_examples(sqlite_store, cases)}
    assert {broke for _, broke in ends} >= {True, False}
    assert all(each.at < to_micros(START) for each in known_examples(sqlite_store, cases))


def test_no_feature_names_a_person(sqlite_store: Store):
    live_random_cases(sqlite_store, 2)
    names = {
        name for each in known_examples(sqlite_store, recorded(sqlite_store)) for name, _ in features(each.situation)
    }
    with sqlite_store.looking() as tx:
        handles = {row.handle for row in tx.rows("SELECT handle FROM actor")}
    assert not {name for name in names for value in [name.partition("=")[2]] if value in handles}
    assert {name.partition("=")[0] for name in names} == {
        "clause", "state", "category", "severity", "department", "channel", "rounds", "transfers", "hour", "weekday",
        "left", "allowance", "queue", "owned", "used", "used_clause", "used_state",
    }  # fmt: skip
