"""A long past is divided between processes, and comes to the same figures as in one."""

from zoneinfo import ZoneInfo

import pytest

from engine.rules.in_force import rules_of
from engine.rules.policy import Pack
from engine.store import Store
from models.columns import to_micros
from reports.whatif import record
from reports.whatif.figures import SHOWN, WhatIf
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import EVER, Filter, shares
from reports.whatif.whatif import whatif
from tests.case_actions import HOUR, START, make_move, new_case

pytestmark = pytest.mark.requirement("K2")

ZONE = ZoneInfo("Asia/Shanghai")
END = START + 300 * HOUR


@pytest.fixture
def past(store: Store) -> Store:
    """Twice as many complaints as are named, each answered later than the one before, the last ones not in time."""
    for place in range(2 * SHOWN):
        make_move(store, new_case(store), "reply", after=place * HOUR / 6)
    return store


def rules_with(store: Store, hours: int) -> OtherRules:
    """Return the shipped pack with another limit of the first reply."""
    rules = rules_of(store)
    pack: Pack = rules.pack("logistics", to_micros(END))
    clauses = {**pack.clauses, "first_reply": pack.clauses["first_reply"].model_copy(update={"amount": hours})}
    return OtherRules(rules, to_micros(END), pack.model_copy(update={"clauses": clauses}))


def reckoned(store: Store, processes: int) -> list[WhatIf]:
    others = [rules_with(store, hours) for hours in (1, 3)]
    return whatif(store, others, Filter(), END, ZONE, processes=processes)


def test_the_figures_are_those_of_one_process(past: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(record, "SHARED", 0)
    alone, divided = reckoned(past, 1), reckoned(past, 3)
    assert divided == alone
    assert (alone[0].cases, len(alone[0].first)) == (2 * SHOWN, min(SHOWN, alone[0].changed))
    assert alone[0].changed > 0 < alone[1].changed


def test_of_few_cases_there_is_one_share_and_of_many_no_case_is_in_two(past: Store, monkeypatch: pytest.MonkeyPatch):
    with past.looking() as tx:
        assert shares(tx, 3) == [(0, EVER)]
        monkeypatch.setattr(record, "SHARED", 0)
        parts = shares(tx, 3)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    assert (parts[0][0], parts[-1][1]) == (0, EVER)
