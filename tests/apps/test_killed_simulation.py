"""A simulation that is killed and run again loses no step of its scenario, and makes none twice."""

import asyncio
from datetime import datetime, timedelta

import pytest

from apps.scenario import Scenario, Staff, staff
from apps.simulation import run_until
from engine.commands.arrivals import Source, record, take_due
from engine.store import Store
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import AGENT, HOUR, START, contact, query_rows

SCENARIO = Scenario.model_validate(
    {
        "step": [
            {"contact": "1", "after": after, "by": AGENT, "move": "note", "set": {"note": f"Note {n}."}}
            for n, after in enumerate(("1h", "1h", "2h", "2h"))
        ]
    }
)


class Killed(Exception):
    """Stands for the end of the process."""


class KilledAfter:
    """The staff of a scenario, killed after so many moves: at that instant the clock is set, but not all is done."""

    def __init__(self, cast: Staff, moves: int) -> None:
        self._cast, self._left = cast, moves

    def next_act(self) -> datetime | None:
        return self._cast.next_act()

    def act(self, work: Work, now: datetime) -> int:
        steps = self._cast.steps
        due = [step for step in steps if step[0] <= now]
        if len(due) > self._left:
            self._cast.steps = due[: self._left]
            self._cast.act(work, now)
            raise Killed
        self._left -= len(due)
        return self._cast.act(work, now)


@pytest.mark.parametrize("moves", range(4))
def test_every_step_is_made_once(sqlite_store: Store, moves: int):
    work = Work(sqlite_store, FakeMailer(), FakeTelephone())
    record(sqlite_store, Source("file", "complaint", "logistics"), [contact()], keep_good=False)
    take_due(sqlite_store, START)
    until = START + 3 * HOUR
    with pytest.raises(Killed):
        asyncio.run(run_until(work, until, KilledAfter(staff(sqlite_store, SCENARIO, sqlite_store.now()), moves)))
    lived = asyncio.run(run_until(work, until, staff(sqlite_store, SCENARIO, sqlite_store.now())))
    notes = query_rows(sqlite_store, "SELECT content FROM statement WHERE field = 'note' ORDER BY seq")
    assert [note["content"] for note in notes] == [f"Note {n}." for n in range(4)]
    assert lived.acts == 4 - moves
    assert sqlite_store.now() == until + timedelta()
