"""A random store behaves the same after random renames as without them.

A store is filled by random moves and copied. The original continues under the shipped table, the copy under a table in
which states, moves, clauses, fields and variables were renamed at random. Both get the same commands; answers, fired
steps and closed timers must be equal except for the names. So no case is stuck, no row is lost and no step fires twice.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit.lifecycle_check import check_store
from engine.audit.migrate_lifecycle import migrate_lifecycles
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.escalation.fire import fire_due
from engine.outbox.case_event import CaseEvent
from engine.outbox.deliveries import lease, settle
from engine.settings import Settings
from engine.store import Store
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.lifecycle import Lifecycle, Refused
from tests.case_actions import (
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    SECRET,
    START,
    SUPERVISOR,
    form_for,
    new_case,
    query_rows,
)
from tests.conftest import copy_anchors
from tests.renaming import Renames, renamed

PEOPLE = (HANDLER, SUPERVISOR, MANAGER, DIRECTOR)
CASES, BEFORE, AFTER = 4, 30, 30
FIELDS = (
    "Findings.findings", "Findings.cause", "Resolution.result", "Compensation.compensation", "Question.question",
    "Reason.reason", "Message.message", "Responsibility.cause", "Note.note",
)  # fmt: skip
VARIABLES = ("returns", "unreached")
CLOSING = ("archive", "withdraw")
"""Moves of a manager that lead from every state to an end if they are tried repeatedly in this order."""


@dataclass(frozen=True)
class Attempt:
    """A move that somebody tries on one case, so many hours after ``START``."""

    case: int
    move: str
    actor: str
    after: int


def random_attempts(random: Random, length: int, first_hour: int) -> tuple[list[Attempt], int]:
    """Return random attempts, each at or after the one before, and the hour of the last."""
    moves, hours = sorted(COMPLAINT.rows), first_hour
    attempts: list[Attempt] = []
    for _ in range(length):
        hours += random.choice((0, 0, 1, 2, 7, 30))
        attempts.append(Attempt(random.randrange(CASES), random.choice(moves), random.choice(PEOPLE), hours))
    return attempts, hours


def random_names(random: Random, names: Any, share: float = 0.3) -> dict[str, str]:
    """Return new names for a random share of the names."""
    return {name: f"{name}_renamed" for name in sorted(names) if random.random() < share}


def random_renames(random: Random) -> Renames:
    forms = COMPLAINT.forms
    fields = [
        name
        for name in FIELDS
        if name.partition(".")[0] in forms and name.partition(".")[2] in forms[name.partition(".")[0]].model_fields
    ]
    chosen = {name: f"{name.partition('.')[2]}_renamed" for name in fields if random.random() < 0.5}
    if "Findings.cause" in chosen or "Responsibility.cause" in chosen:  # a variable must have one name in all forms
        chosen |= {name: "cause_renamed" for name in ("Findings.cause", "Responsibility.cause") if name in fields}
    return Renames(
        random_names(random, COMPLAINT.state, 0.4),
        random_names(random, COMPLAINT.rows),
        random_names(random, COMPLAINT.clause, 0.4),
        chosen,
        random_names(random, VARIABLES, 0.5),
    )


@dataclass
class StoreUnderTable:
    """A store under one table; ``renames`` lead from the shipped names to the table's."""

    store: Store
    table: Lifecycle
    renames: Renames
    numbers: list[str]

    def attempt_move(self, attempt: Attempt) -> str:
        """Try the move; return the state in the shipped names, or the code of the refusal."""
        at, move = START + attempt.after * HOUR, self.renames.moves.get(attempt.move, attempt.move)
        form = self.renames.form_of(COMPLAINT.rows[attempt.move][0].form, form_for(attempt.move))
        if attempt.move == "extend":
            form["clause"] = self.renames.clauses.get(form["clause"], form["clause"])
        with replaced(self.table):
            fire_due(self.store, at)
            try:
                answer = advance(self.store, Command(self.numbers[attempt.case], move, form, actor=attempt.actor), at)
            except Refused as refused:
                return refused.code
            return self.old(self.renames.states, answer.state)

    def deliver(self, at: datetime) -> list[tuple[Any, ...]]:
        """Deliver what waits; return the events that reactions get, in the shipped names."""
        events: list[tuple[Any, ...]] = []
        with replaced(self.table):
            while batch := lease(self.store, "me", lambda event: ["reaction"], at):
                events += [self._in_shipped_names(leased.event) for leased in batch]
                settle(self.store, [(leased, None) for leased in batch], at)
        return sorted(events, key=str)

    def _in_shipped_names(self, event: CaseEvent) -> tuple[Any, ...]:
        moves, states = self.renames.moves, self.renames.states
        assert event.move not in moves, f"{event.move} is a retired name"
        assert not {event.source, event.dest} & {*states}, f"{event.source} or {event.dest} is a retired name"
        names = (self.old(moves, event.move), self.old(states, event.source), self.old(states, event.dest))
        old_move = self.old(moves, event.move)
        rows = COMPLAINT.rows.get(old_move)
        fields = sorted(json.loads(event.form))
        if rows:
            new_fields = set(self.renames.form_of(rows[0].form, dict.fromkeys(rows[0].form.model_fields)))
            assert set(fields) <= new_fields, f"the event of {old_move} has the fields {fields}"
        return (event.number, *names, event.cycle, event.level, event.occurred_at, len(fields))

    def steps(self) -> list[tuple[Any, ...]]:
        """Return every step that fired, in the shipped names."""
        rows = query_rows(
            self.store, "SELECT case_id, clause, cycle, step, percent, level, due_at FROM escalation_step"
        )
        clauses = self.renames.clauses
        return sorted((row["case_id"], self.old(clauses, row["clause"]), *list(row.values())[2:]) for row in rows)

    def timers(self) -> list[tuple[Any, ...]]:
        """Return every timer, in the shipped names."""
        sql = """SELECT case_id, clause, cycle, occurrence, allowance, consumed, extended, opened_at, running_since,
                        fires_at, steps_fired, closed_at, outcome FROM timer"""
        clauses = self.renames.clauses
        timers = [
            (row["case_id"], self.old(clauses, row["clause"]), *list(row.values())[2:])
            for row in query_rows(self.store, sql)
        ]
        return sorted(timers, key=str)

    def cases(self) -> list[tuple[Any, ...]]:
        """Return the state of every case, in the shipped names."""
        rows = query_rows(self.store, "SELECT state, cycle, level, attempts, closed FROM cases ORDER BY id")
        return [(self.old(self.renames.states, row["state"]), *list(row.values())[1:]) for row in rows]

    @staticmethod
    def old(names: Any, name: str) -> str:
        """Return the shipped name of a name."""
        return next((old for old, new in names.items() if new == name), name)


