"""Links of actors to who they are at a provider of OpenID Connect, and the log-in by such a link."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from engine.accounts.charge import charge_of
from engine.accounts.failed_log_ins import note_failed_log_in
from engine.accounts.log_in import LogInRules
from engine.accounts.sessions import NewSession, Visitor, open_session
from engine.actors import COLUMNS, Acting, acting_of, administrator
from engine.commands.staffing import note
from engine.contention import retrying
from engine.entry_checks import check_text, is_word
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

METHOD = "oidc"
LINKED, UNLINKED = "oidc_linked", "oidc_unlinked"
"""What the journal of actors calls them."""
ISSUER_LIMIT, SUBJECT_LIMIT = 500, 255
"""The longest subject is that of OpenID Connect Core 1.0, section 2."""

_ACTOR = ", ".join(f"a.{name}" for name in COLUMNS.split(", "))
FIND = f"""
SELECT {_ACTOR}, b.disabled_at AS account_disabled_at FROM oidc_link o JOIN actor a ON a.id = o.actor_id
  JOIN account b ON b.actor_id = o.actor_id WHERE o.issuer = :issuer AND o.subject = :subject
"""
ADD = """
INSERT INTO oidc_link (issuer, subject, actor_id, linked_at, linked_by)
VALUES (:issuer, :subject, :actor_id, :at, :by) ON CONFLICT (issuer, subject) DO NOTHING
"""
HOLDER = "SELECT actor_id FROM oidc_link WHERE issuer = :issuer AND subject = :subject"
REMOVE = "DELETE FROM oidc_link WHERE issuer = :issuer AND subject = :subject AND actor_id = :actor_id"
OF_ACTOR = """
SELECT o.issuer, o.subject, o.linked_at FROM oidc_link o JOIN actor a ON a.id = o.actor_id
 WHERE a.handle = :handle ORDER BY o.linked_at, o.issuer, o.subject
"""
HAS_ACCOUNT = "SELECT 1 AS one FROM account WHERE actor_id = :actor_id"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider: the only two claims that are never given to anybody else."""

    issuer: str
    subject: str

    @property
    def id(self) -> str:
        """Return a short name of the identity, which stands in addresses."""
        return sha256("\x1f".join((self.issuer, self.subject)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An identity to which an account is linked, and since when."""

    identity: Identity
    linked_at: datetime


def link(store: Store, handle: str, identity: Identity, by: str, at: datetime) -> bool:
    """Link an actor's account to an identity; an administrator does. Return False if it is linked to it already.

    Raises ``Refused('no_account' | 'bad_identity' | 'oidc_taken')`` and what ``administrator`` raises.
    """
    with store.writing() as tx:
        maker = administrator(tx, by)
        actor, _ = charge_of(tx, handle, by)
        return _link(tx, actor, identity, maker, at)


def link_own(store: Store, handle: str, identity: Identity, at: datetime) -> bool:
    """Link the account of whoever is logged in to an identity that the provider has vouched for just now.

    Return False if it is linked to it already. Raises ``Refused('no_account' | 'bad_identity' | 'oidc_taken')`` and
    what ``charge_of`` raises.
    """
    with store.writing() as tx:
        actor, maker = charge_of(tx, handle, handle)
        return _link(tx, actor, identity, maker, at)


def identities(tx: Tx, handle: str) -> list[LinkedIdentity]:
    """Return the identities to which an account is linked, oldest first."""
    rows = tx.rows(OF_ACTOR, handle=handle)
    return [LinkedIdentity(Identity(row.issuer, row.subject), from_micros(row.linked_at)) for row in rows]


def unlink_own(store: Store, handle: str, identity_id: str, at: datetime) -> None:
    """Undo a link of whoever is logged in. Raises ``Refused('unknown_identity')``, also for another person's."""
    with store.looking() as tx:
        own = [each.identity for each in identities(tx, handle) if each.identity.id == identity_id]
    if not own or not unlink(store, handle, own[0], handle, at):
        raise Refused("unknown_identity", id=identity_id[:40])


def _link(tx: Tx, actor: Acting, identity: Identity, maker: Acting, at: datetime) -> bool:
    _check(identity)
    if tx.row(HAS_ACCOUNT, actor_id=actor.id) is None:
        raise Refused("no_account", handle=actor.handle)
    values = {"issuer": identity.issuer, "subject": identity.subject}
    if not tx.run(ADD, **values, actor_id=actor.id, at=to_micros(at), by=maker.id):
        if tx.row(HOLDER, **values).actor_id != actor.id:
            raise Refused("oidc_taken")
        return False
    _journal(tx, actor, identity, maker, at, LINKED)
    return True


def unlink(store: Store, handle: str, identity: Identity, by: str, at: datetime) -> bool:
    """Undo a link; return False if there is none. Raises what ``charge_of`` raises."""
    with store.writing() as tx:
        actor, maker = charge_of(tx, handle, by, of_disabled=True)
        if not tx.run(REMOVE, issuer=identity.issuer, subject=identity.subject, actor_id=actor.id):
            return False
        _journal(tx, actor, identity, maker, at, UNLINKED)
        return True


def _journal(tx: Tx, actor: Acting, identity: Identity, maker: Acting, at: datetime, what: str) -> None:
    now = to_micros(at)
    journal_row(tx, "oidc_link", (identity.issuer, identity.subject), maker.handle, now)
    note(tx, actor.id, maker.id, now, what, None, identity.issuer)


def _check(identity: Identity) -> None:
    check_text("subject", identity.subject)
    if not is_word(identity.issuer, ISSUER_LIMIT) or not is_word(identity.subject, SUBJECT_LIMIT):
        raise Refused("bad_identity")


def log_in_by_identity(
    store: Store, identity: Identity, visitor: Visitor, at: datetime, rules: LogInRules | None = None
) -> NewSession:
    """Open the session of whoever is linked to an identity that the provider vouched for.

    A second factor that his roles need is still to be given here: the provider's own is not ours to judge. Raises
    ``Refused('oidc_unknown')``, also for an account or an actor that is disabled.
    """
    rules = rules or LogInRules()
    _check(identity)

    def attempt() -> NewSession:
        with store.writing() as tx:
            row = tx.row(FIND, issuer=identity.issuer, subject=identity.subject)
            if row is None or row.disabled_at is not None or row.account_disabled_at is not None:
                raise Refused("oidc_unknown")
            return open_session(tx, store.secret, acting_of(row), visitor, rules.sessions, at, second_factor=False)

    try:
        return retrying(attempt)
    except Refused as refused:
        if refused.code == "oidc_unknown":
            note_failed_log_in(store, "", METHOD, visitor.address, at)
        raise
