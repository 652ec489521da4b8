"""Queue, claim and settle greetings: each once for a customer and an occasion, and only while he may be greeted (D3).

Queueing and claiming are apart. Whether he may be greeted is asked when a greeting is claimed, in the transaction that
claims it: see Note [Consent and sending] in ``engine/care/consent.py``. What is withheld says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from engine.care.consent import consent_of, lock_customer
from engine.care.occasions import due_greetings, next_hours, zone_of
from engine.contention import in_transaction
from engine.retired_names import recorded_as
from engine.rules.care_section import Care
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.complaint import COMPLAINT, UNSATISFIED_ENDS

SENT: Final = "sent"
WITHHELD: Final = "withheld"
Reason = Literal[
    "opted_out",
    "complaint_open",
    "unsatisfied",
    "no_address",
    "no_server",
    "too_late",
    "not_asked",
    "no_portal",
]
"""Why a greeting is withheld; a message for it is ``cli.care.reason.<code>``."""
LEASE: Final = timedelta(seconds=60)
"""How long a greeting belongs to the process that sends it."""
AGAIN: Final = timedelta(minutes=15)
"""After which time a greeting is tried again that the mail server did not take."""
AT_ONCE: Final = 100
"""The most greetings that are looked up together."""

# Of each person who agreed last: the pack of his newest case, and what his parties know of him.
AGREED = """
SELECT a.person, (SELECT c.pack FROM cases c JOIN party q ON q.id = c.party_id
                   WHERE q.id = a.person OR q.person_id = a.person ORDER BY c.id DESC LIMIT 1) AS pack,
       (SELECT max(q.birthday) FROM party q WHERE q.id = a.person OR q.person_id = a.person) AS birthday,
       (SELECT q.phone FROM party q WHERE (q.id = a.person OR q.person_id = a.person) AND q.phone IS NOT NULL
         ORDER BY q.id DESC LIMIT 1) AS phone
  FROM (SELECT coalesce(p.person_id, p.id) AS person, k.given,
               row_number() OVER (PARTITION BY coalesce(p.person_id, p.id) ORDER BY k.id DESC) AS nth
          FROM care_consent k JOIN party p ON p.id = k.party_id) a
 WHERE a.nth = 1 AND a.given ORDER BY a.person
"""
# Two customers who were joined are one person, who is greeted once.
ADD = """
INSERT INTO care_greeting (party_id, occasion, pack, queued_at, next_at, ends_at)
SELECT CAST(:person AS BIGINT), CAST(:occasion AS TEXT), CAST(:pack AS TEXT), CAST(:at AS BIGINT),
       CAST(:next_at AS BIGINT), CAST(:ends_at AS BIGINT)
 WHERE NOT EXISTS (SELECT 1 FROM care_greeting g JOIN party p ON p.id = g.party_id
                    WHERE g.occasion = CAST(:occasion AS TEXT) AND (p.id = :person OR p.person_id = :person))
ON CONFLICT DO NOTHING
"""
QUEUED = """
SELECT party_id, occasion FROM care_greeting
 WHERE outcome IS NULL AND next_at <= :at ORDER BY next_at, party_id, occasion LIMIT :limit
"""
ROW = """
SELECT g.party_id, g.occasion, g.pack, g.ends_at, coalesce(p.person_id, p.id) AS person
  FROM care_greeting g JOIN party p ON p.id = g.party_id
 WHERE g.party_id = :party_id AND g.occasion = :occasion AND g.outcome IS NULL
   AND g.next_at <= :at
"""
REACHED_BY = """
SELECT (SELECT q.phone FROM party q WHERE (q.id = :person OR q.person_id = :person) AND q.phone IS NOT NULL
         ORDER BY q.id DESC LIMIT 1) AS phone,
       (SELECT max(q.id) FROM party q WHERE (q.id = :person OR q.person_id = :person) AND q.email IS NOT NULL) AS id
"""
ADDRESS = "SELECT email, locale FROM party WHERE id = :id"
OPEN_COMPLAINT = """
SELECT 1 AS one FROM cases c JOIN party p ON p.id = c.party_id
 WHERE (p.id = :person OR p.person_id = :person) AND c.kind = :kind AND NOT c.closed LIMIT 1
"""
UNSATISFIED = """
SELECT 1 AS one FROM cases c JOIN party p ON p.id = c.party_id JOIN transition t ON t.case_id = c.id
 WHERE (p.id = :person OR p.person_id = :person) AND c.kind = :kind AND t.move IN ({ends}) AND t.occurred_at > :since
 LIMIT 1
"""
TRY_AGAIN = """
UPDATE care_greeting SET next_at = :next_at WHERE party_id = :party_id AND occasion = :occasion AND outcome IS NULL
"""
SETTLE = """
UPDATE care_greeting SET outcome = :outcome, reason = :reason, settled_at = :at
 WHERE party_id = :party_id AND occasion = :occasion AND outcome IS NULL
