"""One-time codes: sent to the person who acts, good for one very move, and spent in its own transaction (F3)."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.actors import Acting, acting
from engine.commands.advance import Answer, Command, advance_in, load_and_plan
from engine.commands.load import lock_cases
from engine.contention import in_transaction
from engine.ledger.chain import canonical, keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused

MINUTE = timedelta(minutes=1)
LASTS = 15 * MINUTE
TRIES = 5
"""After so many wrong codes all of a person's codes are locked, and no new one is made, until they expire."""
REMEMBERED = timedelta(days=1)
"""How long an expired code is kept, so that a refusal can name the reason."""
DIGITS = 6

ADDRESS = "SELECT email, locale FROM actor WHERE id = :actor_id"
WRONG = "SELECT coalesce(sum(tries), 0) AS tries FROM one_time_code WHERE actor_id = :actor_id AND until > :at"
FORGET = "DELETE FROM one_time_code WHERE actor_id = :actor_id AND until < :old"
KEEP = """
INSERT INTO one_time_code (actor_id, purpose, code, made_at, until, tries)
VALUES (:actor_id, :purpose, :code, :at, :until, 0) RETURNING id
"""
LATEST = """
SELECT id, code, made_at, until, used_at FROM one_time_code WHERE actor_id = :actor_id AND purpose = :purpose
 ORDER BY id DESC LIMIT 1
"""
FAILED = "UPDATE one_time_code SET tries = tries + 1 WHERE id = :id"
USED = "UPDATE one_time_code SET used_at = :at WHERE id = :id AND used_at IS NULL"
HONOURED = "SELECT key FROM idempotency_key WHERE key = :key"


@dataclass(frozen=True, slots=True)
class Issued:
    """A code to be sent: its row, the code itself (stored nowhere), address, language, and until when it is valid."""

    id: int
    code: str
    email: str
    locale: str
    until: datetime


def issue(store: Store, command: Command, at: datetime) -> Issued:
    """Make a code for this very command, if the move could be made now; only the latest code is valid.

    Raises what ``advance`` raises, ``Refused('code_locked')`` after too many wrong ones, and
    ``Refused('no_address')`` for somebody without an e-mail address. The move itself is not made.
    """
    return in_transaction(store, lambda tx: _issue(tx, store.secret, command, at))


def _issue(tx: Tx, secret: bytes, command: Command, at: datetime) -> Issued:
    _rehearse(tx, secret, command, at)
    actor = acting(tx, command.actor)
    if (locked := _locked(tx, actor, at)) is not None:
        raise locked
    row = tx.row(ADDRESS, actor_id=actor.id)
    if not row.email:
        raise Refused("no_address", handle=actor.handle)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    return Issued(_keep(tx, secret, command, actor, code, at), code, row.email, row.locale, at + LASTS)


def _rehearse(tx: Tx, secret: bytes, command: Command, at: datetime) -> None:
    """Plan the move and write nothing: an actor who could not make it is refused now, without a code."""
    lock_cases(tx, [command.number])
    load_and_plan(tx, secret, replace(command, key=None), at)


def _keep(tx: Tx, secret: bytes, command: Command, actor: Acting, code: str, at: datetime) -> int:
    made_at, purpose = to_micros(at), _purpose(secret, command)
    tx.run(FORGET, actor_id=actor.id, old=to_micros(at - REMEMBERED))
    sealed = _sealed(secret, purpose, made_at, code)
    row = tx.row(KEEP, actor_id=actor.id, purpose=purpose, code=sealed, at=made_at, until=to_micros(at + LASTS))
    return row.id


def redeem(store: Store, command: Command, code: str, at: datetime) -> Answer:
    """Make the move with the code that was sent for it; both are one transaction, so that a code moves one case once.

    A command whose key was honoured is answered again. Raises what ``advance`` raises, and then the code is not
    spent; ``Refused('code_unknown' | 'code_wrong' | 'code_locked' | 'code_expired' | 'code_used')``.
    """
    answer = in_transaction(store, lambda tx: _redeem(tx, store.secret, command, code, at))
    if isinstance(answer, Refused):
        raise answer
    return answer


def _redeem(tx: Tx, secret: bytes, command: Command, code: str, at: datetime) -> Answer | Refused:
    """Use a code. A refusal over the code is returned, not raised, so that the wrong try stays counted."""
    lock_cases(tx, [command.number])
    again = command.key is not None and tx.row(HONOURED, key=command.key) is not None
    refused = None if again else _spend(tx, secret, command, code, at)
    return refused or advance_in(tx, secret, command, at)


def _spend(tx: Tx, secret: bytes, command: Command, code: str, at: datetime) -> Refused | None:
    actor, now = acting(tx, command.actor), to_micros(at)
    purpose = _purpose(secret, command)
    row = tx.row(LATEST + (" FOR UPDATE" if tx.postgres else ""), actor_id=actor.id, purpose=purpose)
    if row is None:
        return Refused("code_unknown", handle=actor.handle, number=command.number)
    if (locked := _locked(tx, actor, at)) is not None:
        return locked
    if row.used_at is not None:
        return Refused("code_used", number=command.number)
    if row.until <= now:
        return Refused("code_expired", minutes=LASTS // MINUTE)
    if not hmac.compare_digest(row.code, _sealed(secret, purpose, row.made_at, code)):
        tx.run(FAILED, id=row.id)
        return _locked(tx, actor, at) or Refused("code_wrong", left=TRIES - _wrong(tx, actor, at))
    tx.run(USED, id=row.id, at=now)
    return None


def _locked(tx: Tx, actor: Acting, at: datetime) -> Refused | None:
    if _wrong(tx, actor, at) < TRIES:
        return None
    return Refused("code_locked", handle=actor.handle, tries=TRIES, minutes=LASTS // MINUTE)


def _wrong(tx: Tx, actor: Acting, at: datetime) -> int:
    """Return how many wrong tries the actor's valid codes have had."""
    return tx.row(WRONG, actor_id=actor.id, at=to_micros(at)).tries


def _purpose(secret: bytes, command: Command) -> str:
    """Return the key of what the code is for: actor, case, move, and every field of the form."""
    form = canonical({name: str(value) for name, value in command.form.items()})
    return keyed(secret, "purpose", command.actor, command.number, command.move, form)


def _sealed(secret: bytes, purpose: str, made_at: int, code: str) -> str:
    return keyed(secret, "one-time code", purpose, str(made_at), code)
