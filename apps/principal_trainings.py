"""Trainings and other matters of the staff as a principal may see and open them, for any door (E5, E6, J1, J2)."""

from datetime import datetime
from typing import Final

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import cases_in_scope
from engine.store import Store
from reports.trainings import PlannedCourse, Training, training_plan, trainings
from statemachines.kinds import lifecycle_of

STAFF_KINDS: Final = ("training", "staff_proposal", "ledger_entry", "appraisal")
"""The kinds of case that are about the people who work here."""


def staff_kinds_for(principal: Principal) -> list[str]:
    """Return the kinds that somebody opens on the pages: those whose cases he may read afterwards."""
    tables = [lifecycle_of(kind) for kind in STAFF_KINDS]
    return [table.kind for table in tables if not table.readers or principal.actor.roles.intersection(table.readers)]


def plan_seen(store: Store, principal: Principal, year: int, at: datetime) -> list[PlannedCourse]:
    """Return the courses of a year's plan, counted over the trainings that the principal may read."""
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        return training_plan(tx, year, cases_in_scope(principal, at))


def certificates_seen(store: Store, principal: Principal, at: datetime) -> list[Training]:
    """Return the trainings whose certificate is held, as far as the principal may read them; the first to end first."""
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        held = [each for each in trainings(tx, cases_in_scope(principal, at)) if each.held]
    return sorted(held, key=lambda each: (each.ends_at is None, each.ends_at, each.number))
