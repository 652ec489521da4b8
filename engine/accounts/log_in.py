"""Log in with handle, password and second factor; give the second factor later; change the password.

Note [One answer]: an unknown handle, a wrong password, a wrong code and a disabled account get the same refusal after
the same work: one argon2 hash is compared, where nobody has the handle that of nobody. Tries are counted before that
work is done, by handle and by address, whether or not somebody has the handle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Any

from engine.accounts.attempt_limits import Limit, clear, count_try
from engine.accounts.failed_log_ins import note_failed_log_in
from engine.accounts.passwords import Passwords, check_password, recommended
from engine.accounts.second_factor import Enrolment, confirm_secret, new_secret, spend_code
from engine.accounts.sessions import (
    END,
    NewSession,
    Session,
    SessionLimits,
    Visitor,
    end_sessions,
    open_session,
    session_of,
)
from engine.actors import Acting, known_actor
from engine.commands.staffing import note
from engine.contention import retrying
from engine.entry_checks import HANDLE_LIMIT, is_word
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

PASSWORD_CHANGED, TOTP_CONFIRMED = "password", "second_factor"
"""What the journal of actors calls them; it keeps neither."""

PASSWORD = "password"  # noqa: S105 - a method of logging in, no password
"""The method of a log-in by handle and password."""

ACCOUNT = """
SELECT a.id, a.email, a.disabled_at, b.password, b.totp_since, b.disabled_at AS account_disabled_at
  FROM actor a JOIN account b ON b.actor_id = a.id WHERE a.handle = :handle
"""
SET_PASSWORD = "UPDATE account SET password = :password, password_at = :at WHERE actor_id = :actor_id"  # noqa: S105


BY_ACCOUNT = Limit("log-in by account", "10 per 15 minute")
BY_ADDRESS = Limit("log-in by address", "100 per 15 minute")
SESSION_LIMITS = SessionLimits()


@dataclass(frozen=True, slots=True)
class LogIn:
    """What somebody gives to log in. ``code`` is of his authenticator app, or a recovery code."""

    handle: str
    password: str
    code: str = ""
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class LogInRules:
    """How often may be tried, how long sessions last, and how passwords are hashed."""

    by_account: Limit = BY_ACCOUNT
    by_address: Limit = BY_ADDRESS
    sessions: SessionLimits = SESSION_LIMITS
    passwords: Passwords | None = None

    @property
    def hashes(self) -> Passwords:
        """Return how passwords are hashed: in this process's own way, unless another is given."""
        return self.passwords or recommended()


def log_in(store: Store, attempt: LogIn, at: datetime, rules: LogInRules | None = None) -> NewSession:
    """Open a session. See Note [One answer].

    Somebody with a second factor gives its code at once. Somebody who needs one and has none gets a session in which he
    can only enrol. Raises ``Refused('log_in_refused')`` and ``RateLimited``.
    """
    rules = rules or LogInRules()
    count_try(store, _limits(rules, attempt.handle, attempt.address), at)
    with store.looking() as tx:
        row = _account(tx, attempt.handle)
    fits, renewed = rules.hashes.verify(attempt.password, None if row is None else _password(row))
    try:
        if not fits:
            raise Refused("log_in_refused")
        return retrying(lambda: _open(store, attempt, row, renewed, at, rules))
    except Refused as refused:
        if refused.code == "log_in_refused":
            note_failed_log_in(store, attempt.handle, PASSWORD, attempt.address, at)
        raise


def _open(store: Store, attempt: LogIn, read: Any, renewed: str | None, at: datetime, rules: LogInRules) -> NewSession:
    with store.writing() as tx:
        row = _account(tx, attempt.handle)
        if row != read:  # changed while the password was compared
            raise Refused("log_in_refused")
        actor = known_actor(tx, attempt.handle)
        second = row.totp_since is not None
        if second and not spend_code(tx, store.secret, actor.id, actor.handle, attempt.code, at):
            raise Refused("log_in_refused")
        if renewed is not None:
            _set_password(tx, actor, renewed, at)
        clear(tx, store.secret, rules.by_account, attempt.handle)
        visitor = Visitor(attempt.address, attempt.agent)
        return open_session(tx, store.secret, actor, visitor, rules.sessions, at, second_factor=second)


def _password(row: Any) -> str | None:
    """Return the hash of an account's password, or None where it opens nothing."""
    return row.password if row.disabled_at is None and row.account_disabled_at is None else None


def _account(tx: Tx, handle: str) -> Any:
    return tx.row(ACCOUNT, handle=handle) if is_word(handle, HANDLE_LIMIT) else None


def _limits(rules: LogInRules, handle: str, address: str) -> list[tuple[Limit, str]]:
    return [(rules.by_account, handle[: HANDLE_LIMIT + 1]), (rules.by_address, network_of(address))]