"""


@dataclass(frozen=True, slots=True)
class GreetingKey:
    """Which greeting: the customer as whom it was queued, and the occasion with its year."""

    party_id: int
    occasion: str

    @property
    def mail(self) -> str:
        """Return the key of its mail, the same at each try."""
        return f"care:{self.party_id}:{self.occasion}"


@dataclass(frozen=True, slots=True)
class ClaimedGreeting:
    """A greeting that this process sends now: to which address, in which language, by the rules of which pack."""

    key: GreetingKey
    person: int
    address: str
    locale: str | None
    care: Care


def queue_greetings(store: Store, at: datetime) -> int:
    """Queue the greetings of each customer who agreed until the next daily run; return how many are new."""

    def write(tx: Tx) -> int:
        return sum(tx.run(ADD, **row) for row in _due(tx, rules_in(tx), at))

    return in_transaction(store, write)


def _due(tx: Tx, rules: Rules, at: datetime) -> Iterator[dict[str, Any]]:
    for row in tx.rows(AGREED):
        pack = None if row.pack is None else rules.pack(row.pack, to_micros(at))
        if pack is None or pack.care is None:
            continue
        zone = zone_of(row.phone, pack.region, pack.zone)
        for due in due_greetings(pack.care, row.birthday, at, zone):
            yield {
                "person": row.person, "occasion": due.occasion, "pack": pack.name, "at": to_micros(at),
                "next_at": to_micros(max(at, due.begins_at)), "ends_at": to_micros(due.ends_at),
            }  # fmt: skip


def queued_greetings(store: Store, at: datetime) -> Sequence[GreetingKey]:
    """Return queued greetings that are due and that no process sends at the moment, the longest due first."""
    with store.looking() as tx:
        return [GreetingKey(*row) for row in tx.rows(QUEUED, at=to_micros(at), limit=AT_ONCE)]


def claim_greeting(store: Store, key: GreetingKey, at: datetime) -> ClaimedGreeting | None:
    """Claim a queued greeting for a minute; None where it is withheld, waits for the hours, or is another process's.

    A greeting that is withheld is settled with its reason.
    """

    def write(tx: Tx) -> ClaimedGreeting | None:
        row = tx.row(ROW, party_id=key.party_id, occasion=key.occasion, at=to_micros(at))
        if row is None:
            return None
        lock_customer(tx, row.person)
        if tx.row(ROW, party_id=key.party_id, occasion=key.occasion, at=to_micros(at)) is None:
            return None  # another process was faster
        pack = rules_in(tx).pack(row.pack, to_micros(at))
        known = tx.row(REACHED_BY, person=row.person)
        if pack.care is None:
            return _settle(tx, key, at, WITHHELD, "not_asked")
        if (reason := _reason_against(tx, row, pack.care, known, at)) is not None:
            return _settle(tx, key, at, WITHHELD, reason)
        later = next_hours(pack.care, at, zone_of(known.phone, pack.region, pack.zone))
        _try_again(tx, key, later or at + LEASE)
        if later is not None:
            return None
        to = tx.row(ADDRESS, id=known.id)
        return ClaimedGreeting(key, row.person, to.email, to.locale, pack.care)

    return in_transaction(store, write)


def _reason_against(tx: Tx, row: Any, care: Care, known: Any, at: datetime) -> Reason | None:
    """Return why the customer is not greeted; None where nothing is against it."""
    person, kind = row.person, COMPLAINT.kind
    consent = consent_of(tx, person)
    if consent is None or not consent.given:
        return "opted_out"
    if at >= from_micros(row.ends_at):
        return "too_late"
    if known.id is None:
        return "no_address"
    if tx.row(OPEN_COMPLAINT, person=person, kind=kind) is not None:
        return "complaint_open"
    ends = recorded_as("move", *UNSATISFIED_ENDS)
    since = to_micros(at) - timedelta(days=care.quiet_days) // MICROSECOND
    if tx.row(UNSATISFIED.format(ends=ends), person=person, kind=kind, since=since) is not None:
        return "unsatisfied"
    return None


def settle_greeting(store: Store, key: GreetingKey, at: datetime, reason: Reason | None = None) -> None:
    """Record that a greeting was sent, or why it is not sent any more."""
    in_transaction(store, lambda tx: _settle(tx, key, at, SENT if reason is None else WITHHELD, reason))


def postpone_greeting(store: Store, key: GreetingKey, at: datetime) -> None:
    """Try a greeting again later that the mail server did not take."""
    in_transaction(store, lambda tx: _try_again(tx, key, at + AGAIN))


def _try_again(tx: Tx, key: GreetingKey, at: datetime) -> None:
    tx.run(TRY_AGAIN, party_id=key.party_id, occasion=key.occasion, next_at=to_micros(at))


def _settle(tx: Tx, key: GreetingKey, at: datetime, outcome: str, reason: Reason | None) -> None:
    values = {"party_id": key.party_id, "occasion": key.occasion, "outcome": outcome, "reason": reason}
    tx.run(SETTLE, **values, at=to_micros(at))
