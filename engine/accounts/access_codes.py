"""Let an agent hand a one-time code for the portal to a customer who has no mail address, once he has proved who he is.

Note [Proved by two facts]: the customer says his name and one fact on file, his telephone number or the number of his
shipment; the agent types what he hears, and it is compared here with what the case holds. Nothing of it is kept but
which fact it was. Whoever has a mail address on file gets his code there: it proves more than two facts do. Nobody gets
a code for a report or an internal case: a reporter reads it by his receipt code, and without a name nobody is proved.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import REPORT, case_for
from engine.accounts.attempt_limits import Limit, count_try
from engine.actors import CUSTOMER, in_charge
from engine.contention import in_transaction
from engine.duplicates.recognition import keys_of, shipment_key
from engine.entry_checks import check_text
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.ledger.record import CaseRow
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.mail_addresses import mail_address
from models.person_names import person_name
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused
from statemachines.roles import DESK

LASTS: Final = timedelta(minutes=15)
DIGITS: Final = 8
BY_CASE, BY_AGENT = Limit("access code by case", "5 per hour"), Limit("access code by agent", "30 per hour")
"""How often somebody may be tried to be proved, in vain or not."""

CUSTOMER_OF = "SELECT p.name, p.phone_key, p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :case_id"
ADD = """
INSERT INTO access_code (case_id, digest, made_at, made_by, proof, reason, until)
VALUES (:case_id, :digest, :at, :by, :proof, :reason, :until) RETURNING id
"""
NEWEST = """
SELECT id, digest FROM access_code
 WHERE id = (SELECT max(id) FROM access_code WHERE case_id = :case_id) AND used_at IS NULL AND until > :at
"""
USE = "UPDATE access_code SET used_at = :at WHERE id = :id AND used_at IS NULL"


@dataclass(frozen=True, slots=True)
class ProofGiven:
    """What the customer says of himself: his name, and his telephone number or the number of his shipment."""

    name: str
    phone: str | None = None
    shipment: str | None = None


@dataclass(frozen=True, slots=True)
class AccessCode:
    """A code to be read out or printed, stored nowhere, and until when it opens the case, once."""

    number: str
    code: str
    until: datetime


def make_access_code(
    store: Store, principal: Principal, number: str, given: ProofGiven, reason: str, at: datetime
) -> AccessCode:
    """Make a code for the customer of a case; an older one of the case opens nothing any more.

    Somebody of the desk who may read the case makes it; the journal says who, when and why. Raises
    ``Refused('scope_missing' | 'not_a_person' | 'not_in_charge' | 'no_reason' | 'bad_text' | 'unknown_case' |
    'no_customer_to_prove' | 'code_goes_by_mail' | 'identity_not_proved')`` and ``RateLimited``. See Note [Proved by two
    facts].
    """
    refuse_without(principal, Scope.WRITE_CASES)
    if not reason.strip():
        raise Refused("no_reason")
    check_text("reason", reason)
    count_try(store, [(BY_CASE, number), (BY_AGENT, principal.actor.handle)], at)
    code, until = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", at + LASTS

    def make(tx: Tx) -> AccessCode:
        case = case_for(tx, principal, number, at)
        agent = in_charge(tx, principal.actor.handle, DESK, to_micros(at))
        proof = _proof(tx, store.secret, case, given)
        values = {"case_id": case.id, "digest": _digest(store.secret, case.id, code), "by": agent.id, "proof": proof}
        row = tx.row(ADD, **values, at=to_micros(at), reason=reason.strip(), until=to_micros(until))
        journal_row(tx, "access_code", (row.id,), agent.handle, to_micros(at))
        return AccessCode(case.number, code, until)

    return in_transaction(store, make)


def use_access_code(store: Store, case_id: int, code: str, at: datetime) -> bool:
    """Use up the newest code of a case, and return whether this is it. The case 0 has none."""

    def use(tx: Tx) -> bool:
        row = tx.row(NEWEST, case_id=case_id, at=to_micros(at))
        expected = "" if row is None else row.digest
        fits = hmac.compare_digest(expected.encode(), _digest(store.secret, case_id, code).encode())
        if row is None or not fits or tx.run(USE, id=row.id, at=to_micros(at)) != 1:
            return False
        journal_row(tx, "access_code", (row.id,), CUSTOMER, to_micros(at))
        return True

    return in_transaction(store, use)


def _proof(tx: Tx, secret: bytes, case: CaseRow, given: ProofGiven) -> str:
    """Return which fact proved the customer besides his name. Raises as ``make_access_code``."""
    table, row = lifecycle_of(case.kind), tx.row(CUSTOMER_OF, case_id=case.id)
    if table.internal or REPORT in table.natures or row is None or not row.name:
        raise Refused("no_customer_to_prove", number=case.number)
    if mail_address(row.email or "").valid:
        raise Refused("code_goes_by_mail", number=case.number)
    named = person_name(given.name).casefold() == person_name(row.name).casefold()
    region = rules_in(tx).pack(case.pack, case.opened_at).region
    facts: dict[str, tuple[Any, str | None]] = {
        "phone": (row.phone_key, keys_of(secret, None, given.phone, None, region).phone_key),
        "shipment": (case.shipment, shipment_key(secret, given.shipment)),
    }
    for fact, (on_file, said) in facts.items():
        if named and on_file is not None and said is not None and hmac.compare_digest(on_file, said):
            return fact
    raise Refused("identity_not_proved", number=case.number)


def _digest(secret: bytes, case_id: int, code: str) -> str:
    return keyed(secret, "access code", str(case_id), code)
