"""The accounts of people: opened, disabled and enabled by an administrator, and listed."""

from dataclasses import dataclass
from datetime import datetime

from engine.accounts.charge import charge_of
from engine.accounts.invitations import open_account
from engine.accounts.second_factor import needs_second_factor
from engine.accounts.sessions import end_sessions
from engine.actors import administrator, roles_of
from engine.commands.staffing import note
from engine.ledger.journal import journal_row
from engine.saved_filters import erase_filters
from engine.store import Store
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

ACCOUNT_DISABLED = "account_disabled"
"""What the journal of actors calls it."""

DISABLED = "SELECT disabled_at FROM account WHERE actor_id = :actor_id"
SET = "UPDATE account SET disabled_at = :disabled_at WHERE actor_id = :actor_id"
OTHERS = """
SELECT a.roles FROM actor a JOIN account b ON b.actor_id = a.id
 WHERE a.disabled_at IS NULL AND b.disabled_at IS NULL AND a.id <> :actor_id
"""
LIST = """
SELECT a.handle, a.roles, a.disabled_at, b.disabled_at AS account_disabled_at, b.password, b.totp_since, b.recovery,
       (SELECT count(*) FROM login_session s WHERE s.actor_id = a.id AND s.until > :at) AS sessions,
       (SELECT count(*) FROM api_token t WHERE t.actor_id = a.id AND t.until > :at AND t.revoked_at IS NULL) AS tokens,
       (SELECT count(*) FROM oidc_link o WHERE o.actor_id = a.id) AS links,
       (SELECT max(i.until) FROM invitation i WHERE i.actor_id = a.id AND i.used_at IS NULL) AS invited_until
  FROM account b JOIN actor a ON a.id = b.actor_id ORDER BY a.handle
"""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is listed: how its person can log in, and what is open."""

    handle: str
    roles: tuple[str, ...]
    disabled: bool
    password: bool
    second_factor: bool
    second_factor_needed: bool
    recovery_codes: int
    sessions: int
    tokens: int
    links: int
    invited_until: datetime | None


def add_account(store: Store, handle: str, by: str, at: datetime) -> bool:
    """Open the account of an actor; return False if he has one.

    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'not_a_person' | 'not_in_charge')``.
    """
    with store.writing() as tx:
        maker = administrator(tx, by)
        actor, _ = charge_of(tx, handle, by)
        return open_account(tx, actor, maker, at)


def disable_account(store: Store, handle: str, by: str, at: datetime) -> bool:
    """Let nobody in by an account and the tokens of its actor, and end its sessions; his cases stay with him.

    The filters that he saved are erased. Return False if it was disabled.

    Raises ``Refused('no_account' | 'last_administrator')`` and what ``add_account`` raises.
    """
    return _set_disabled(store, handle, by, at, to_micros(at))


def enable_account(store: Store, handle: str, by: str, at: datetime) -> bool:
    """Let an account be used again; return False if it was not disabled. Raises what ``add_account`` raises."""
    return _set_disabled(store, handle, by, at, None)


def _set_disabled(store: Store, handle: str, by: str, at: datetime, disabled_at: int | None) -> bool:
    with store.writing() as tx:
        maker, now = administrator(tx, by), to_micros(at)
        actor, _ = charge_of(tx, handle, by, of_disabled=handle != by)
        row = tx.row(DISABLED, actor_id=actor.id)
        if row is None:
            raise Refused("no_account", handle=handle)
        if (row.disabled_at is None) == (disabled_at is None):
            return False
        others = (roles_of(other.roles) for other in tx.rows(OTHERS, actor_id=actor.id))
        leads = Role.ADMINISTRATOR in actor.roles
        if disabled_at is not None and leads and not any(Role.ADMINISTRATOR in roles for roles in others):
            raise Refused("last_administrator", handle=handle)
        tx.run(SET, actor_id=actor.id, disabled_at=disabled_at)
        journal_row(tx, "account", (actor.id,), maker.handle, now)
        instants = [
            None if value is None else from_micros(value).isoformat() for value in (row.disabled_at, disabled_at)
        ]
        note(tx, actor.id, maker.id, now, ACCOUNT_DISABLED, *instants)
        end_sessions(tx, actor.id)
        if disabled_at is not None:
            erase_filters(tx, actor.id)
        return True


def accounts(store: Store, at: datetime) -> list[AccountRow]:
    """Return all accounts, by handle."""
    with store.looking() as tx:
        rows = tx.rows(LIST, at=to_micros(at))
    return [
        AccountRow(
            row.handle, tuple(row.roles.split()), row.disabled_at is not None or row.account_disabled_at is not None,
            row.password is not None, row.totp_since is not None, needs_second_factor(roles_of(row.roles)),
            len(row.recovery.split()), row.sessions, row.tokens, row.links,
            None if row.invited_until is None else from_micros(row.invited_until),
        )
        for row in rows
    ]  # fmt: skip
