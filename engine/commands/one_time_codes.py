"""One-time codes: they prove who acts, are good for one very act, and are spent in its own transaction (F3)."""

import contextlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from engine.actors import Acting, acting, administrator, refuse_nobody
from engine.commands.advance import advance_in, load_and_plan
from engine.commands.command import Answer, Command
from engine.commands.load import lock_cases
from engine.commands.refused_attempts import Attempt, keep_attempts
from engine.commands.staffing import CODE_ISSUED, note
from engine.contention import retrying
from engine.ledger.chain import canonical, keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Refused

T = TypeVar("T")

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
SELECT id, purpose, code, made_at, until, used_at FROM one_time_code WHERE actor_id = :actor_id AND purpose = :purpose
 ORDER BY id DESC LIMIT 1
"""
FAILED = "UPDATE one_time_code SET tries = tries + 1 WHERE id = :id"
USED = "UPDATE one_time_code SET used_at = :at WHERE id = :id AND used_at IS NULL"
HONOURED = "SELECT key FROM idempotency_key WHERE key = :key"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a code is good for: whose act, on which case, kind or duty, and with which entries."""

    actor: str
    about: str
    act: str
    entries: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Issued:
    """A code to be sent: its row, the code itself (stored nowhere), address, language, and until when it is valid."""

    id: int
    code: str
    email: str
    locale: str
    until: datetime


def purpose_of(command: Command) -> Purpose:
    """Return what a code for this command is good for: the key of the command is no part of it."""
    return Purpose(command.actor, command.number, command.move, command.form)


def issue(store: Store, command: Command, at: datetime) -> Issued:
    """Make a code for this very command, if the move could be made now. The move itself is not made.

    Raises what ``advance`` raises, and what ``issue_for_act`` raises.
    """

    def plan(tx: Tx) -> None:
        lock_cases(tx, [command.number])
        load_and_plan(tx, store.secret, replace(command, key=None), at)

    return issue_for_act(store, purpose_of(command), plan, at)


def issue_for_act(store: Store, purpose: Purpose, act: Callable[[Tx], Any], at: datetime) -> Issued:
    """Make a code for this very act, if it could be done now: it is rehearsed and undone. The latest code is valid.

    Raises ``Refused('code_locked')`` after too many wrong ones, and ``Refused('no_address')`` for somebody without an
    e-mail address.
    """
    return retrying(lambda: _issue(store, purpose, act, at))


def _issue(store: Store, purpose: Purpose, act: Callable[[Tx], Any], at: datetime) -> Issued:
    with store.writing() as tx:
        _rehearse(tx, act)
        actor = acting(tx, purpose.actor, to_micros(at))
        row = tx.row(ADDRESS, actor_id=actor.id)
        if not row.email:
            raise Refused("no_address", handle=actor.handle)
        code_id, code = _new_code(tx, store.secret, actor, _key(store.secret, purpose), at)
        return Issued(code_id, code, row.email, row.locale, at + LASTS)


class _Undo(Exception):
    """A rehearsal has ended."""


