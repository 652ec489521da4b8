"""One-time links: with one, somebody sets the password of his account, the first administrator's included."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.accounts.attempt_limits import Limit, count_try
from engine.accounts.charge import charge_of
from engine.accounts.log_in import LogInRules, network_of, set_password
from engine.accounts.passwords import check_password
from engine.accounts.second_factor import needs_second_factor
from engine.accounts.sessions import end_sessions
from engine.accounts.tokens import new_id
from engine.actors import NOBODY, Acting, NewActor, add_actor, known_actor, roles_of, system_actor
from engine.commands.staffing import ADDED, note
from engine.contention import retrying
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

LASTS = timedelta(days=3)
FORM = re.compile(r"([0-9a-z]{12})-([0-9a-f]{64})")
INVITED, ACCOUNT_RESET = "invited", "account_reset"
"""What the journal of actors calls them."""

OPEN_ACCOUNT = """
INSERT INTO account (actor_id, made_at, made_by, totp_step, recovery) VALUES (:actor_id, :at, :by, 0, '')
ON CONFLICT (actor_id) DO NOTHING
"""
ADD = """
INSERT INTO invitation (id, actor_id, digest, made_at, made_by, until)
VALUES (:id, :actor_id, :digest, :at, :by, :until)
"""
OLDER = "SELECT id FROM invitation WHERE actor_id = :actor_id"
DROP_OLDER = "DELETE FROM invitation WHERE actor_id = :actor_id"
FIND = """
SELECT i.id, i.actor_id, i.digest, i.until, i.used_at, a.handle, a.email, a.disabled_at,
       a.roles, b.disabled_at AS account_disabled_at, b.totp_since
  FROM invitation i JOIN actor a ON a.id = i.actor_id JOIN account b ON b.actor_id = i.actor_id WHERE i.id = :id
"""
USE = "UPDATE invitation SET used_at = :at WHERE id = :id AND used_at IS NULL"
FORGET = """
UPDATE account SET password = NULL, password_at = NULL, totp = NULL, totp_since = NULL, totp_step = 0, recovery = ''
 WHERE actor_id = :actor_id
"""
ACTORS = """
SELECT a.handle, a.roles, b.password FROM actor a LEFT JOIN account b ON b.actor_id = a.id WHERE a.disabled_at IS NULL
"""


ACCEPTING = Limit("invitation by address", "30 per 15 minute")
"""How often one address may try with what may be no invitation: each try may cost the hash of a password."""
FIRST = "admin"
"""The handle of the first administrator where nobody is one yet."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What the link holds that is shown once, and until when it is good."""

    handle: str
    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PendingInvitation:
    """Whom a link is for, until when it is good, and whether a second factor is there or must be enrolled first."""

    handle: str
    until: datetime
    second_factor: bool
    second_factor_needed: bool


def invite(store: Store, handle: str, by: str, at: datetime) -> Invited:
    """Make a link for an actor, who gets an account if he has none; a link that he had is good no more.

    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'not_a_person' | 'not_in_charge')``.
    """

    def attempt() -> Invited:
        with store.writing() as tx:
            actor, maker = _led_by_administrator(tx, handle, by)
            open_account(tx, actor, maker, at)
            return _new_link(tx, store.secret, actor, maker, at, INVITED)

    return retrying(attempt)


def reset(store: Store, handle: str, by: str, at: datetime) -> Invited:
    """Forget password, second factor and recovery codes of an account, end its sessions, and make a link for new ones.

    Raises what ``invite`` raises.
    """

    def attempt() -> Invited:
        with store.writing() as tx:
            actor, maker = _led_by_administrator(tx, handle, by)
            open_account(tx, actor, maker, at)
            tx.run(FORGET, actor_id=actor.id)
            journal_row(tx, "account", (actor.id,), maker.handle, to_micros(at))
            end_sessions(tx, actor.id)
            return _new_link(tx, store.secret, actor, maker, at, ACCOUNT_RESET)

    return retrying(attempt)


def invite_first(store: Store, handle: str, at: datetime) -> Invited:
    """Make the link of the first administrator, who is added if nobody has the handle; the journal names the system.

    It is for whoever owns the home, and only while no administrator can log in. Raises ``Refused('not_first')`` after
    that, or where there are administrators and the handle is none of theirs, and what ``add_actor`` raises.
    """

    def attempt() -> Invited:
        with store.writing() as tx:
            maker, now = system_actor(tx), to_micros(at)
            administrators = [row for row in tx.rows(ACTORS) if Role.ADMINISTRATOR in roles_of(row.roles)]
            handles = {row.handle for row in administrators}
            if any(row.password for row in administrators) or (handles and handle not in handles):
                raise Refused("not_first")
            if not handles:
                add_actor(tx, NewActor(handle, (Role.ADMINISTRATOR,)), maker.handle, now)
                note(tx, known_actor(tx, handle).id, maker.id, now, ADDED, None, handle)
            actor = known_actor(tx, handle)
            open_account(tx, actor, maker, at)
            return _new_link(tx, store.secret, actor, maker, at, INVITED)

    return retrying(attempt)


