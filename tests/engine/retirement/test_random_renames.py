"""A random store lives on through random renames exactly as it would have lived on without them.

A store is built by random moves and copied. The original lives on under the shipped table, the copy under a table in
which states, moves, clauses, fields and variables were renamed at random. Both are told the same; whatever is answered,
fired and closed must be the same but for the names. So nothing is stuck, nothing is lost and no step fires twice.
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

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit.lifecycle_check import check_store
from engine.audit.migrate_lifecycle import migrate_lifecycles
from engine.audit.verify import verify
from engine.commands.advance import Command, advance
from engine.escalation.fire import fire_due
from engine.outbox.deliveries import CaseEvent, lease, settle
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
from tests.renaming import Renames, renamed

PEOPLE = (HANDLER, SUPERVISOR, MANAGER, DIRECTOR)
CASES, BEFORE, AFTER = 4, 30, 30
FIELDS = (
    "Findings.findings", "Findings.cause", "Resolution.result", "Compensation.compensation", "Question.question",
    "Reason.reason", "Message.message", "Responsibility.cause", "Note.note",
)  # fmt: skip
VARIABLES = ("returns", "transfers")
CLOSING = ("archive", "withdraw", "decline_compensation", "take_on", "rule_owner", "customer_answers")
"""What leads out of every state, tried in this order again and again."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants of one case, after so many hours."""

    case: int
    move: str
    actor: str
    after: int


def a_script(random: Random, length: int, begin: int) -> tuple[list[Asked], int]:
    """Random moves, most of them a little later than the one before."""
    moves, hours = sorted(COMPLAINT.rows), begin
    script: list[Asked] = []
    for _ in range(length):
        hours += random.choice((0, 0, 1, 2, 7, 30))
        script.append(Asked(random.randrange(CASES), random.choice(moves), random.choice(PEOPLE), hours))
    return script, hours


def some(random: Random, names: Any, share: float = 0.3) -> dict[str, str]:
    return {name: f"{name}_anew" for name in sorted(names) if random.random() < share}


def some_renames(random: Random) -> Renames:
    forms = COMPLAINT.forms
    fields = [
        name
        for name in FIELDS
        if name.partition(".")[0] in forms and name.partition(".")[2] in forms[name.partition(".")[0]].model_fields
    ]
    chosen = {name: f"{name.partition('.')[2]}_anew" for name in fields if random.random() < 0.5}
    if "Findings.cause" in chosen or "Responsibility.cause" in chosen:  # one variable is renamed in every form, or none
        chosen |= {name: "cause_anew" for name in ("Findings.cause", "Responsibility.cause") if name in fields}
    return Renames(
        some(random, COMPLAINT.state, 0.4),
        some(random, COMPLAINT.rows),
        some(random, COMPLAINT.clause, 0.4),
        chosen,
        some(random, VARIABLES, 0.5),
    )


@dataclass
class Lived:
    """A store under one table; ``renames`` lead from the shipped names to the table's."""

    store: Store
    table: Lifecycle
    renames: Renames
    numbers: list[str]

    def does(self, asked: Asked) -> str:
        """What is answered, in the shipped names: the state, or the code of the refusal."""
        at, move = START + asked.after * HOUR, self.renames.moves.get(asked.move, asked.move)
        form = self.renames.form_of(COMPLAINT.rows[asked.move][0].form, form_for(asked.move))
        if asked.move == "extend":
            form["clause"] = self.renames.clauses.get(form["clause"], form["clause"])
        with replaced(self.table):
            fire_due(self.store, at)
            try:
                answer = advance(self.store, Command(self.numbers[asked.case], move, form, actor=asked.actor), at)
            except Refused as refused:
                return refused.code
            return self.old(self.renames.states, answer.state)

    def delivers(self, at: datetime) -> list[tuple[Any, ...]]:
        """Deliver what waits; what the reactions are told, in the shipped names."""
        told: list[tuple[Any, ...]] = []
        with replaced(self.table):
            while batch := lease(self.store, "me", lambda event: ["reaction"], at):
                told += [self._told(leased.event) for leased in batch]
                settle(self.store, [(leased, None) for leased in batch], at)
        return sorted(told, key=str)

    def _told(self, event: CaseEvent) -> tuple[Any, ...]:
        moves, states = self.renames.moves, self.renames.states
        assert event.move not in moves, f"{event.move} is a retired name"
        assert not {event.source, event.dest} & {*states}, f"{event.source} or {event.dest} is a retired name"
        names = (self.old(moves, event.move), self.old(states, event.source), self.old(states, event.dest))
        old_move = self.old(moves, event.move)
        rows = COMPLAINT.rows.get(old_move)
        fields = sorted(json.loads(event.form))
        if rows:
            known = set(self.renames.form_of(rows[0].form, dict.fromkeys(rows[0].form.model_fields)))
            assert set(fields) <= known, f"{old_move} is told with {fields}"
        return (event.number, *names, event.cycle, event.level, event.occurred_at, len(fields))

    def steps(self) -> list[tuple[Any, ...]]:
        """Every step that fired, in the shipped names."""
        rows = query_rows(
            self.store, "SELECT case_id, clause, cycle, step, percent, level, due_at FROM escalation_step"
        )
        clauses = self.renames.clauses
        return sorted((r["case_id"], self.old(clauses, r["clause"]), *list(r.values())[2:]) for r in rows)

    def timers(self) -> list[tuple[Any, ...]]:
        """Every timer, in the shipped names."""
        sql = """SELECT case_id, clause, cycle, occurrence, allowance, consumed, extended, opened_at, running_since,
                        fires_at, steps_fired, closed_at, outcome FROM timer"""
        clauses = self.renames.clauses
        found = [
            (r["case_id"], self.old(clauses, r["clause"]), *list(r.values())[2:]) for r in query_rows(self.store, sql)
        ]
        return sorted(found, key=str)

    def cases(self) -> list[tuple[Any, ...]]:
        """Where every case stands, in the shipped names."""
        rows = query_rows(self.store, "SELECT state, cycle, level, attempts, closed FROM cases ORDER BY id")
        return [(self.old(self.renames.states, r["state"]), *list(r.values())[1:]) for r in rows]

    @staticmethod
    def old(names: Any, name: str) -> str:
        """The shipped name of a name."""
        return next((old for old, new in names.items() if new == name), name)