def _rehearse(tx: Tx, act: Callable[[Tx], Any]) -> None:
    """Act and undo it: an actor who could not do it is refused now, without a code."""
    with contextlib.suppress(_Undo), tx.savepoint():
        act(tx)
        raise _Undo


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A code that an administrator hands to an actor himself, and until when it is valid."""

    handle: str
    code: str
    until: datetime


def issue_by_hand(store: Store, handle: str, by: str, at: datetime) -> HandedOver:
    """Make a code for any one act of an actor, which an administrator hands to him; the journal keeps who did.

    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'actor_absent' | 'not_in_charge' | 'code_locked')``.
    """
    return retrying(lambda: _issue_by_hand(store, handle, by, at))


def _issue_by_hand(store: Store, handle: str, by: str, at: datetime) -> HandedOver:
    now, until = to_micros(at), at + LASTS
    with store.writing() as tx:
        maker, actor = administrator(tx, by), acting(tx, handle, now)
        _, code = _new_code(tx, store.secret, actor, _key_of_any_act(store.secret, actor.handle), at)
        note(tx, actor.id, maker.id, now, CODE_ISSUED, None, until.isoformat(timespec="seconds"))
        return HandedOver(actor.handle, code, until)


def _new_code(tx: Tx, secret: bytes, actor: Acting, purpose: str, at: datetime) -> tuple[int, str]:
    """Keep a new code under the key of its purpose; return its row and the code. Raises ``Refused('code_locked')``."""
    refuse_nobody(actor.handle)
    if (locked := _locked(tx, actor, at)) is not None:
        raise locked
    code, made_at = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", to_micros(at)
    tx.run(FORGET, actor_id=actor.id, old=to_micros(at - REMEMBERED))
    sealed = _sealed(secret, purpose, made_at, code)
    row = tx.row(KEEP, actor_id=actor.id, purpose=purpose, code=sealed, at=made_at, until=to_micros(at + LASTS))
    return row.id, code


def redeem(store: Store, command: Command, code: str, at: datetime) -> Answer:
    """Make the move with the code that was made for it; both are one transaction, so that a code moves one case once.

    A command whose key was honoured is answered again. Raises what ``advance`` raises, and then the code is not
    spent; and what ``confirmed`` raises.
    """

    def honoured(tx: Tx) -> bool:
        lock_cases(tx, [command.number])
        return command.key is not None and tx.row(HONOURED, key=command.key) is not None

    def make(tx: Tx) -> Answer:
        return advance_in(tx, store.secret, command, at)

    try:
        return confirmed(store, purpose_of(command), code, at, make, honoured)
    except Refused as refused:
        keep_attempts(store, [Attempt(command.number, command.move, command.actor, command.via, refused)], at)
        raise


def confirmed(
    store: Store,
    purpose: Purpose,
    code: str,
    at: datetime,
    act: Callable[[Tx], T],
    honoured: Callable[[Tx], bool] = lambda _: False,
) -> T:
    """Act with the code that was made for it, in one transaction: if ``act`` raises, the code is not spent.

    An act that was honoured before needs no code. Raises ``Refused('code_unknown' | 'code_wrong' | 'code_locked' |
    'code_expired' | 'code_used')``.
    """

    def attempt() -> T | Refused:
        # A refusal over the code is returned, not raised: the wrong try must stay counted.
        with store.writing() as tx:
            refused = None if honoured(tx) else _spend(tx, store.secret, purpose, code, at)
            return refused or act(tx)

    answer = retrying(attempt)
    if isinstance(answer, Refused):
        raise answer
    return answer


def _spend(tx: Tx, secret: bytes, purpose: Purpose, code: str, at: datetime) -> Refused | None:
    actor, now = acting(tx, purpose.actor, to_micros(at)), to_micros(at)
    latest = LATEST + (" FOR UPDATE" if tx.postgres else "")
    keys = (_key(secret, purpose), _key_of_any_act(secret, actor.handle))
    rows = [row for key in keys if (row := tx.row(latest, actor_id=actor.id, purpose=key)) is not None]
    if not rows:
        return Refused("code_unknown", handle=actor.handle, about=purpose.about)
    if (locked := _locked(tx, actor, at)) is not None:
        return locked
    valid = [row for row in rows if row.used_at is None and row.until > now]
    for row in valid:
        if hmac.compare_digest(row.code, _sealed(secret, row.purpose, row.made_at, code)):
            tx.run(USED, id=row.id, at=now)
            return None
    newest = max(valid or rows, key=lambda row: row.id)
    if not valid:
        return Refused("code_used" if newest.used_at is not None else "code_expired", minutes=LASTS // MINUTE)
    tx.run(FAILED, id=newest.id)
    return _locked(tx, actor, at) or Refused("code_wrong", left=TRIES - _wrong(tx, actor, at))


def _locked(tx: Tx, actor: Acting, at: datetime) -> Refused | None:
    if _wrong(tx, actor, at) < TRIES:
        return None
    return Refused("code_locked", handle=actor.handle, tries=TRIES, minutes=LASTS // MINUTE)


def _wrong(tx: Tx, actor: Acting, at: datetime) -> int:
    """Return how many wrong tries the actor's valid codes have had."""
    return tx.row(WRONG, actor_id=actor.id, at=to_micros(at)).tries


def _key(secret: bytes, purpose: Purpose) -> str:
    """Return the key of what the code is for: actor, subject, act, and every entry."""
    entries = canonical({name: str(value) for name, value in purpose.entries.items()})
    return keyed(secret, "purpose", purpose.actor, purpose.about, purpose.act, entries)


def _key_of_any_act(secret: bytes, handle: str) -> str:
    """Return the key of a code that an administrator handed over, who does not know for which act."""
    return keyed(secret, "purpose of any act", handle)


def _sealed(secret: bytes, purpose: str, made_at: int, code: str) -> str:
    return keyed(secret, "one-time code", purpose, str(made_at), code)
