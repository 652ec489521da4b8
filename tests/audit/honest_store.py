"""An honest store with many lives in it: built once, in groups, from a seed, and anchored twice on its way."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from engine.commands.advance import Command, advance_many
from engine.commands.open_case import Opening, open_in
from engine.create_store import create_store
from engine.escalation.fire import fire_due
from engine.ledger.anchoring import anchor
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import (
    DAY,
    HOUR,
    MOVE_ACTORS,
    SECRET,
    START,
    SUPERVISOR,
    add_staff,
    contact,
    execute_sql,
    form_for,
    query_rows,
)

GROUP = 100
DAYS = (
    ("classify", "note"),
    ("assign", "reply", "note", "escalate", "reclassify"),
    ("investigate", "progress", "note", "ask_customer"),
    ("customer_answers", "propose_solution", "note", "promise"),
    ("investigate", "resolve", "note"),
    ("resolve", "tell_result", "withdraw", "note"),
    ("revisit", "note", "reply"),
    ("revisit", "resolve", "note", "progress"),
)
"""What may be done on each day; what is refused where a case stands is not done."""
ANCHORED = (2, 5)
"""After these days the heads are anchored; what happens later is in no anchor yet."""
ROWS = """SELECT (SELECT count(*) FROM transition) + (SELECT count(*) FROM statement)
  + (SELECT count(*) FROM escalation_step) AS n"""


def built(settings: Settings, cases: int, seed: int) -> Store:
    """A store in which that many cases have lived for some days."""
    random = Random(seed)
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    add_staff(store)
    for first in range(0, cases, GROUP):
        _opened(store, random, min(GROUP, cases - first), timedelta(minutes=first // GROUP))
    for day, moves in enumerate(DAYS):
        _lived(store, random, moves, (day + 1) * DAY)
        if day in ANCHORED:
            assert anchor(store, START + (day + 1) * DAY + HOUR * 2) is not None
            _opened(store, random, max(cases // 50, 1), (day + 1) * DAY + HOUR * 3)
    _erased(store, random)
    return store


def rows_of(store: Store) -> int:
    """How many transitions, statements and rungs it holds."""
    return query_rows(store, ROWS)[0]["n"]


def _opened(store: Store, random: Random, count: int, after: timedelta) -> None:
    with store.writing() as tx:
        for _ in range(count):
            said: dict[str, Any] = {"text": f"My parcel is broken, it is the {random.randrange(10**6)}th."}
            if random.random() < 0.5:
                said |= {"subject": "Broken", "demand": "I want it back."}
            open_in(tx, store.secret, Opening(contact(after, **said)), START + after)


def _lived(store: Store, random: Random, moves: tuple[str, ...], after: timedelta) -> None:
    while fire_due(store, START + after).fired:
        pass
    for group in _groups([row["number"] for row in query_rows(store, "SELECT number FROM cases ORDER BY id")]):
        commands = [_command(random, number, random.choice(moves)) for number in group]
        advance_many(store, commands, START + after + HOUR)


def _command(random: Random, number: str, move: str) -> Command:
    form = form_for(move)
    if move == "promise":
        form["due_at"] = (START + 30 * DAY).isoformat()
    if move == "revisit" and random.random() < 0.4:
        form = {"outcome": "dissatisfied", "words": "Never again."}
    return Command(number, move, form, actor=MOVE_ACTORS.get(move, SUPERVISOR))


def _groups(numbers: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(numbers), GROUP):
        yield numbers[first : first + GROUP]


def _erased(store: Store, random: Random) -> None:
    """Some customers had their data erased."""
    count = query_rows(store, "SELECT count(*) AS n FROM cases")[0]["n"]
    for case_id in random.sample(range(1, count + 1), max(count // 50, 1)):
        sql = "UPDATE statement SET content = NULL, salt = NULL, erased_at = 5 WHERE case_id = :case_id"
        execute_sql(store, sql, case_id=case_id)


def settings_in(home: Any) -> Settings:
    """Settings of a home with the tests' secret."""
    return Settings(home=home, secret=SECRET)
