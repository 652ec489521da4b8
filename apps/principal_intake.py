"""What the desk is shown while it takes a contact down: who it is, his cases and promises, and what may be the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.principal_queue import SHORTEST
from apps.principal_reports import RECOGNISES, customers_seen
from engine.access.principal import Principal
from engine.access.scope import case_for, cases_in_scope
from engine.commands.links import id_of
from engine.duplicates.similar import Candidate, similar
from engine.ledger.record import CaseRow
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Contact
from reports.case_promises import OpenPromise, next_promises
from reports.desk_queries import Customer
from reports.known_cases import known_among
from reports.queue_rows import QueueRow, queue_rows
from statemachines.kinds import customer_kinds

MOST: Final = 5
"""The most customers of a name that are shown: among more of them nobody finds the right one by their address."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has cases with us, and the promise that is due next of each of his cases that has one."""

    customer: Customer
    promises: dict[str, OpenPromise]


@dataclass(frozen=True, slots=True)
class ContactHints:
    """Who a contact may be from, and the cases that it may be about already. ``more`` people were not shown."""

    callers: list[Caller]
    candidates: list[Candidate]
    more: int = 0

    @property
    def any(self) -> bool:
        """Return whether there is anything to look at."""
        return bool(self.callers or self.candidates)


NO_HINTS = ContactHints([], [])


def hints_for(store: Store, principal: Principal, contact: Contact, pack: str, at: datetime) -> ContactHints:
    """Return what is known of whoever has the number, the address or the name, and of the shipment and the words.

    Only cases that the principal may read; nothing for whoever does not serve customers.
    """
    if not principal.actor.roles & RECOGNISES:
        return NO_HINTS
    found = customers_seen(store, principal, contact, pack, at) if _named(contact) else []
    with store.looking() as tx:
        region = rules_in(tx).pack(pack, to_micros(at)).region
        candidates = similar(tx, store.secret, contact, customer_kinds(), region)
        known = known_among(tx, [each.number for each in candidates], cases_in_scope(principal, at))
        callers = [_caller(tx, customer) for customer in found[:MOST]]
    return ContactHints(callers, [each for each in candidates if each.number in known], max(0, len(found) - MOST))


def case_promised(
    store: Store, principal: Principal, number: str, at: datetime
) -> tuple[QueueRow, tuple[OpenPromise, ...]]:
    """Return a case as a list shows it, and its open promises, the first due first. Raises ``Refused``."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        return _row(tx, principal, case, at), next_promises(tx, [case.id]).get(case.id, ())


def _row(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> QueueRow:
    (row,) = queue_rows(tx, principal, [case], at)
    return row


def _named(contact: Contact) -> bool:
    return bool(contact.phone or contact.email or len(contact.customer or "") >= SHORTEST)


def _caller(tx: Tx, customer: Customer) -> Caller:
    ids = {id_of(tx, number): number for number in _open(customer)}
    promises = next_promises(tx, list(ids))
    return Caller(customer, {ids[case_id]: some[0] for case_id, some in promises.items()})


def _open(customer: Customer) -> Iterable[str]:
    return (case.number for case in customer.cases if not case.closed)
