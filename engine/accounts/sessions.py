"""Sessions of people who logged in: opened, recognised by their cookie, listed, and ended.

Note [What ends a session]: logging out, its limits, a new password, the disabling of the account or the actor, and a
change of his roles. The last two are read from the actor's own journal: a session knows the newest change that was made
before it. So a session that ended stays ended when he is enabled again.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.principal import Principal, PrincipalKind
from engine.accounts.charge import charge_of
from engine.accounts.second_factor import needs_second_factor
from engine.accounts.tokens import new_id
from engine.actors import COLUMNS, Acting, acting_of
from engine.ledger.chain import keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.printable_text import printable
from statemachines.refused import Refused

FORM = re.compile(r"([0-9a-z]{12})\.([0-9a-f]{64})")
SEEN_EVERY = timedelta(minutes=1)
"""How often at most it is written that a session is in use."""
SHOWN = 100
"""The most of an address and of a browser's name that is kept."""

ADD = """
INSERT INTO login_session
  (id, actor_id, digest, made_at, seen_at, until, change_id, second_factor_at, method, address, agent)
VALUES (:id, :actor_id, :digest, :made_at, :made_at, :until, :change_id, :second_factor_at, :method, :address, :agent)
"""
NEWEST_CHANGE = "SELECT coalesce(max(id), 0) AS id FROM actor_change WHERE actor_id = :actor_id"
_ACTOR = ", ".join(f"a.{name} AS actor_{name}" for name in COLUMNS.split(", "))
FIND = f"""
SELECT s.id, s.actor_id, s.digest, s.made_at, s.seen_at, s.until, s.change_id, s.second_factor_at, s.method, s.address,
       s.agent, b.totp_since, b.disabled_at AS account_disabled_at, {_ACTOR},
       EXISTS (SELECT 1 FROM actor_change c WHERE c.actor_id = s.actor_id AND c.id > s.change_id
                AND c.field IN ('disabled_at', 'roles')) AS changed
  FROM login_session s JOIN actor a ON a.id = s.actor_id JOIN account b ON b.actor_id = s.actor_id WHERE s.id = :id
"""
SEEN = "UPDATE login_session SET seen_at = :at WHERE id = :id AND seen_at <= :before"
LIST = """
SELECT s.id, a.handle, s.made_at, s.seen_at, s.until, s.second_factor_at, s.method, s.address, s.agent
  FROM login_session s JOIN actor a ON a.id = s.actor_id WHERE s.until > :at ORDER BY a.handle, s.made_at, s.id
"""
OWNER = "SELECT a.handle FROM login_session s JOIN actor a ON a.id = s.actor_id WHERE s.id = :id"
END = "DELETE FROM login_session WHERE id = :id"
END_ALL = "DELETE FROM login_session WHERE actor_id = :actor_id"
END_OLD = "DELETE FROM login_session WHERE until <= :at"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session may be idle, and how long it lasts at most."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody logs in from, as the list of his sessions shows it, and how: by password or at a provider."""

    address: str = ""
    agent: str = ""
    method: str = "password"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was opened: what the cookie holds, the token that its writes carry, and when it ends.

    While ``second_factor`` is missing, the session opens nothing but the log-in's own pages.
    """

    id: str
    handle: str
    cookie: str
    csrf: str
    until: datetime
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Session:
    """An open session and whose it is."""

    id: str
    actor: Acting
    second_factor_at: datetime | None
    totp: bool
    """Whether the account has a second factor, which the session may still lack."""
    visitor: Visitor
    seen_at: datetime
    """When it was last noted that the session is in use."""

    @property
    def complete(self) -> bool:
        """Return whether nothing is missing: a second factor was given where there is one, or where it is needed."""
        return self.second_factor_at is not None or not (self.totp or needs_second_factor(self.actor.roles))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is listed."""

    id: str
    handle: str
    made_at: datetime
    seen_at: datetime
    until: datetime
    second_factor: bool
    method: str
    address: str
    agent: str


def open_session(
    tx: Tx, secret: bytes, actor: Acting, visitor: Visitor, limits: SessionLimits, at: datetime, *, second_factor: bool
) -> NewSession:
    """Open a session under a new id and secret, and remove those whose time is over."""
    now, until = to_micros(at), at + limits.absolute
    tx.run(END_OLD, at=now)
    session_id, session_secret = new_id(), secrets.token_hex(32)
    values: dict[str, Any] = {
        "id": session_id,
        "actor_id": actor.id,
        "made_at": now,
        "until": to_micros(until),
        "change_id": tx.row(NEWEST_CHANGE, actor_id=actor.id).id,
        "second_factor_at": now if second_factor else None,
    }
    digest = _digest(secret, session_secret, values)
    address, agent = printable(visitor.address)[:SHOWN], printable(visitor.agent)[:SHOWN]
    tx.run(ADD, **values, digest=digest, method=visitor.method, address=address, agent=agent)
    cookie = f"{session_id}.{session_secret}"
    return NewSession(session_id, actor.handle, cookie, csrf_token(secret, cookie), until, second_factor)


