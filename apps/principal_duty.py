"""The duty roster as a principal may see and change it, for any such door (B11)."""

from datetime import datetime, timedelta
from typing import Final

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.actors import NOBODY
from engine.departments import departments
from engine.duty.record import KEEPERS, GivenRoster, RecordedRoster, record_roster, record_swap
from engine.duty.roster import Swap
from engine.store import Store
from gateways.duty_tables import KnownPosts
from locales.translation import label, locales
from reports.duty import DutyPlan, duty_plan
from statemachines.roles import TOP_LEVEL

KEEPS_ROSTERS: Final = frozenset(KEEPERS)
"""The roles that import rosters and enter swaps."""
STAFF = "SELECT handle FROM actor WHERE disabled_at IS NULL"


def posts_known(store: Store) -> KnownPosts:
    """Return by what a file may name departments (codes, and names in any language), and whom it may name."""
    with store.looking() as tx:
        codes, people = departments(tx), {row.handle for row in tx.rows(STAFF)}
    named = {label(locale, "", "department", code): code for code in codes for locale in locales()}
    return KnownPosts({**named, **{code: code for code in codes}}, frozenset(people - NOBODY), TOP_LEVEL)


def roster_recorded(store: Store, principal: Principal, given: GivenRoster, at: datetime) -> RecordedRoster:
    """Record a roster for a principal. Raises ``Refused('scope_missing')`` and what ``record_roster`` raises."""
    refuse_without(principal, Scope.WRITE_CASES)
    return record_roster(store, principal, given, at)


def swap_recorded(store: Store, principal: Principal, swap: Swap, reason: str, at: datetime) -> bool:
    """Record a swap for a principal. Raises ``Refused('scope_missing')`` and what ``record_swap`` raises."""
    refuse_without(principal, Scope.WRITE_CASES)
    return record_swap(store, principal, swap, reason, at)


def duty_seen(store: Store, principal: Principal, at: datetime, days: int) -> DutyPlan:
    """Return who is on duty from an instant on. Raises ``Refused('scope_missing' | 'not_a_person')``."""
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        return duty_plan(tx, at, at + timedelta(days=days))
