"""Records what a customer says of his case when he contacts us again: on the case, by reopening it, or in a new one.

A merged case is followed to the one that goes on in its stead. Where the customer was asked for something, his words
are the answer; where the case is worked on, whoever has the work is told. A case that rests or has ended begins a new
cycle within the pack's window; after it a new case is opened and linked to the old one.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

import orjson

from engine.commands.advance import advance_in
from engine.commands.command import Answer, Command
from engine.commands.load import honoured_key
from engine.commands.open_case import Opening, open_in
from engine.contention import in_transaction
from engine.entry_checks import check_actor, check_case_number, check_key
from engine.ledger.record import CaseRow, current_case
from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from models.contact import Contact
from models.mail_addresses import mail_address
from statemachines.complaint import COMPLAINT
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

RELATION: Final = "follow_up"
"""The relation of a case to the new one that its customer's contact opened."""
WAYS: Final = (("customer_answers", "answer"), ("follow_up", "words"), ("come_back", "words"))
"""The moves that record the customer's words, in the order in which they are tried, each with its field."""
NOT_HERE: Final = frozenset({"not_now", "guard", "unknown_move"})
"""Refusals after which the next move is tried."""

MERGED_INTO = """
SELECT t.form FROM transition t WHERE t.case_id = :id AND t.move IN ({merge}) AND t.seq = :seq
"""
PARTY = """
SELECT p.name AS customer, p.phone, p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :id
"""


def follow_up(
    store: Store, number: str, contact: Contact, at: datetime, actor: str = "system", via: str = "cli",
    key: str | None = None,
) -> Answer:  # fmt: skip
    """Record the contact on the customer's case, or in a case linked to it; return the answer of the move made.

    Raises ``Refused``; then nothing was written. ``Refused('no_follow_up')`` for a kind of case that no customer has.
    """
    opening = Opening(contact, actor=actor, via=via, key=key)
    return in_transaction(store, lambda tx: follow_up_in(tx, store.secret, number, opening, at, actor))


def follow_up_in(tx: Tx, secret: bytes, number: str, opening: Opening, at: datetime, actor: str) -> Answer:
    """Record the contact of ``opening`` within a transaction of the caller's; ``actor`` makes the move on the case.

    The rest of ``opening`` says how the new case is opened, if it comes to that. Raises ``Refused`` or ``Conflict``.
    """
    contact, via, key = opening.contact, opening.via, opening.key
    check_case_number(number)
    check_key(key)
    check_actor(actor)
    case = followed(tx, number)
    if fault := _fault(case):
        raise Refused(fault, kind=case.kind, number=case.number)
    table = lifecycle_of(case.kind)
    keys = {move: f"{key}:{move}" for move, _ in WAYS} if key else {}
    for move, field in WAYS:
        if key and (honoured := honoured_key(tx, keys[move])) is not None:
            command = Command(honoured.number, move, {field: contact.text}, actor, via, keys[move])
            return advance_in(tx, secret, command, at)  # the first answer, or a refusal of other words
    for move, field in WAYS:
        try:
            command = Command(case.number, move, {field: contact.text}, actor, via, keys.get(move))
            return advance_in(tx, secret, command, at)
        except Refused as refused:
            if refused.code not in NOT_HERE:
                raise
    kind = case.kind if "come_back" in table.rows else COMPLAINT.kind
    linked = replace(
        opening,
        contact=_known(tx, case, contact),
        kind=kind,
        pack=case.pack,
        parent=case.number,
        relation=RELATION,
    )
    return open_in(tx, secret, linked, at)


def follow_up_fault(tx: Tx, number: str) -> str:
    """Return the code of why no contact can follow up the case with this number; empty if one can."""
    try:
        return _fault(followed(tx, number))
    except Refused as refused:
        return refused.code


def _fault(case: CaseRow) -> str:
    return "" if "follow_up" in lifecycle_of(case.kind).rows else "no_follow_up"


def followed(tx: Tx, number: str) -> CaseRow:
    """Return the case, or the one that goes on in its stead if it was merged. Raises ``Refused('unknown_case')``."""
    seen: set[str] = set()
    case = current_case(tx, number)
    while case.number not in seen and (into := _merged_into(tx, case)) is not None:
        seen.add(case.number)
        case = current_case(tx, into)
    return case


def _merged_into(tx: Tx, case: CaseRow) -> str | None:
    """Return the case into which this one was merged, if that was its last move."""
    sql = MERGED_INTO.format(merge=recorded_as("move", "merge"))
    row = tx.row(sql, id=case.id, seq=case.version)
    return None if row is None else lifecycle_of(case.kind).resolved_form("merge", orjson.loads(row.form))["into"]


def _known(tx: Tx, case: CaseRow, contact: Contact) -> Contact:
    """Return the contact with the name and addresses that the case knows, where it gives none itself."""
    if contact.phone or contact.email or (row := tx.row(PARTY, id=case.id)) is None:
        return contact
    known = {name: value for name, value in row._asdict().items() if value is not None}
    if not mail_address(known.get("email", "")).valid:  # of an earlier release, which took any text
        known.pop("email", None)
    return contact.model_copy(update=known)