def random_store(folder: Path, template: Path, random: Random) -> tuple[Store, list[str], int]:
    """Return a store of random cases with some deliveries made and some waiting, their numbers and the last hour."""
    folder.mkdir()
    shutil.copy(template, folder / "closeloop.db")
    copy_anchors(template.parent, folder)
    store = Settings(home=folder, secret=SECRET).store()
    numbers = [new_case(store) for _ in range(CASES)]
    under_table = StoreUnderTable(store, COMPLAINT, Renames(), numbers)
    # The cases begin at different states, so that each part of the lifecycle occurs.
    first_moves = ("classify", "investigate", "resolve")
    for case in range(CASES):
        for move in first_moves[: random.randrange(len(first_moves) + 1)]:
            under_table.attempt_move(Attempt(case, move, HANDLER, 0))
        if random.random() < 0.5:
            under_table.attempt_move(Attempt(case, "ask_customer", SUPERVISOR, 0))
    attempts, hours = random_attempts(random, BEFORE, 0)
    for n, attempt in enumerate(attempts):
        if n == len(attempts) // 2:
            under_table.deliver(START + attempt.after * HOUR)
        under_table.attempt_move(attempt)
    return store, numbers, hours


def copy_store(store: Store, folder: Path) -> Store:
    """Close the store and open a copy of it in another folder."""
    store.close()
    folder.mkdir()
    for file in store.home.glob("closeloop.db*"):
        shutil.copy(file, folder / file.name)
    copy_anchors(store.home, folder)
    return Settings(home=folder, secret=SECRET).store()


@contextlib.contextmanager
def store_before_and_after(
    folder: Path, template: Path, random: Random
) -> Iterator[tuple[StoreUnderTable, StoreUnderTable, int]]:
    renames = random_renames(random)
    store, numbers, hours = random_store(folder / "before", template, random)
    copy = copy_store(store, folder / "after")
    try:
        yield (
            StoreUnderTable(store, COMPLAINT, Renames(), numbers),
            StoreUnderTable(copy, renamed(COMPLAINT, renames), renames, numbers),
            hours,
        )
    finally:
        store.close()
        copy.close()
        shutil.rmtree(folder / "before")
        shutil.rmtree(folder / "after")


@pytest.mark.long
@settings(max_examples=12)
@given(number=st.integers(0, 2**32), at_once=st.booleans())
def test_a_store_behaves_the_same_after_renames(
    tmp_path_factory: Any, sqlite_template: Path, number: int, at_once: bool
):
    random = Random(number)
    folder = tmp_path_factory.mktemp("renames")
    with store_before_and_after(folder, sqlite_template, random) as (before, after, hours):
        now = START + hours * HOUR
        with replaced(after.table):
            checked = check_store(after.store)
            assert checked.ok, checked
            assert verify(after.store).faults == ()
            if at_once:
                migrated = migrate_lifecycles(after.store, now)
                assert (migrated.carried, migrated.failed) == (checked.to_carry, ())
                assert check_store(after.store).to_carry == 0
                assert verify(after.store).faults == ()
        attempts, end = random_attempts(random, AFTER, hours)
        for attempt in attempts:
            assert after.attempt_move(attempt) == before.attempt_move(attempt), attempt
        lead_every_case_to_its_end(before, after, end)
        assert (after.steps(), after.cases()) == (before.steps(), before.cases())
        assert after.timers() == before.timers()
        later = START + (end + 1000) * HOUR
        assert after.deliver(later) == before.deliver(later)
        with replaced(after.table):
            assert verify(after.store).faults == ()
            assert check_store(after.store).to_carry == 0


def lead_every_case_to_its_end(before: StoreUnderTable, after: StoreUnderTable, hours: int) -> None:
    """Move every case to a final state; the test fails if a case is stuck."""
    for hour in range(4):
        for case in range(CASES):
            for move in CLOSING:
                attempt = Attempt(case, move, MANAGER, hours + hour)
                assert after.attempt_move(attempt) == before.attempt_move(attempt), attempt
    late = timedelta(days=400)
    for under_table in (before, after):
        with replaced(under_table.table):
            fire_due(under_table.store, START + hours * HOUR + late)
    assert all(closed for *_, closed in after.cases()), after.cases()
