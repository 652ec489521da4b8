"""Whoever tries whatever, a case only ever goes along the rows of its table, and its history says how."""

from random import Random
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.advance import Command, advance
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import Role
from tests.case_actions import HOUR, STAFF, START, contact, history_of
from tests.golden.recording import add_staff_and_pack
from tests.statemachines.forms import choices
from tests.stories.conftest import MORE_STAFF

TABLES = list(lifecycles().values())
TRIES, CASES = 80, 3


def who(role: Role) -> str:
    """Somebody in that role; the system where nobody is hired for it."""
    held = {one.handle: one.roles for one in STAFF} | {name: (its,) for name, (its, _) in MORE_STAFF.items()}
    return next((handle for handle, roles in held.items() if role in roles), "system")


def attempt(store: Store, table: Lifecycle, number: str, chance: Random, after: int) -> bool:
    """Somebody tries a move with some valid form; whether it was made."""
    row = chance.choice(table.moves)
    form: dict[str, Any] = {name: chance.choice(values) for name, values in choices(row.form).items()}
    form = {name: value for name, value in form.items() if value is not None}
    try:
        actor = who(chance.choice(sorted(row.roles)))
        advance(store, Command(number, row.name, form, actor=actor), START + after * HOUR)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_transition_is_a_row_of_the_table(sqlite_store: Store, table: Lifecycle):
    add_staff_and_pack(sqlite_store, {})
    chance, made = Random(table.kind), 0
    for _ in range(CASES):
        number = open_case(sqlite_store, Opening(contact(), table.kind), START).number
        made += sum(attempt(sqlite_store, table, number, chance, after) for after in range(TRIES))
        fire_due(sqlite_store, START + 2 * TRIES * HOUR)
        allowed = {(row.name, source, row.dest or source) for row in table.moves for source in row.sources}
        first, *others = history_of(sqlite_store, number)
        assert (first["source"], first["dest"]) == ("", table.initial)
        assert {(one["move"], one["source"], one["dest"]) for one in others} <= allowed
    assert made > CASES, "hardly anything was made at all"
    assert verify(sqlite_store).faults == ()
