"""API tokens: made for an actor, narrowed by scopes, good until they expire or are revoked."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.accounts.attempt_limits import Limit, count_try, rate
from engine.accounts.charge import charge_of
from engine.accounts.request_allowances import RequestAllowances
from engine.actors import COLUMNS, acting_of
from engine.commands.staffing import note
from engine.entry_checks import check_instant, is_word
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

PREFIX = "clt"
"""What every token begins with, so that a scanner for leaked secrets knows one."""
FORM = re.compile(rf"{PREFIX}_([0-9a-z]{{12}})_([0-9a-f]{{64}})")
LASTS, LONGEST = timedelta(days=90), timedelta(days=366)
RATE = "600 per 1 minute"
LABEL_LIMIT = 100
ADDRESS_LIMIT = 64
SEEN_EVERY = timedelta(minutes=1)
"""How often at most the last use of a token is written."""
TOKEN_MADE, TOKEN_REVOKED = "token_made", "token_revoked"
"""What the journal of actors calls it."""

ADD = """
INSERT INTO api_token (id, actor_id, label, digest, scopes, rate, made_at, made_by, until)
VALUES (:id, :actor_id, :label, :digest, :scopes, :rate, :made_at, :made_by, :until)
"""
_ACTOR = ", ".join(f"a.{name} AS actor_{name}" for name in COLUMNS.split(", "))
FIND = f"""
SELECT t.actor_id, t.digest, t.scopes, t.rate, t.until, t.revoked_at, t.used_at, {_ACTOR},
       b.disabled_at AS account_disabled_at
  FROM api_token t JOIN actor a ON a.id = t.actor_id LEFT JOIN account b ON b.actor_id = t.actor_id WHERE t.id = :id
"""
USED = """
UPDATE api_token SET used_at = :at, used_from = :address
 WHERE id = :id AND (used_at IS NULL OR used_at <= :before)
"""
OWNER = "SELECT a.handle, t.actor_id, t.label FROM api_token t JOIN actor a ON a.id = t.actor_id WHERE t.id = :id"
REVOKE = "UPDATE api_token SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"
LIST = """
SELECT t.id, a.handle, t.label, t.scopes, t.rate, t.made_at, m.handle AS made_by, t.until, t.revoked_at, t.used_at,
       t.used_from
  FROM api_token t JOIN actor a ON a.id = t.actor_id JOIN actor m ON m.id = t.made_by ORDER BY a.handle, t.made_at, t.id
"""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that is asked for. ``scopes`` is None where nothing shall narrow what the actor's roles allow."""

    handle: str
    label: str = ""
    scopes: frozenset[Scope] | None = None
    until: datetime | None = None
    rate: str = RATE


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token as it is shown once: its id, the token itself (stored nowhere), and until when it is good."""

    id: str
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is listed."""

    id: str
    handle: str
    label: str
    scopes: tuple[str, ...] | None
    rate: str
    made_at: datetime
    made_by: str
    until: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    used_from: str | None


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of these names. Raises ``Refused('unknown_scope')``."""
    known = [scope.value for scope in Scope]
    for name in (names := list(names)):
        if name not in known:
            raise Refused("unknown_scope", scope=name[:40], known=known)
    return frozenset(map(Scope, names))


def create_token(store: Store, new: NewToken, by: str, at: datetime) -> MadeToken:
    """Make a token for an actor: he himself may, and an administrator for anybody; the journal keeps who did.

    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'not_a_person' | 'not_in_charge' | 'bad_expiry' | 'bad_rate' |
    'bad_label')``.
    """
    until = new.until or at + LASTS
    check_instant(until)
    if not at < until <= at + LONGEST:
        raise Refused("bad_expiry", days=LONGEST.days)
    if new.label and not is_word(new.label, LABEL_LIMIT):
        raise Refused("bad_label", limit=LABEL_LIMIT)
    rate(new.rate)
    token_id, secret, now = new_id(), secrets.token_hex(32), to_micros(at)
    scopes = None if new.scopes is None else " ".join(sorted(new.scopes))
    with store.writing() as tx:
        actor, maker = charge_of(tx, new.handle, by)
        digest = _digest(store.secret, actor.id, token_id, secret)
        tx.run(
            ADD, id=token_id, actor_id=actor.id, label=new.label, digest=digest, scopes=scopes,
            rate=new.rate, made_at=now, made_by=maker.id, until=to_micros(until),
        )  # fmt: skip
        journal_row(tx, "api_token", (token_id,), maker.handle, now)
        note(tx, actor.id, maker.id, now, TOKEN_MADE, None, _described(token_id, new.label))
    return MadeToken(token_id, f"{PREFIX}_{token_id}_{secret}", until)


def new_id() -> str:
    """Return a random id that cannot be guessed and stands in URLs: twelve digits and lower-case letters."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(secrets.choice(alphabet) for _ in range(12))


