"""A store that everybody leaves alone names every case it holds in its morning report (B11)."""

from random import Random

import pytest

from apps.simulation import run_until
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from flows.work import Work
from locales.translation import locales
from models.contact import Contact
from reports.morning_report import gather
from reports.morning_report_text import render
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle, Refused
from tests.case_actions import DAY, START, case_of, query_rows
from tests.one_thread import run_in_one_thread
from tests.statemachines.strategies import choices

pytestmark = pytest.mark.requirement("B11")

ACTORS = ("system", "amy", "han", "sue", "mei", "gao")
TRIES = 60
"""How many moves are tried with a case, most of which are refused."""


def wander(work: Work, table: Lifecycle, dice: Random) -> str:
    """Open a case of the kind and try moves at random; return its number. It may stand anywhere, also at an end."""
    contact = Contact(row_id="-", at=START, text="Something happened.")
    number = open_case(work.store, Opening(contact, table.kind), START).number
    for _ in range(TRIES):
        state = table.state[case_of(work.store, number)["state"]]
        if state.final or dice.random() < 1 / TRIES:
            break
        row = dice.choice([row for row in table.moves if state.name in row.sources])
        form = {name: dice.choice(values) for name, values in choices(row.form).items()}
        try:
            advance(work.store, Command(number, row.name, form, actor=dice.choice(ACTORS)), START)
        except Refused:
            continue
    return number


@pytest.mark.any_database
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_store_left_alone_for_ninety_days_names_every_case_it_holds(work: Work, seed: int):
    dice = Random(seed)
    for kind in sorted(lifecycles()):
        wander(work, lifecycle_of(kind), dice)
        open_case(work.store, Opening(Contact(row_id="-", at=START, text="Nobody looks at it."), kind), START)
    run_in_one_thread(run_until(work, START + DAY * 90))
    held = {row["number"] for row in query_rows(work.store, "SELECT number FROM cases WHERE NOT closed")}
    assert len(held) >= len(lifecycles()), "the cases that nobody moved are all open"
    morning = gather(work.store, work.store.now())
    named = {promise.number for promise in morning.overdue} | {number for number, *_ in morning.unwatched}
    assert held - named == set()
    for locale in locales():
        text = render(morning, locale)
        assert [number for number in held if number not in text] == []


def test_a_case_whose_timers_all_rest_is_named_at_once(work: Work):
    number = open_case(work.store, Opening(Contact(row_id="-", at=START, text="Lost.")), START).number
    with work.store.writing() as tx:
        tx.run("UPDATE timer SET running_since = NULL, fires_at = NULL")
    assert [case for case, *_ in gather(work.store, START).unwatched] == [number]
