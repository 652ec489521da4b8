"""A small store whose cases live at random, and its record as pandas reads it: what figures are checked by."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pandas as pd

from engine.create_store import set_clock
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, MANAGER, START, SUPERVISOR, make_move, new_case, query_rows

CHANNELS = ("hotline", "mail", "wechat")
SCORES = ("timeliness", "intact_goods", "attitude", "quality")
RECORD = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.occurred_at, t.recorded_at, t.form, a.handle
  FROM transition t JOIN actor a ON a.id = t.actor_id ORDER BY t.case_id, t.seq
"""
CASES = "SELECT id AS case_id, number, kind, channel, opened_at FROM cases"
STEPS = "SELECT case_id, clause, cycle, percent, due_at, recorded_at, timer_id FROM escalation_step"


def random_store(store: Store, cases: int, seed: int) -> None:
    """Let complaints live over some weeks: late and in time, transferred, answered well, badly or never."""
    random, after = Random(seed), timedelta()
    for number in range(cases):
        after += timedelta(minutes=random.randrange(30, 60 * 24))
        set_clock(store, START + after)
        kept = new_case(store, after, channel=random.choice(CHANNELS), phone=f"138001380{number:02}")
        after = _life(store, kept, after, random)


def _life(store: Store, number: str, after: timedelta, random: Random) -> timedelta:
    """Make the moves of one complaint; what the lifecycle refuses is left out."""
    department = random.choice(("claims", "hotline"))
    steps: list[tuple[str, dict[str, Any]]] = [("classify", {"department": department})]
    if random.random() < 0.3:
        steps.append(("assign", {"department": "claims"}))
    steps += [("reply", {}), ("investigate", {})]
    if random.random() < 0.6:
        responsibility = {"cause": random.choice(("handling", "delay")), "responsible": "carrier"}
        steps.append(("determine_responsibility", responsibility))
    steps.append(("resolve", {}))
    if random.random() < 0.7:
        scores = {score: random.randrange(1, 6) for score in SCORES if random.random() < 0.8}
        steps.append(("revisit", {"outcome": random.choice(("satisfied", "dissatisfied")), **scores}))
    if random.random() < 0.3:
        steps = [step for step in steps if step[0] != "resolve"][:3]
        steps.append(("withdraw", {}))
    for move, form in steps:
        after += timedelta(minutes=random.randrange(1, 60 * 20))
        set_clock(store, START + after)
        by = {"revisit": AGENT, "reply": SUPERVISOR, "withdraw": MANAGER}.get(move, "")
        try:
            make_move(store, number, move, by=by, after=after, **form)
        except Refused:
            continue
    return after


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