def born(folder: Path, template: Path, random: Random) -> tuple[Store, list[str], int]:
    """A store of random cases, some of their deliveries made and some waiting, and how many hours it has lived."""
    folder.mkdir()
    shutil.copy(template, folder / "closeloop.db")
    store = Settings(home=folder, secret=SECRET).store()
    numbers = [new_case(store) for _ in range(CASES)]
    life = Lived(store, COMPLAINT, Renames(), numbers)
    # Each case has gone some way, so that every stretch of the life is met.
    way = ("classify", "investigate", "resolve")
    for case in range(CASES):
        for move in way[: random.randrange(len(way) + 1)]:
            life.does(Asked(case, move, HANDLER, 0))
        if random.random() < 0.5:
            life.does(Asked(case, "ask_customer", SUPERVISOR, 0))
    script, hours = a_script(random, BEFORE, 0)
    for n, asked in enumerate(script):
        if n == len(script) // 2:
            life.delivers(START + asked.after * HOUR)
        life.does(asked)
    return store, numbers, hours


def copied(store: Store, folder: Path) -> Store:
    store.close()
    folder.mkdir()
    for file in store.home.glob("closeloop.db*"):
        shutil.copy(file, folder / file.name)
    return Settings(home=folder, secret=SECRET).store()


@contextlib.contextmanager
def two_lives(folder: Path, template: Path, random: Random) -> Iterator[tuple[Lived, Lived, int]]:
    renames = some_renames(random)
    store, numbers, hours = born(folder / "before", template, random)
    twin = copied(store, folder / "after")
    try:
        yield (
            Lived(store, COMPLAINT, Renames(), numbers),
            Lived(twin, renamed(COMPLAINT, renames), renames, numbers),
            hours,
        )
    finally:
        store.close()
        twin.close()
        shutil.rmtree(folder / "before")
        shutil.rmtree(folder / "after")


@settings(max_examples=12)
@given(number=st.integers(0, 2**32), at_once=st.booleans())
def test_a_store_lives_on_through_renames_as_without_them(
    tmp_path_factory: Any, sqlite_template: Path, number: int, at_once: bool
):
    random = Random(number)
    folder = tmp_path_factory.mktemp("lives")
    with two_lives(folder, sqlite_template, random) as (before, after, hours):
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
        script, end = a_script(random, AFTER, hours)
        for asked in script:
            assert after.does(asked) == before.does(asked), asked
        live_on_to_the_end(before, after, end)
        assert (after.steps(), after.cases()) == (before.steps(), before.cases())
        assert after.timers() == before.timers()
        later = START + (end + 1000) * HOUR
        assert after.delivers(later) == before.delivers(later)
        with replaced(after.table):
            assert verify(after.store).faults == ()
            assert check_store(after.store).to_carry == 0


def live_on_to_the_end(before: Lived, after: Lived, hours: int) -> None:
    """Every case is led out of wherever it stands; the test fails if one is stuck."""
    for round_ in range(4):
        for case in range(CASES):
            for move in CLOSING:
                asked = Asked(case, move, SUPERVISOR, hours + round_)
                assert after.does(asked) == before.does(asked), asked
    late = timedelta(days=400)
    for life in (before, after):
        with replaced(life.table):
            fire_due(life.store, START + hours * HOUR + late)
    assert all(closed for *_, closed in after.cases()), after.cases()
