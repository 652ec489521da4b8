"""Reads what a list says of each case: how its customer is addressed, what it is about, what is due, whom it awaits.

It holds neither numbers nor addresses of customers, so no reading of it is logged: of a name the form of address, or
its first character where the principal does not see the contact details; of a text one line without the numbers in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.masking import masked_for, redacted
from engine.access.principal import Principal, Scope
from engine.access.scope import contacts_in_scope
from engine.ledger.record import CaseRow
from engine.transaction import Tx
from models.person_names import address_of
from reports.case_promises import OpenPromise, next_promises
from reports.case_reasons import waits_for
from reports.known_cases import known_among
from reports.staff import Staff
from statemachines.roles import Role

LONGEST: Final = 80
"""The most characters of a summary."""
NAMES: Final = """
SELECT c.id, p.name FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = ANY(:ids) AND p.name IS NOT NULL
"""
TEXTS: Final = """
SELECT case_id, field, content FROM statement
 WHERE case_id = ANY(:ids) AND seq = 1 AND field IN ('subject', 'text') AND content IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case in a list. ``promise`` is the one that is due first; ``waits_for`` are the handles of the role awaited."""

    case: CaseRow
    nature: str | None
    customer: str | None
    summary: str
    promise: OpenPromise | None
    role: Role | None
    waits_for: tuple[str, ...]


def queue_rows(tx: Tx, principal: Principal, cases: Sequence[CaseRow], at: datetime) -> list[QueueRow]:
    """Return the rows of cases that the principal may read, in their order."""
    ids, staff = [case.id for case in cases], Staff.read(tx, at)
    promises = next_promises(tx, ids)
    customers, summaries = _customers(tx, principal, cases, at), _summaries(tx, principal, ids)
    return [
        QueueRow(
            case, json.loads(case.variables).get("nature"), customers.get(case.id), summaries.get(case.id, ""),
            next(iter(promises.get(case.id, ())), None), *waits_for(case, staff),
        )
        for case in cases
    ]  # fmt: skip


def _customers(tx: Tx, principal: Principal, cases: Sequence[CaseRow], at: datetime) -> dict[int, str | None]:
    numbers = {case.id: case.number for case in cases}
    clear = known_among(tx, numbers.values(), contacts_in_scope(principal, at))
    masked = masked_for(principal)
    rows: list[Any] = tx.rows_among(NAMES, ids=list(numbers))
    return {row.id: address_of(row.name) if numbers[row.id] in clear else masked.name(row.name) for row in rows}


def _summaries(tx: Tx, principal: Principal, ids: list[int]) -> dict[int, str]:
    """Return the subject of each contact, or the beginning of its text; nothing for who is shown no texts."""
    if not principal.holds(Scope.READ_CONTACTS):
        return {}
    texts: dict[int, dict[str, str]] = {}
    for row in tx.rows_among(TEXTS, ids=ids):
        texts.setdefault(row.case_id, {})[row.field] = row.content
    return {case_id: _line(fields.get("subject") or fields.get("text", "")) for case_id, fields in texts.items()}


def _line(text: str) -> str:
    whole = " ".join(redacted(text[: 4 * LONGEST]).split())
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"
