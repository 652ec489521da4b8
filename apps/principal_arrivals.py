"""Contacts of other systems as a principal may hand them in and ask after them (A1), for any door.

Apart from the reports, because to take contacts in imports every move of a case.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from apps.principal_reports import refuse_others
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import cases_in_scope
from engine.commands.arrivals import Recorded, Source, record
from engine.entry_checks import SHOWN, is_word
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from models.contact import Contact
from reports.arrival_status import ArrivalStatus, arrival_status
from reports.known_cases import known_among
from statemachines.refused import Refused
from statemachines.roles import Role

TAKES_IN: Final = frozenset({Role.AGENT, Role.ADMINISTRATOR})
"""The roles that may hand in contacts of other systems."""
LINE_LIMIT = 500
"""The longest id of a row."""


def record_arrivals(
    store: Store, principal: Principal, source: Source, contacts: Sequence[Contact], at: datetime
) -> Recorded:
    """Record the contacts of another system; each source belongs to the actor who hands it in.

    The import that makes cases of them may date them back, so only those may hand in who answer for an intake.
    Raises ``Refused('other_content' | 'in_the_future' | 'unknown_pack' | 'not_in_charge')``.
    """
    refuse_without(principal, Scope.INTAKE)
    refuse_others(principal, TAKES_IN)
    if any(contact.at > at for contact in contacts):
        raise Refused("in_the_future", move="open")
    with store.looking() as tx:
        rules_in(tx).pack(source.pack, to_micros(at))
    return record(store, replace(source, name=_own(principal, source.name)), contacts)


def arrival_seen(store: Store, principal: Principal, source: str, row_id: str, at: datetime) -> ArrivalStatus:
    """Return what became of a contact that the principal handed in. Raises ``Refused('unknown_arrival')``."""
    if not (is_word(source) and is_word(row_id, LINE_LIMIT)):
        raise Refused("unknown_arrival", row_id=row_id[:SHOWN], source=source[:SHOWN])
    with store.looking() as tx:
        found = arrival_status(tx, _own(principal, source), row_id)
        if found is None:
            raise Refused("unknown_arrival", row_id=row_id[:SHOWN], source=source[:SHOWN])
        if found.number is None or known_among(tx, [found.number], cases_in_scope(principal, at)):
            return found
        return replace(found, number=None)


def _own(principal: Principal, source: str) -> str:
    """Return the name under which the store keeps a source of this actor."""
    return f"{principal.via}:{principal.actor.handle}:{source}"
