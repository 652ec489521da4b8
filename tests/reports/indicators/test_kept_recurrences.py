"""Recurrences depend on other cases; what is kept of them is the record's as of any instant, to the last one (E2)."""

import json
from itertools import product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.access.condition import EVERY_CASE
from engine.kept_counts import KeptCount, keep_count
from engine.rules.in_force import rules_in
from engine.rules.indicator_queries import Facts
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from reports.indicators.cells import Reader
from reports.indicators.corrections import corrections
from reports.indicators.determination_facts import RECURRENCE
from reports.indicators.kept_cells import carried_forward, counted_anew, kept_cells
from reports.indicators.kept_questions import questions
from reports.indicators.periods import period_of, trend_to
from reports.indicators.record_cells import RecordReader
from tests.case_actions import DAY, HOUR, START, case_of, make_move, new_case, query_rows

pytestmark = pytest.mark.requirement("E2")

CASES, MONTHS, DEPARTMENTS = 60, trend_to(period_of("2028-02"), 23), ("claims", "hotline")
PARTIES = ("carrier", "shipper", "agent", "customs", "port", "us")
STEP = RECURRENCE // 2
"""The determinations are this far from each other, or a microsecond more or less: many at the edge of the watch."""
LATE = DAY.days * 24 * 3_600_000_000 * 40
DETERMINE = "determine_responsibility"
ZONE = ZoneInfo("Asia/Shanghai")
_Row = dict[str, Any]


class RandomDeterminations:
    """A store with copies of one case, each determined at other instants, for other causes, once or anew, or never."""

    def __init__(self, store: Store, seed: int) -> None:
        self.random = Random(seed)
        number = new_case(store)
        for hours, move in enumerate(("classify", "investigate", DETERMINE, "note"), 1):
            make_move(store, number, move, after=hours * HOUR, **({"note": "Again."} if move == "note" else {}))
        self.case = case_of(store, number)
        of_case = "SELECT * FROM transition WHERE case_id = :id ORDER BY seq"
        self.moves = {row["move"]: row for row in query_rows(store, of_case, id=self.case["id"])}
        with store.writing() as tx:
            for case_id in range(100, 100 + CASES):
                self._add(tx, case_id)

    def _add(self, tx: Tx, case_id: int) -> None:
        random, department = self.random, self.random.choice(DEPARTMENTS)
        at = to_micros(START) + random.randrange(9) * STEP + random.choice((-1, 0, 0, 1))
        made = ["open", "classify", "investigate", *[DETERMINE] * random.choice((0, 1, 1, 1, 2, 3))]
        made += ["note"] * random.randrange(2)
        recorded, rows = at, list[_Row]()
        for seq, move in enumerate(made, 1):
            at += random.choice((0, STEP)) if move in made[: seq - 1] or move == "note" else 0
            recorded = max(recorded, at + random.choice((0, 0, LATE)))
            form = json.loads(self.moves[move]["form"])
            if move == DETERMINE:
                form |= {"cause": random.choice(("handling", "delay")), "responsible": random.choice(PARTIES)}
            if move == "classify":
                form["department"] = department
            row = self.moves[move] | {"case_id": case_id, "seq": seq, "hash": f"{case_id} {seq}"}
            rows.append(row | {"occurred_at": at, "recorded_at": recorded, "form": json.dumps(form)})
        own = {"id": case_id, "number": f"cp-26-{case_id:06d}", "department": department, "changed_at": recorded,
               "opened_at": rows[0]["occurred_at"], "version": len(rows)}  # fmt: skip
        _insert(tx, "cases", self.case | own)
        for row in rows:
            _insert(tx, "transition", row)


def _insert(tx: Tx, table: str, row: _Row) -> None:
    values = ", ".join(f":{name}" for name in row)
    tx.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", **row)


