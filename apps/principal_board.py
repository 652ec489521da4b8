"""The board of whoever leads: open cases, the workload of each person, the nights' health, the kinds on hold.

Counts are of the cases that the principal may read. The health of the nights is that of the whole store, without the
numbers of cases of which he may not know.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from apps.board_counts import BoardCounts
from apps.principal_reports import OPERATES, READS_FIGURES, refuse_others
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import cases_in_scope
from engine.commands.holds import HOLDERS, Held, held, hold, release
from engine.store import Store
from flows.deployments.operator_forms import HOLD_REASONS
from reports.figures import DAY
from reports.known_cases import known_among
from reports.night_health import NightHealth, health
from reports.open_cases import by_milestone, open_cases
from reports.overdue import overdue
from reports.workload import Workload, workload
from statemachines.refused import Refused

SEES_BOARD: Final = READS_FIGURES | OPERATES
UNKNOWN_NUMBER = "–"
"""What stands for the number of a case of which the reader may not know."""


@dataclass(frozen=True, slots=True)
class PersonsWork:
    """The open cases of a person, and how many of them are overdue."""

    load: Workload
    overdue: int


@dataclass(frozen=True, slots=True)
class SeenBoard:
    """The board as a principal sees it. ``may_hold`` says whether he may hold and release a kind."""

    counts: BoardCounts
    people: list[PersonsWork]
    health: NightHealth
    holds: list[Held]
    may_hold: bool


def whole_board_seen(store: Store, principal: Principal, at: datetime) -> SeenBoard:
    """Return the board. Raises ``Refused('not_in_charge')`` for whoever does not answer for more than his own work."""
    refuse_others(principal, SEES_BOARD)
    scope = cases_in_scope(principal, at)
    with store.looking() as tx:
        groups = open_cases(tx, scope)
        counts = BoardCounts(at, by_milestone(groups), overdue(tx, at, scope=scope))
        late = Counter({promise.number: promise.owner for promise in counts.overdue}.values())
        people = [PersonsWork(load, late[load.owner]) for load in workload(groups)]
        whole = health(tx, at - DAY, at)
        numbers = {each.number for each in (*whole.dead, *whole.parked)}
        seen = _without_unknown(whole, known_among(tx, numbers, scope))
        holds = held(tx)
    return SeenBoard(counts, people, seen, holds, bool(principal.actor.roles & set(HOLDERS)))


def _without_unknown(whole: NightHealth, known: frozenset[str]) -> NightHealth:
    dead = tuple(each if each.number in known else replace(each, number=UNKNOWN_NUMBER) for each in whole.dead)
    parked = tuple(each if each.number in known else replace(each, number=UNKNOWN_NUMBER) for each in whole.parked)
    return replace(whole, dead=dead, parked=parked)


def hold_for(store: Store, principal: Principal, kind: str, reason: str, at: datetime) -> bool:
    """Hold a kind back for a principal; return False if it is on hold already.

    Raises ``Refused('unknown_kind' | 'not_in_charge' | 'scope_missing' | 'bad_request')``.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    if reason not in HOLD_REASONS:
        raise Refused("bad_request", fields=[{"field": "reason", "why": "missing" if not reason else "enum"}])
    with store.writing() as tx:
        return hold(tx, kind, principal.actor.handle, reason, at)


def release_for(store: Store, principal: Principal, kind: str, reason: str, at: datetime) -> int:
    """End a hold for a principal; return how many deliveries are free now.

    Raises ``Refused('no_release_reason' | 'not_in_charge' | 'not_on_hold' | 'scope_missing')``.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    with store.writing() as tx:
        return release(tx, kind, principal.actor.handle, reason, at)
