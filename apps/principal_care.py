"""What a principal sees of the greetings to customers, and what a customer himself says about them (D3)."""

from datetime import datetime

from apps.principal_reports import READS_FIGURES, refuse_others
from engine.access.principal import Principal, PrincipalKind
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.care.consent import Consent, consent_of, own_person
from engine.store import Store
from locales.zone import reader_zone
from models.columns import to_micros
from reports.care import CareFigures, care_figures
from reports.greeting_list import GreetingOutcome, GreetingsOfPeriod, greetings_of
from reports.greeting_text import GreetingWords, occasion_names
from reports.indicators.periods import period_of
from statemachines.roles import Role

SEES_GREETINGS = READS_FIGURES | {Role.MARKET}
"""The roles that see what became of greetings."""


def care_figures_seen(store: Store, principal: Principal, since: datetime, until: datetime) -> CareFigures:
    """Return the figures of greetings for whoever reads figures. Raises ``Refused('not_in_charge')``."""
    if principal.kind not in UNLIMITED:
        refuse_others(principal, SEES_GREETINGS)
    return care_figures(store, since, until)


def greetings_seen(
    store: Store, principal: Principal, period: str | None, outcome: GreetingOutcome | None, at: datetime
) -> GreetingsOfPeriod:
    """Return the greetings of a period one by one, without one of the running month; ``at`` is now.

    A customer is named by a case of his that the principal may read.
    Raises ``Refused('not_in_charge' | 'bad_period')``.
    """
    if principal.kind not in UNLIMITED:
        refuse_others(principal, SEES_GREETINGS)
    zone = reader_zone()
    chosen = period_of(period or f"{at.astimezone(zone):%Y-%m}")
    with store.looking() as tx:
        return greetings_of(tx, chosen, zone, to_micros(at), cases_in_scope(principal, at), outcome)


def words_of_greetings(store: Store, locale: str, at: datetime) -> GreetingWords:
    """Return the names of occasions and the texts about greetings in a language."""
    with store.looking() as tx:
        return GreetingWords(locale, occasion_names(tx, to_micros(at)))


def own_consent(store: Store, principal: Principal) -> tuple[bool, Consent | None]:
    """Return whether the visitor of a case may be greeted at all, and his newest answer; a reporter may not."""
    if principal.kind is not PrincipalKind.CUSTOMER:
        return False, None
    with store.looking() as tx:
        person = own_person(tx, principal)
        return person is not None, None if person is None else consent_of(tx, person)