def _digest(secret: bytes, session_secret: str, row: dict[str, Any]) -> str:
    """Return what the store keeps of a session's secret: it fits this row, this actor and these limits alone."""
    bound = (row[name] for name in ("id", "actor_id", "made_at", "until", "change_id", "second_factor_at"))
    return keyed(secret, "session", *map(str, bound), session_secret)


def csrf_token(secret: bytes, cookie: str) -> str:
    """Return the token that a write by this session carries in a header: no other site can read it."""
    return keyed(secret, "csrf", cookie)


def check_csrf(secret: bytes, cookie: str, token: str | None) -> None:
    """Raise ``Refused('csrf_refused')`` unless the token is that of the session."""
    if token is None or not hmac.compare_digest(csrf_token(secret, cookie).encode(), token.encode(errors="replace")):
        raise Refused("csrf_refused")


def session_of(tx: Tx, secret: bytes, cookie: str, limits: SessionLimits, at: datetime) -> Session:
    """Return the session of a cookie, also one that lacks its second factor. Raises ``Refused('session_ended')``."""
    form, now = FORM.fullmatch(cookie), to_micros(at)
    row = None if form is None else tx.row(FIND, id=form[1])
    if form is None or row is None:
        raise Refused("session_ended")
    if not hmac.compare_digest(row.digest, _digest(secret, form[2], row._asdict())):
        raise Refused("session_ended")
    over = row.until <= now or row.seen_at <= to_micros(at - limits.idle)
    if over or row.changed or row.actor_disabled_at is not None or row.account_disabled_at is not None:
        raise Refused("session_ended")
    second_factor_at = None if row.second_factor_at is None else from_micros(row.second_factor_at)
    visitor = Visitor(row.address, row.agent, row.method)
    totp, seen_at = row.totp_since is not None, from_micros(row.seen_at)
    return Session(row.id, acting_of(row, "actor_"), second_factor_at, totp, visitor, seen_at)


def principal_of_session(
    store: Store, cookie: str, at: datetime, limits: SessionLimits | None = None, via: str = "api"
) -> Principal:
    """Return whom a session lets in, and note that it is in use.

    Raises ``Refused('session_ended' | 'second_factor_required')``.
    """
    with store.looking() as tx:
        session = session_of(tx, store.secret, cookie, limits or SessionLimits(), at)
    if not session.complete:
        raise Refused("second_factor_required")
    before = at - SEEN_EVERY
    if session.seen_at <= before:
        with store.writing() as tx:
            tx.run(SEEN, id=session.id, at=to_micros(at), before=to_micros(before))
    return Principal(session.actor, PrincipalKind.PERSON, via)


def sessions(tx: Tx, at: datetime, handle: str | None = None) -> list[SessionRow]:
    """Return the open sessions of all people or of one, by person and age."""
    return [
        SessionRow(
            row.id, row.handle, from_micros(row.made_at), from_micros(row.seen_at), from_micros(row.until),
            row.second_factor_at is not None, row.method, row.address, row.agent,
        )
        for row in tx.rows(LIST, at=to_micros(at))
        if handle in {None, row.handle}
    ]  # fmt: skip


def end_session(store: Store, session_id: str, by: str) -> None:
    """End a session: its person may, and an administrator. Raises ``Refused('unknown_session' | 'not_in_charge')``."""
    with store.writing() as tx:
        row = tx.row(OWNER, id=session_id) if "\0" not in session_id else None
        if row is None:
            raise Refused("unknown_session", id=session_id[:40])
        charge_of(tx, row.handle, by, of_disabled=True)
        tx.run(END, id=session_id)


def log_out(store: Store, cookie: str) -> None:
    """End the session of a cookie, if it has one."""
    if (form := FORM.fullmatch(cookie)) is None:
        return
    with store.writing() as tx:
        row = tx.row(FIND, id=form[1])
        if row is not None and hmac.compare_digest(row.digest, _digest(store.secret, form[2], row._asdict())):
            tx.run(END, id=form[1])


def end_sessions(tx: Tx, actor_id: int) -> int:
    """End all sessions of an actor; return how many there were."""
    return tx.run(END_ALL, actor_id=actor_id)
