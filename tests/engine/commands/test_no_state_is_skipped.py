"""A case moves only along the rows of its lifecycle's table, whichever moves are tried, and its history shows it."""

from random import Random
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle, Refused
from statemachines.roles import Role
from tests.case_actions import HOUR, STAFF, START, contact, history_of
from tests.golden.recording import add_staff_and_pack
from tests.statemachines.strategies import choices
from tests.stories.conftest import MORE_STAFF

TABLES = list(lifecycles().values())
TRIES, CASES = 80, 6
KNOWN = {"category": "damage", "department": "claims"}
"""What the store has, in place of values that would be refused."""


def actor_with(role: Role) -> str:
    """Return a person with the role, or the system where nobody has it."""
    roles_of = {actor.handle: actor.roles for actor in STAFF} | {
        name: (given,) for name, (given, _) in MORE_STAFF.items()
    }
    return next((handle for handle, roles in roles_of.items() if role in roles), "system")


def try_random_move(store: Store, table: Lifecycle, number: str, random: Random, after: int) -> bool:
    """Try a random move with a valid form; return whether it was made."""
    row = random.choice(table.moves)
    form: dict[str, Any] = {name: random.choice(values) for name, values in choices(row.form).items()}
    form = {name: value for name, value in form.items() if value is not None}
    form |= {name: known for name, known in KNOWN.items() if name in form}
    try:
        actor = actor_with(random.choice(sorted(row.roles)))
        advance(store, Command(number, row.name, form, actor=actor), START + after * HOUR)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_transition_is_a_row_of_the_table(sqlite_store: Store, table: Lifecycle):
    add_staff_and_pack(sqlite_store, {})
    random, moves_made = Random(table.kind), 0
    for _ in range(CASES):
        number = open_case(sqlite_store, Opening(contact(), table.kind), START).number
        moves_made += sum(try_random_move(sqlite_store, table, number, random, after) for after in range(TRIES))
        fire_due(sqlite_store, START + 2 * TRIES * HOUR)
        allowed = {(row.name, source, row.dest or source) for row in table.moves for source in row.sources}
        first, *others = history_of(sqlite_store, number)
        assert (first["source"], first["dest"]) == ("", table.initial)
        assert {(row["move"], row["source"], row["dest"]) for row in others} <= allowed
    assert moves_made > CASES, "too few moves were made to test anything"
    assert verify(sqlite_store).faults == ()
