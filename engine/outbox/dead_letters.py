"""Revive or drop deliveries that failed at their last try: an administrator decides, and the journal says who did."""

from dataclasses import dataclass
from datetime import datetime

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.actors import administrator
from engine.contention import in_transaction
from engine.entry_checks import check_text
from engine.kept_answers import Answer, answered_once, keyed_request
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.timers.parking import release_all_in, release_in
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused

DEAD = "SELECT case_id, seq, reaction FROM delivery WHERE status = 'dead' ORDER BY case_id, seq, reaction"
THIS = "case_id = :case_id AND seq = :seq AND reaction = :reaction AND status = 'dead'"
REVIVE = f"""
UPDATE delivery SET status = 'waiting', tries = 0, next_at = :at, retried_at = :at, lease_owner = NULL WHERE {THIS}
"""
DROP = f"UPDATE delivery SET status = 'done', done_at = :at, drop_reason = :reason WHERE {THIS}"
DEAD_CASES = "SELECT DISTINCT c.id, c.number FROM delivery d JOIN cases c ON c.id = d.case_id WHERE d.status = 'dead'"
DEAD_LETTER = "dead_letter"
REFERENCE = "dead-"
"""How the reference of a case begins; no case number does."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Which delivery is meant: its case by number or ``reference_of``, the step of the case, and the reaction."""

    number: str
    seq: int
    reaction: str


def reference_of(secret: bytes, number: str) -> str:
    """Return what names a case to an administrator who may not know its number (H1)."""
    return REFERENCE + keyed(secret, DEAD_LETTER, number)[:24]


@dataclass(frozen=True, slots=True)
class Retried:
    """How many deliveries got their tries back, and how many parked cases were released."""

    revived: int
    released: int


def retry_dead(store: Store, principal: Principal, letter: DeadLetter, at: datetime, key: str | None = None) -> None:
    """Let a dead delivery be tried again from its first try; once under an idempotency ``key``.

    Raises ``Refused('not_dead' | 'key_reused')`` and what ``may_decide`` raises.
    """

    request = keyed_request(store, principal, key, f"retry {letter}")

    def retry(tx: Tx) -> None:
        handle = may_decide(tx, principal)

        def act() -> Answer:
            case_id = _case_id(tx, store.secret, letter)
            if not _revive(tx, case_id, letter.seq, letter.reaction, handle, to_micros(at)):
                raise _not_dead(letter)
            return {}

        answered_once(tx, request, at, act)

    in_transaction(store, retry)


def retry_all(store: Store, principal: Principal, at: datetime, key: str | None = None) -> Retried:
    """Let every dead delivery be tried again, as after an outage of the mail server, and release all parked cases.

    The same request under the same idempotency ``key`` gets the same answer. Raises ``Refused('key_reused')`` and what
    ``may_decide`` raises.
    """

    request = keyed_request(store, principal, key, "retry all")

    def retry(tx: Tx) -> Retried:
        handle, now = may_decide(tx, principal), to_micros(at)

        def act() -> Answer:
            revived = [_revive(tx, row.case_id, row.seq, row.reaction, handle, now) for row in tx.rows(DEAD)]
            return {"revived": sum(revived), "released": release_all_in(tx, handle, now)}

        return Retried(**answered_once(tx, request, at, act))

    return in_transaction(store, retry)


def release_parked(store: Store, principal: Principal, number: str, reason: str, at: datetime) -> None:
    """Release a parked case for the next tick, for the reason of a code.

    Raises ``Refused('not_parked' | 'no_release_reason')`` and what ``may_decide`` raises.
    """

    def release(tx: Tx) -> None:
        release_in(tx, number, may_decide(tx, principal), reason, to_micros(at))

    in_transaction(store, release)


def drop_dead(
    store: Store, principal: Principal, letter: DeadLetter, reason: str, at: datetime, key: str | None = None
) -> None:
    """Mark a dead delivery as done without delivering it; once under an idempotency ``key``.

    Raises ``Refused('not_dead' | 'no_reason' | 'bad_text' | 'key_reused')`` and what ``may_decide`` raises.
    """

    request = keyed_request(store, principal, key, f"drop {letter}", reason=reason)

    def drop(tx: Tx) -> None:
        handle = may_decide(tx, principal)
        if not reason.strip():
            raise Refused("no_reason")
        check_text("reason", reason)

        def act() -> Answer:
            place = {"case_id": _case_id(tx, store.secret, letter), "seq": letter.seq, "reaction": letter.reaction}
            if tx.run(DROP, **place, reason=reason, at=to_micros(at)) != 1:
                raise _not_dead(letter)
            journal_row(tx, DEAD_LETTER, tuple(place.values()), handle, to_micros(at))
            return {}

        answered_once(tx, request, at, act)

    in_transaction(store, drop)


def may_decide(tx: Tx, principal: Principal) -> str:
    """Return the handle of an administrator.

    Raises ``Refused('scope_missing' | 'not_in_charge')`` and what ``administrator`` raises.
    """
    refuse_without(principal, Scope.ADMINISTER)
    return administrator(tx, principal.actor.handle).handle


def _revive(tx: Tx, case_id: int, seq: int, reaction: str, handle: str, at: int) -> bool:
    """Revive a delivery and enter it; return False if it is not dead."""
    if tx.run(REVIVE, case_id=case_id, seq=seq, reaction=reaction, at=at) != 1:
        return False
    journal_row(tx, DEAD_LETTER, (case_id, seq, reaction), handle, at)
    return True


def _case_id(tx: Tx, secret: bytes, letter: DeadLetter) -> int:
    if letter.number.startswith(REFERENCE):
        found = [row for row in tx.rows(DEAD_CASES) if reference_of(secret, row.number) == letter.number]
    else:
        found = tx.rows("SELECT id FROM cases WHERE number = :number", number=letter.number)
    if not found:
        raise _not_dead(letter)
    return found[0].id


def _not_dead(letter: DeadLetter) -> Refused:
    return Refused("not_dead", number=letter.number, seq=letter.seq, reaction=letter.reaction)