def network_of(address: str) -> str:
    """Return whose tries are counted together: an IPv4 address, or the 64 bits of an IPv6 address that name a site."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def _set_password(tx: Tx, actor: Acting, hashed: str, at: datetime) -> None:
    tx.run(SET_PASSWORD, actor_id=actor.id, password=hashed, at=to_micros(at))
    journal_row(tx, "account", (actor.id,), actor.handle, to_micros(at))


def set_password(tx: Tx, actor: Acting, hashed: str, at: datetime) -> None:
    """Set the hash of a new password, and end every session that was opened with an older one."""
    _set_password(tx, actor, hashed, at)
    note(tx, actor.id, actor.id, to_micros(at), PASSWORD_CHANGED, None, None)
    end_sessions(tx, actor.id)


def change_password(
    store: Store, cookie: str, old: str, new: str, at: datetime, rules: LogInRules | None = None
) -> NewSession:
    """Change the password of whoever has the session; it and all his others end, and he gets a new one.

    Raises ``Refused('session_ended' | 'second_factor_required' | 'log_in_refused')``, ``RateLimited`` and what
    ``check_password`` raises.
    """
    rules = rules or LogInRules()
    with store.looking() as tx:
        session = session_of(tx, store.secret, cookie, rules.sessions, at)
        row = _account(tx, session.actor.handle)
    if not session.complete:
        raise Refused("second_factor_required")
    handle = session.actor.handle
    count_try(store, _limits(rules, handle, session.visitor.address), at)
    if not rules.hashes.verify(old, row.password)[0]:
        raise Refused("log_in_refused")
    check_password(new, handle, tuple(filter(None, [row.email])))
    hashed = rules.hashes.hash(new)

    def change(tx: Tx, session: Session) -> NewSession:
        if _account(tx, handle) != row:
            raise Refused("log_in_refused")
        set_password(tx, session.actor, hashed, at)
        clear(tx, store.secret, rules.by_account, handle)
        second = session.second_factor_at is not None
        return open_session(tx, store.secret, session.actor, session.visitor, rules.sessions, at, second_factor=second)

    return _in_session(store, cookie, at, rules, change)


def _in_session(store: Store, cookie: str, at: datetime, rules: LogInRules, act: "Callable[[Tx, Session], Any]") -> Any:
    def attempt() -> Any:
        with store.writing() as tx:
            return act(tx, session_of(tx, store.secret, cookie, rules.sessions, at))

    return retrying(attempt)


def begin_second_factor(store: Store, cookie: str, at: datetime, rules: LogInRules | None = None) -> Enrolment:
    """Return a new secret for the authenticator app of whoever has the session.

    Raises ``Refused('session_ended' | 'totp_there')``.
    """

    def begin(tx: Tx, session: Session) -> Enrolment:
        return new_secret(tx, store.secret, session.actor.id, session.actor.handle, at)

    return _in_session(store, cookie, at, rules or LogInRules(), begin)


def confirm_second_factor(
    store: Store, cookie: str, code: str, at: datetime, rules: LogInRules | None = None
) -> tuple[list[str], NewSession]:
    """Let the second factor count from now on; return the recovery codes and the session that takes this one's place.

    Raises ``Refused('session_ended' | 'totp_there' | 'totp_not_begun' | 'totp_wrong')`` and ``RateLimited``.
    """
    rules = rules or LogInRules()

    def confirm(tx: Tx, session: Session) -> tuple[list[str], NewSession]:
        actor = session.actor
        codes = confirm_secret(tx, store.secret, actor.id, actor.handle, code, at)
        note(tx, actor.id, actor.id, to_micros(at), TOTP_CONFIRMED, None, at.isoformat(timespec="seconds"))
        end_sessions(tx, actor.id)
        return codes, _with_second_factor(tx, store, session, at, rules)

    _count_code(store, cookie, at, rules)
    return _in_session(store, cookie, at, rules, confirm)


def give_second_factor(
    store: Store, cookie: str, code: str, at: datetime, rules: LogInRules | None = None
) -> NewSession:
    """Give the code in a session that lacks it; return the session that takes its place.

    Raises ``Refused('session_ended' | 'totp_wrong')`` and ``RateLimited``.
    """
    rules = rules or LogInRules()

    def give(tx: Tx, session: Session) -> NewSession:
        if not spend_code(tx, store.secret, session.actor.id, session.actor.handle, code, at):
            raise Refused("totp_wrong")
        tx.run(END, id=session.id)
        return _with_second_factor(tx, store, session, at, rules)

    _count_code(store, cookie, at, rules)
    return _in_session(store, cookie, at, rules, give)


def _count_code(store: Store, cookie: str, at: datetime, rules: LogInRules) -> None:
    with store.looking() as tx:
        session = session_of(tx, store.secret, cookie, rules.sessions, at)
    count_try(store, _limits(rules, session.actor.handle, session.visitor.address), at)


def _with_second_factor(tx: Tx, store: Store, session: Session, at: datetime, rules: LogInRules) -> NewSession:
    clear(tx, store.secret, rules.by_account, session.actor.handle)
    return open_session(tx, store.secret, session.actor, session.visitor, rules.sessions, at, second_factor=True)
