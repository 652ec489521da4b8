"""A small store whose cases live at random, and its record as pandas reads it: what figures are checked by."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pandas as pd

from benchmarks.complaint_lives import fire_until
from engine.create_store import set_clock
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import (
    AGENT,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)

CHANNELS = ("hotline", "mail", "wechat")
SCORES = ("timeliness", "intact_goods", "attitude", "quality")
RECORD = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.occurred_at, t.recorded_at, t.form, a.handle
  FROM transition t JOIN actor a ON a.id = t.actor_id ORDER BY t.case_id, t.seq
"""
CASES = "SELECT id AS case_id, number, kind, channel, opened_at FROM cases"
STEPS = "SELECT case_id, clause, cycle, percent, due_at, recorded_at, timer_id FROM escalation_step"
SPAN_DAYS = 75
"""Within how many days the cases are opened; each lives some weeks, among the others."""

Event = tuple[timedelta, int, str, dict[str, Any]]
"""When since ``START``, which case, which move, and the form."""


def random_store(
    store: Store, cases: int, seed: int, instants: Sequence[timedelta] = (), look: Callable[[timedelta], None] = print
) -> None:
    """Let complaints live among each other: late and in time, at night and on holidays, corrected, answered or never.

    Every fifth is a service order that awaits its callback. At each of the ``instants`` since ``START`` it calls
    ``look``. What the lifecycle refuses is left out.
    """
    random = Random(seed)
    events: list[Event] = [(instant, 0, "", {}) for instant in instants]
    for number in range(cases):
        events += _life(number, timedelta(minutes=random.randrange(SPAN_DAYS * 24 * 60)), random)
    numbers: dict[int, str] = {}
    for after, case, move, form in sorted(events, key=lambda event: event[:2]):
        fire_until(store, START + after)
        set_clock(store, START + after)
        if not move:
            look(after)
        elif move in {"open", "order"}:
            opens = new_case if move == "open" else _new_order
            numbers[case] = opens(store, after, phone=f"138001380{case:02}", **form)
        else:
            _try(store, numbers[case], move, after, form)


def _new_order(store: Store, after: timedelta, **fields: Any) -> str:
    """Open a resolved service order that awaits its callback; its timers are not those of an order and are left out."""
    number = new_resolved_case(store, after, **fields)
    execute_sql(store, "UPDATE cases SET kind = 'service_order' WHERE number = :number", number=number)
    execute_sql(store, "DELETE FROM timer WHERE case_id = (SELECT id FROM cases WHERE number = :number)", number=number)
    return number


def _try(store: Store, number: str, move: str, after: timedelta, form: dict[str, Any]) -> None:
    by = {"reply": SUPERVISOR, "withdraw": MANAGER, "compensate": HANDLER}.get(move, "")
    by = AGENT if move in {"revisit", "attempt", "unreachable", "come_back"} else by
    by = MANAGER if move in {"approve_compensation", "undo_end", "close_unsatisfied"} else by
    try:
        make_move(store, number, move, by=by, after=after, **form)
    except Refused:
        return


def _life(case: int, opened: timedelta, random: Random) -> list[Event]:
    """Draw the moves of one case, each some hours after the one before."""
    if case % 5 == 4:
        return _timed(case, opened, _surveyed(random), random, "order")
    steps: list[tuple[str, dict[str, Any]]] = [("classify", {"department": random.choice(("claims", "hotline"))})]
    if random.random() < 0.3:
        steps.append(("assign", {"department": "claims"}))
    steps += [("reply", {}), ("investigate", {})]
    if random.random() < 0.3:
        steps.append(("reclassify", {"category": "damage", "department": random.choice(("claims", "hotline"))}))
    steps += _blamed(random)
    if random.random() < 0.2:
        return _timed(case, opened, [*steps[:3], ("withdraw", {}), *_undone(random)], random)
    steps.append(("resolve", {}))
    steps += _surveyed(random)
    if random.random() < 0.4:
        steps += [("resolve", {}), *_surveyed(random)]
    if random.random() < 0.2:
        steps += [("come_back", {"words": "Broken again."}), *_blamed(random), ("resolve", {}), *_surveyed(random)]
    return _timed(case, opened, steps, random)


def _blamed(random: Random) -> list[tuple[str, dict[str, Any]]]:
    """Return who answers for it, perhaps determined anew, and what is paid, perhaps decided by a second person."""
    if random.random() < 0.3:
        return []
    cause = random.choice(("handling", "delay"))
    blamed: list[tuple[str, dict[str, Any]]] = [
        ("determine_responsibility", {"cause": cause}), ("confirm_responsibility", {"confirmed_cause": cause}),
    ]  # fmt: skip
    if random.random() < 0.6:
        amount = random.choice((20_000, 50_000, 900_000))
        blamed += [("compensate", {"compensation": amount}), ("approve_compensation", {"approved": amount // 2})]
    return blamed if random.random() < 0.7 else blamed * 2


def _surveyed(random: Random) -> list[tuple[str, dict[str, Any]]]:
    """Return an answer, three calls in vain with perhaps an answer after them, or nothing."""
    scores = {score: random.randrange(1, 6) for score in SCORES if random.random() < 0.8}
    answer = ("revisit", {"outcome": random.choice(("satisfied", "dissatisfied")), **scores})
    chance = random.random()
    if chance < 0.6:
        return [answer]
    if chance < 0.9:
        in_vain: list[tuple[str, dict[str, Any]]] = [("attempt", {"attempts": number}) for number in (1, 2, 3)]
        return [*in_vain, ("unreachable", {}), *([answer] if random.random() < 0.3 else [])]
    return []


def _undone(random: Random) -> list[tuple[str, dict[str, Any]]]:
    return [("undo_end", {}), ("classify", {}), ("investigate", {}), ("resolve", {})] if random.random() < 0.5 else []


def _timed(
    case: int, opened: timedelta, steps: Sequence[tuple[str, dict[str, Any]]], random: Random, first: str = "open"
) -> list[Event]:  # fmt: skip
    events: list[Event] = [(opened, case, first, {"channel": random.choice(CHANNELS)})]
    for move, form in steps:
        opened += 2 * HOUR if move == "attempt" else timedelta(minutes=random.randrange(1, 60 * 30))
        events.append((opened, case, move, form))
    return events


def record(store: Store) -> Any:
    """Return every transition with the fields of its form as columns ``form_…``, and its case."""
    rows = [
        {**row, **{f"form_{k}": v for k, v in json.loads(row["form"]).items()}} for row in query_rows(store, RECORD)
    ]
    return pd.DataFrame(rows).merge(pd.DataFrame(query_rows(store, CASES)), on="case_id")


def steps(store: Store) -> Any:
    """Return the escalation steps that fired."""
    return pd.DataFrame(
        query_rows(store, STEPS), columns=["case_id", "clause", "cycle", "percent", "due_at", "recorded_at", "timer_id"]
    )
