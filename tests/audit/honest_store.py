"""Builds a store with many cases from a seed, without tampering, and anchors it twice on the way."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from engine.commands.advance_many import advance_many
from engine.commands.command import Command
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
    form_for,
    query_rows,
)
from tests.erasures import erase_texts_of

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
"""The moves tried on each day; a move that the state of a case refuses is not made."""
ANCHORED = (2, 5)
"""After these days the chain heads are anchored; later transitions are in no anchor."""
ROWS = """SELECT (SELECT count(*) FROM transition) + (SELECT count(*) FROM statement)
  + (SELECT count(*) FROM escalation_step) AS n"""


def build_store(settings: Settings, cases: int, seed: int) -> Store:
    """Create a store in which that many cases have made moves for some days."""
    random = Random(seed)
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    add_staff(store)
    for first in range(0, cases, GROUP):
        _open_cases(store, random, min(GROUP, cases - first), timedelta(minutes=first // GROUP))
    for day, moves in enumerate(DAYS):
        _make_moves(store, random, moves, (day + 1) * DAY)
        if day in ANCHORED:
            assert anchor(store, START + (day + 1) * DAY + HOUR * 2) is not None
            _open_cases(store, random, max(cases // 50, 1), (day + 1) * DAY + HOUR * 3)
    _erase_texts(store, random)
    return store


def rows_of(store: Store) -> int:
    """Count the store's transitions, statements and escalation steps."""
    return query_rows(store, ROWS)[0]["n"]


def _open_cases(store: Store, random: Random, count: int, after: timedelta) -> None:
    with store.writing() as tx:
        for _ in range(count):
            texts: dict[str, Any] = {"text": f"My parcel is broken, it is the {random.randrange(10**6)}th."}
            if random.random() < 0.5:
                texts |= {"subject": "Broken", "demand": "I want it back."}
            open_in(tx, store.secret, Opening(contact(after, **texts)), START + after)


def _make_moves(store: Store, random: Random, moves: tuple[str, ...], after: timedelta) -> None:
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


def _erase_texts(store: Store, random: Random) -> None:
    """Erase the texts of some customers."""
    count = query_rows(store, "SELECT count(*) AS n FROM cases")[0]["n"]
    for case_id in random.sample(range(1, count + 1), max(count // 50, 1)):
        erase_texts_of(store, case_id)


def settings_in(home: Any) -> Settings:
    """Return settings of a home with the tests' secret."""
    return Settings(home=home, secret=SECRET)
