"""The queue of a principal: which cases wait for him, found by words, by a name, a number or a waybill."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from apps.principal_reports import RECOGNISES
from engine.access.condition import NO_CASE, Condition, either
from engine.access.principal import Principal
from engine.duplicates.recognition import shipment_key
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Contact
from reports.case_parts import Sort
from reports.case_search import CaseQuery, search
from reports.desk_queries import party_ids
from reports.queue_order import awaiting, of_department
from reports.queue_rows import QueueRow, queue_rows

SHORTEST = 2
"""A name of fewer characters is not looked up."""


class Share(StrEnum):
    """Whose cases: those that are the principal's to work on, those of his department, all that he may read."""

    MINE = "mine"
    DEPARTMENT = "department"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue, and the cursor of the next one; None after the last page."""

    rows: list[QueueRow]
    next_cursor: str | None


def queue_seen(
    store: Store, principal: Principal, share: Share, query: CaseQuery, pack: str, at: datetime, cursor: str | None
) -> Queue:
    """Return a page of the principal's queue, in the order of work; the cases that a text finds, the newest first.

    Closed cases are sorted by their last change. ``pack`` says in which region a telephone number without a country
    code is. Raises ``Refused`` as ``search`` does.
    """
    with store.looking() as tx:
        query = replace(
            query,
            also=_of_share(principal, share, at),
            named=_named(tx, store.secret, principal, query.text, pack, at),
            sort=Sort.OPENED if query.text else Sort.QUEUE if query.closed is False else Sort.CHANGED,
        )
        page = search(tx, principal, query, at, cursor)
        return Queue(queue_rows(tx, principal, page.cases, at), page.next_cursor)


def _of_share(principal: Principal, share: Share, at: datetime) -> Condition:
    if share is Share.MINE:
        return awaiting(principal, at)
    department = principal.actor.department
    if share is Share.DEPARTMENT:
        return of_department(department) if department is not None else NO_CASE
    return CaseQuery().also


def _named(tx: Tx, secret: bytes, principal: Principal, text: str, pack: str, at: datetime) -> Condition:
    """Return the condition of the cases whose customer or shipment the text names; none for whoever serves nobody."""
    text = text.strip()
    if len(text) < SHORTEST or not principal.actor.roles & RECOGNISES:
        return NO_CASE
    region = rules_in(tx).pack(pack, to_micros(at)).region
    contact = _contact(text, at)
    parties = party_ids(tx, secret, contact, region) if contact is not None else []
    conditions = [Condition(f"c.party_id IN ({', '.join(map(str, parties))})")] if parties else []
    if (key := shipment_key(secret, text)) is not None:
        conditions.append(Condition("c.shipment = :find_shipment", {"find_shipment": key}))
    return either(conditions)


def _contact(text: str, at: datetime) -> Contact | None:
    """Return the contact that a text may describe: it is an address, a telephone number, or a name."""
    field = "email" if "@" in text else "phone" if any(map(str.isdigit, text)) else "customer"
    try:
        return Contact.model_validate({"row_id": "-", "at": at, "text": "-", field: text})
    except ValidationError:
        return None
