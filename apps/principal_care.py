"""What a principal sees of the greetings to customers, and what a customer himself says about them (D3)."""

from datetime import datetime

from apps.principal_reports import READS_FIGURES, refuse_others
from engine.access.principal import Principal, PrincipalKind
from engine.access.scope import UNLIMITED
from engine.care.consent import Consent, consent_of, own_person
from engine.store import Store
from reports.care import CareFigures, care_figures
from statemachines.roles import Role

SEES_GREETINGS = READS_FIGURES | {Role.MARKET}


def care_figures_seen(store: Store, principal: Principal, since: datetime, until: datetime) -> CareFigures:
    """Return the figures of greetings for whoever reads figures. Raises ``Refused('not_in_charge')``."""
    if principal.kind not in UNLIMITED:
        refuse_others(principal, SEES_GREETINGS)
    return care_figures(store, since, until)


def own_consent(store: Store, principal: Principal) -> tuple[bool, Consent | None]:
    """Return whether the visitor of a case may be greeted at all, and his newest answer; a reporter may not."""
    if principal.kind is not PrincipalKind.CUSTOMER:
        return False, None
    with store.looking() as tx:
        person = own_person(tx, principal)
        return person is not None, None if person is None else consent_of(tx, person)
