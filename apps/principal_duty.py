"""The duty roster as a principal may see and change it, for any such door (B11)."""

from datetime import datetime, timedelta
from typing import Final

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import cases_in_scope
from engine.actors import NOBODY
from engine.departments import departments
from engine.duty.record import KEEPERS, GivenRoster, RecordedRoster, record_roster, record_swap
from engine.duty.roster import Swap
from engine.outbox.duty_alerts import acknowledge
from engine.store import Store
from gateways.duty_tables import KnownPosts
from locales.translation import label, locales
from reports.duty import DutyPlan, duty_plan
from reports.duty_alerts import DutyAlertRow, may_acknowledge, open_alerts
from reports.known_cases import known_among
from statemachines.refused import Refused
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


def alerts_seen(store: Store, principal: Principal, at: datetime) -> list[DutyAlertRow]:
    """Return the alerts that await an answer and that name the principal or a case that he may read.

    Raises ``Refused('scope_missing' | 'not_a_person')``.
    """
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        found = open_alerts(tx)
        known = known_among(tx, {alert.number for alert in found}, cases_in_scope(principal, at))
    return [alert for alert in found if alert.number in known or principal.actor.handle in alert.people]


def alert_acknowledged(store: Store, principal: Principal, number: str, at: datetime) -> int:
    """Acknowledge the alerts of a case for a principal.

    Raises ``Refused('scope_missing')`` and as ``acknowledge``; ``'no_alert'``, too, for a case that he may not know.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    with store.looking() as tx:
        if not may_acknowledge(tx, principal, number, at):
            raise Refused("no_alert", number=number)
    return acknowledge(store, principal, number, at)