def by_hand(store: Store, as_of: int) -> dict[tuple[int, str], list[int]]:
    """Return the determinations and recurrences as of an instant, by month and department, without SQL."""
    sql = f"""SELECT t.*, c.department FROM transition t JOIN cases c ON c.id = t.case_id
               WHERE t.move = '{DETERMINE}' AND t.recorded_at <= :as_of ORDER BY t.case_id, t.seq"""
    last = {row["case_id"]: row | json.loads(row["form"]) for row in query_rows(store, sql, as_of=as_of)}
    before: dict[tuple[str, str], int] = {}
    found: dict[tuple[int, str], list[int]] = {}
    for row in sorted(last.values(), key=lambda row: (row["occurred_at"], row["case_id"])):
        same, at = (row["cause"], row["responsible"]), row["occurred_at"]
        again = same in before and at - before[same] <= RECURRENCE
        before[same] = at
        for month, period in enumerate(MONTHS):
            if period.begins(ZONE) <= at < period.ends(ZONE):
                sums = found.setdefault((month, row["department"]), [0, 0])
                sums[0] += 1
                sums[1] += again
    return found


def kept(store: Store, as_of: int) -> dict[tuple[int, str], list[int]]:
    """Return the same from what is kept, with the difference."""
    queries = ["recurrences", "responsibilities_determined"]
    spans = [(period.begins(ZONE), period.ends(ZONE)) for period in MONTHS]
    with store.looking() as tx:
        reader = Reader.at(tx, rules_in(tx), as_of)
        cells = kept_cells(reader, Facts.DETERMINATIONS, spans, ["department"], queries)
    assert cells is not None, "the record would be read"
    return {
        (cell.period, cell.attributes["department"]): [
            cell.sums["responsibilities_determined"], cell.sums["recurrences"]
        ]
        for cell in cells
    }  # fmt: skip


def brought_to(store: Store, at: int, count: KeptCount | None) -> KeptCount:
    """Keep the determinations as of an instant: counted anew, or brought forward from what was kept before."""
    with store.writing() as tx:
        reader = RecordReader.at(tx, rules_in(tx), at)
        [question] = [each for each in questions(reader.rules, at) if each.facts is Facts.DETERMINATIONS]
        found = carried_forward(reader, question, count) if count else counted_anew(reader, question)
        assert found is not None
        keep_count(tx, found)
    return found


@pytest.mark.parametrize("seed", [18, 88])
def test_kept_recurrences_are_those_of_the_record_as_of_any_instant(store: Store, seed: int):
    RandomDeterminations(store, seed)
    recorded = sorted(row["recorded_at"] for row in query_rows(store, "SELECT recorded_at FROM transition"))
    instants = [recorded[len(recorded) * part // 8] + more for part, more in product(range(2, 8), (-1, 0))]
    expected = {instant: by_hand(store, instant) for instant in instants}
    assert sum(again for _, again in expected[instants[-1]].values()) > 10
    count = None
    for at in instants[1::4]:
        count = brought_to(store, at, count)
        assert {instant: kept(store, instant) for instant in instants} == expected, at


def determined(store: Store, days: int, responsible: str, phone: str) -> str:
    """Open a case that is determined so many days after ``START``."""
    number = new_case(store, (days - 1) * DAY, phone=phone)
    for hours, move in enumerate(("classify", "investigate")):
        make_move(store, number, move, after=(days - 1) * DAY + hours * HOUR)
    make_move(store, number, DETERMINE, after=days * DAY, responsible=responsible)
    return number


def test_a_recurrence_ends_where_the_case_before_it_is_determined_anew(store: Store):
    """A determination between the two, superseded before, hides neither; both are named where the figure changed."""
    first = determined(store, 1, "carrier", "13800138000")
    between = determined(store, 2, "carrier", "13800138001")
    make_move(store, between, DETERMINE, after=3 * DAY, responsible="shipper")
    last = determined(store, 80, "carrier", "13800138002")
    brought_to(store, to_micros(START + 81 * DAY), None)
    make_move(store, first, DETERMINE, after=82 * DAY, responsible="agent")
    before, after = (to_micros(START + days * DAY) for days in (81, 83))
    assert sum(again for _, again in kept(store, before).values()) == 1
    assert sum(again for _, again in kept(store, after).values()) == 0
    assert kept(store, after) == by_hand(store, after)
    with store.looking() as tx:
        rules = rules_in(tx)
        indicator = rules.indicators(after)["recurrence_rate"]
        found = corrections(tx, rules, indicator, period_of("2026-05"), before, after, EVERY_CASE)
    assert {each.number: bool(each.moves) for each in found.listed} == {first: True, last: False}
