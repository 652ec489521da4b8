"""Record whether a customer agrees to greetings: by staff, by himself in the portal, or by the link of a greeting (D3).

Note [Consent and sending]: whoever records an answer and whoever claims a greeting take the same lock on the customer.
So a greeting is claimed before he withdraws or not at all, also one that was queued before.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import case_for, cases_in_scope
from engine.accounts.attempt_limits import Limit, count_try
from engine.actors import customer_actor, in_charge
from engine.care.occasions import is_birthday
from engine.contention import in_transaction
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import DESK

BY_LINK: Final = "link"
BY_PORTAL: Final = "portal"
TRIED_BY_ADDRESS: Final = Limit("care link by address", "30 per 15 minute")
LINK: Final = re.compile(r"(\d{1,18})\.([0-9a-f]{32})")

PERSON_OF_CASE = """
SELECT coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id
 WHERE c.id = :case_id AND p.erased_at IS NULL
"""
PERSON = "SELECT coalesce(person_id, id) AS person FROM party WHERE id = :id"
OWN_CASE = "SELECT c.id FROM cases c WHERE ({scope})"
LOCK = "SELECT id FROM party WHERE id = :person FOR UPDATE"
ADD = """
INSERT INTO care_consent (party_id, given, source, via, recorded_by, at)
VALUES (:person, :given, :source, :via, :by, :at) RETURNING id
"""
NEWEST = """
SELECT k.given, k.source, k.at FROM care_consent k JOIN party p ON p.id = k.party_id
 WHERE p.id = :person OR p.person_id = :person ORDER BY k.id DESC LIMIT 1
"""
SET_BIRTHDAY = "UPDATE party SET birthday = :birthday WHERE (id = :person OR person_id = :person) AND erased_at IS NULL"


class ConsentSource(StrEnum):
    """How a customer told somebody of the staff whether he agrees."""

    PHONE = "phone"
    MAIL = "mail"
    CHAT = "chat"
    COUNTER = "counter"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What a customer says: whether he agrees, and his birthday (``05-31``) if he gives it.

    Without a birthday the one that is known stays; who withdraws has it forgotten.
    """

    given: bool
    birthday: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """The newest answer of a customer: whether he agrees, how he said so, and when (microseconds)."""

    given: bool
    source: str
    at: int


def record_consent(
    store: Store, principal: Principal, number: str, answer: ConsentAnswer, source: str, at: datetime
) -> None:
    """Record what the customer of a case told somebody of the desk.

    Raises ``Refused('scope_missing' | 'not_in_charge' | 'unknown_case' | 'no_customer_to_greet' | 'unknown_source' |
    'bad_birthday')``; then nothing was written.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    if source not in set[str](ConsentSource):
        raise Refused("unknown_source", source=source[:40], known=list(ConsentSource))

    def write(tx: Tx) -> None:
        case = case_for(tx, principal, number, at)
        actor = in_charge(tx, principal.actor.handle, DESK, to_micros(at))
        _write(tx, _person_of(tx, case.id), answer, source, principal.via, actor, at)

    _check(answer)
    in_transaction(store, write)


def record_own_consent(store: Store, principal: Principal, answer: ConsentAnswer, at: datetime) -> None:
    """Record what a customer says in the portal. Raises ``Refused('no_customer_to_greet' | 'bad_birthday')``."""

    def write(tx: Tx) -> None:
        person = own_person(tx, principal)
        if person is None:
            raise Refused("no_customer_to_greet")
        _write(tx, person, answer, BY_PORTAL, principal.via, customer_actor(tx, to_micros(at)), at)

    _check(answer)
    in_transaction(store, write)


def record_by_link(store: Store, link: str, answer: ConsentAnswer, address: str, at: datetime) -> None:
    """Record what a customer says by the link of a greeting; ``address`` is that of the visitor.

    Raises ``Refused('care_link_unknown')`` and ``RateLimited``.
    """
    count_try(store, [(TRIED_BY_ADDRESS, address)], at)
    party = check_link(store, link)

    def write(tx: Tx) -> None:
        person = tx.row(PERSON, id=party).person
        before = consent_of(tx, person)
        if before is None or before.given != answer.given:
            _write(tx, person, answer, BY_LINK, BY_PORTAL, customer_actor(tx, to_micros(at)), at)

    in_transaction(store, write)


def link_of(secret: bytes, person: int) -> str:
    """Return what the link of a customer's greetings ends with. It opens nothing but his answer, and does not end."""
    return f"{person}.{_link_seal(secret, person)}"


def check_link(store: Store, link: str) -> int:
    """Return the party whom a link names. Raises ``Refused('care_link_unknown')``."""
    form = LINK.fullmatch(link)
    if form is None or not hmac.compare_digest(_link_seal(store.secret, int(form[1])), form[2]):
        raise Refused("care_link_unknown")
    return int(form[1])


def own_person(tx: Tx, principal: Principal) -> int | None:
    """Return the person whose case a visitor of the portal may read; None for a reporter."""
    scope = cases_in_scope(principal)
    case = tx.row(OWN_CASE.format(scope=scope.sql), **scope.values)
    row = None if case is None else tx.row(PERSON_OF_CASE, case_id=case.id)
    return None if row is None else row.person


def consent_of(tx: Tx, person: int) -> Consent | None:
    """Return the newest answer of a person; None where he never gave one."""
    row = tx.row(NEWEST, person=person)
    return None if row is None else Consent(bool(row.given), row.source, row.at)


def lock_customer(tx: Tx, person: int) -> None:
    """Have others wait who record his answer or claim a greeting of his; SQLite has one writer."""
    if tx.postgres:
        tx.rows(LOCK, person=person)


def _check(answer: ConsentAnswer) -> None:
    if answer.birthday is not None and not is_birthday(answer.birthday):
        raise Refused("bad_birthday")


def _person_of(tx: Tx, case_id: int) -> int:
    row = tx.row(PERSON_OF_CASE, case_id=case_id)
    if row is None:
        raise Refused("no_customer_to_greet")
    return row.person


def _write(tx: Tx, person: int, answer: ConsentAnswer, source: str, via: str, actor: Any, at: datetime) -> None:
    lock_customer(tx, person)
    values = {"person": person, "given": answer.given, "source": source, "via": via, "by": actor.id}
    row = tx.row(ADD, **values, at=to_micros(at))
    if answer.birthday is not None or not answer.given:
        tx.run(SET_BIRTHDAY, person=person, birthday=answer.birthday if answer.given else None)
    journal_row(tx, "care_consent", (row.id,), actor.handle, to_micros(at))


def _link_seal(secret: bytes, person: int) -> str:
    return keyed(secret, f"care link:{person}")[:32]