def _digest(secret: bytes, actor_id: int, token_id: str, token_secret: str) -> str:
    """Return what the store keeps of a token: it fits this row and this actor alone, and nobody makes it by hand."""
    return keyed(secret, "api token", str(actor_id), token_id, token_secret)


def _described(token_id: str, label: str) -> str:
    return f"{token_id} {label}".strip()


def revoke_token(store: Store, token_id: str, by: str, at: datetime) -> bool:
    """Revoke a token; return False if it was revoked already. Raises ``Refused('unknown_token' | 'not_in_charge')``."""
    now = to_micros(at)
    with store.writing() as tx:
        row = tx.row(OWNER, id=token_id) if is_word(token_id) else None
        if row is None:
            raise Refused("unknown_token", id=token_id[:40])
        _, maker = charge_of(tx, row.handle, by, of_disabled=True)
        if not tx.run(REVOKE, id=token_id, at=now):
            return False
        journal_row(tx, "api_token", (token_id,), maker.handle, now)
        note(tx, row.actor_id, maker.id, now, TOKEN_REVOKED, None, _described(token_id, row.label))
    return True


def tokens(tx: Tx, handle: str | None = None) -> list[TokenRow]:
    """Return all tokens, or those of one actor, by actor and age. The tokens themselves are not stored."""
    return [
        TokenRow(
            row.id, row.handle, row.label, None if row.scopes is None else tuple(row.scopes.split()), row.rate,
            from_micros(row.made_at), row.made_by, from_micros(row.until), _instant(row.revoked_at),
            _instant(row.used_at), row.used_from,
        )
        for row in tx.rows(LIST)
        if handle in {None, row.handle}
    ]  # fmt: skip


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def principal_of_token(
    store: Store, bearer: str, at: datetime, address: str = "", allowances: RequestAllowances | None = None
) -> Principal:
    """Return whom a token lets in, and count the request.

    ``allowances`` are those of this process; without them each request is counted in the store by itself. ``address``
    is where the request came from, as the list of tokens shows it.

    Raises ``Refused('token_invalid')`` for one that is unknown, expired or revoked or whose actor is disabled, and
    ``RateLimited``.
    """
    form = FORM.fullmatch(bearer)
    row = None if form is None else store.ask(lambda tx: tx.row(FIND, id=form[1]))
    if form is None or row is None or not _good(store.secret, row, form, to_micros(at)):
        raise Refused("token_invalid")
    limit = Limit("token", row.rate)
    if allowances is None:
        count_try(store, [(limit, form[1])], at)
    else:
        allowances.spend(store, limit, form[1], at)
    if row.used_at is None or from_micros(row.used_at) <= at - SEEN_EVERY:
        before = to_micros(at - SEEN_EVERY)
        with store.writing() as tx:
            tx.run(USED, id=form[1], at=to_micros(at), address=address[:ADDRESS_LIMIT] or None, before=before)
    scopes = None if row.scopes is None else scopes_of(row.scopes.split())
    return Principal(acting_of(row, "actor_"), PrincipalKind.TOKEN, "api", scopes)


def _good(secret: bytes, row: Any, form: re.Match[str], at: int) -> bool:
    genuine = hmac.compare_digest(row.digest, _digest(secret, row.actor_id, form[1], form[2]))
    enabled = row.actor_disabled_at is None and row.account_disabled_at is None
    return genuine and enabled and row.revoked_at is None and row.until > at