def first_invitation(store: Store, at: datetime) -> Invited | None:
    """Make the link of the first administrator; None once an administrator can log in.

    People who work without an administrator get none by this: from then on only he could change them.
    """
    with store.looking() as tx:
        people = [row for row in tx.rows(ACTORS) if row.handle not in NOBODY]
    administrators = [row for row in people if Role.ADMINISTRATOR in roles_of(row.roles)]
    if any(row.password for row in administrators) or (people and not administrators):
        return None
    handle = min((row.handle for row in administrators), default=FIRST)
    return invite_first(store, handle, at)


def open_account(tx: Tx, actor: Acting, maker: Acting, at: datetime) -> bool:
    """Open the account of an actor; return False if he has one."""
    if not tx.run(OPEN_ACCOUNT, actor_id=actor.id, at=to_micros(at), by=maker.id):
        return False
    journal_row(tx, "account", (actor.id,), maker.handle, to_micros(at))
    return True


def _led_by_administrator(tx: Tx, handle: str, by: str) -> tuple[Acting, Acting]:
    """Return actor and administrator: nobody makes a link for himself, for it takes the place of his second factor."""
    actor, maker = charge_of(tx, handle, by)
    if Role.ADMINISTRATOR not in maker.roles:
        raise Refused("not_in_charge", handle=maker.handle, wanted=[Role.ADMINISTRATOR.value])
    return actor, maker


def _new_link(tx: Tx, secret: bytes, actor: Acting, maker: Acting, at: datetime, what: str) -> Invited:
    now, until = to_micros(at), at + LASTS
    for older in tx.rows(OLDER, actor_id=actor.id):
        journal_row(tx, "invitation", (older.id,), maker.handle, now)
    tx.run(DROP_OLDER, actor_id=actor.id)
    invitation_id, code = new_id(), secrets.token_hex(32)
    digest = _digest(secret, actor.id, invitation_id, to_micros(until), code)
    tx.run(
        ADD, id=invitation_id, actor_id=actor.id, digest=digest, at=now, by=maker.id, until=to_micros(until)
    )  # fmt: skip
    journal_row(tx, "invitation", (invitation_id,), maker.handle, now)
    note(tx, actor.id, maker.id, now, what, None, until.isoformat(timespec="seconds"))
    return Invited(actor.handle, f"{invitation_id}-{code}", until)


def _digest(secret: bytes, actor_id: int, invitation_id: str, until: int, code: str) -> str:
    return keyed(secret, "invitation", str(actor_id), invitation_id, str(until), code)


def pending_invitation(store: Store, code: str, at: datetime) -> PendingInvitation:
    """Return whom a link is for and until when it is good; it stays unused.

    Raises ``Refused('invitation_invalid')`` for one that is unknown, used or expired or whose actor is disabled.
    """
    row = _valid(store, code, at)
    second_factor = row.totp_since is not None
    needed = needs_second_factor(roles_of(row.roles))
    return PendingInvitation(row.handle, from_micros(row.until), second_factor, needed and not second_factor)


def _valid(store: Store, code: str, at: datetime) -> Any:
    """Return the row of a link that is good. Raises ``Refused('invitation_invalid')``."""
    form = FORM.fullmatch(code)
    with store.looking() as tx:
        row = None if form is None else tx.row(FIND, id=form[1])
    if form is None or row is None:
        raise Refused("invitation_invalid")
    genuine = hmac.compare_digest(row.digest, _digest(store.secret, row.actor_id, form[1], row.until, form[2]))
    enabled = row.disabled_at is None and row.account_disabled_at is None
    if not genuine or not enabled or row.used_at is not None or row.until <= to_micros(at):
        raise Refused("invitation_invalid")
    return row


def count_acceptance(store: Store, address: str, at: datetime) -> None:
    """Count a try with an invitation from an address. Raises ``RateLimited`` after too many."""
    count_try(store, [(ACCEPTING, network_of(address))], at)


def accept(store: Store, code: str, password: str, at: datetime, rules: LogInRules | None = None) -> str:
    """Set the password of whoever was sent the link, and return his handle; the link is good no more.

    Raises what ``pending_invitation`` and ``check_password`` raise.
    """
    rules, row = rules or LogInRules(), _valid(store, code, at)
    check_password(password, row.handle, tuple(filter(None, [row.email])))
    hashed = rules.hashes.hash(password)

    def attempt() -> None:
        with store.writing() as tx:
            if tx.row(FIND, id=row.id) != row or not tx.run(USE, id=row.id, at=to_micros(at)):
                raise Refused("invitation_invalid")
            journal_row(tx, "invitation", (row.id,), row.handle, to_micros(at))
            set_password(tx, known_actor(tx, row.handle), hashed, at)

    retrying(attempt)
    return row.handle
