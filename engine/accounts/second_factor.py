"""The second factor of a log-in: a code of an authenticator app (RFC 6238), or one of the recovery codes.

A code is good for its half minute and the ones beside it, and once: the step that was used last is kept.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.accounts.sealing import seal, unseal
from engine.ledger.chain import keyed
from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.roles import MANAGERS, Role

SECOND_FACTOR_ROLES = frozenset(
    {
        *MANAGERS,
        Role.QUALITY_TEAM,
        Role.EVALUATION_GROUP,
        Role.INVESTIGATION_TEAM,
        Role.APPEAL_PANEL,
        Role.HR,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
    }
)
"""The roles that decide about money, people or rules, or that see contacts unmasked: these need a second factor."""

PURPOSE = "second factor"
STEP = 30
"""Seconds for which a code is shown."""
CODES = 10
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""What recovery codes are written with: nothing that is read as something else."""

KEEP = "UPDATE account SET totp = :totp, totp_since = NULL, totp_step = 0, recovery = '' WHERE actor_id = :actor_id"
CONFIRM = "UPDATE account SET totp_since = :at, recovery = :recovery WHERE actor_id = :actor_id"
STEPPED = "UPDATE account SET totp_step = :step WHERE actor_id = :actor_id AND totp_step < :step"
SPEND = "UPDATE account SET recovery = :left WHERE actor_id = :actor_id AND recovery = :recovery"
ACCOUNT = "SELECT actor_id, totp, totp_since, totp_step, recovery FROM account WHERE actor_id = :actor_id"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret that an authenticator app is to be given, and the same as the address of a QR code."""

    secret: str
    uri: str


def new_secret(tx: Tx, secret: bytes, actor_id: int, handle: str, at: datetime) -> Enrolment:
    """Keep a new secret, which counts when a code of it is confirmed. Raises ``Refused('totp_there')``."""
    from pyotp import random_base32
    from pyotp.totp import TOTP

    row = tx.row(ACCOUNT, actor_id=actor_id)
    if row.totp_since is not None:
        raise Refused("totp_there")
    shared = random_base32()
    tx.run(KEEP, actor_id=actor_id, totp=seal(secret, PURPOSE, shared, at))
    journal_row(tx, "account", (actor_id,), handle, to_micros(at))
    return Enrolment(shared, TOTP(shared).provisioning_uri(name=handle, issuer_name="closeloop"))


def confirm_secret(tx: Tx, secret: bytes, actor_id: int, handle: str, code: str, at: datetime) -> list[str]:
    """Let the secret count that ``new_secret`` kept, and return the recovery codes, which are stored nowhere.

    Raises ``Refused('totp_there' | 'totp_not_begun' | 'totp_wrong')``.
    """
    row = tx.row(ACCOUNT, actor_id=actor_id)
    if row.totp_since is not None:
        raise Refused("totp_there")
    if row.totp is None:
        raise Refused("totp_not_begun")
    if not _spend_step(tx, secret, row, code, at):
        raise Refused("totp_wrong")
    codes = [_recovery_code() for _ in range(CODES)]
    kept = " ".join(_sealed_code(secret, actor_id, code) for code in codes)
    tx.run(CONFIRM, actor_id=actor_id, at=to_micros(at), recovery=kept)
    journal_row(tx, "account", (actor_id,), handle, to_micros(at))
    return codes


def spend_code(tx: Tx, secret: bytes, actor_id: int, handle: str, code: str, at: datetime) -> bool:
    """Use a code of the app, or a recovery code; return False for one that is wrong or was used."""
    row = tx.row(ACCOUNT, actor_id=actor_id)
    if row is None or row.totp is None or row.totp_since is None:
        return False
    return _spend_step(tx, secret, row, code, at) or _spend_recovery(tx, secret, row, handle, code, at)


def _spend_step(tx: Tx, secret: bytes, row: Any, code: str, at: datetime) -> bool:
    from pyotp.totp import TOTP

    code, totp = "".join(code.split()), TOTP(unseal(secret, PURPOSE, row.totp, at))
    now = int(at.timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        if step > row.totp_step and hmac.compare_digest(
            totp.generate_otp(step).encode(), code.encode(errors="replace")
        ):
            return tx.run(STEPPED, actor_id=row.actor_id, step=step) == 1
    return False


def _spend_recovery(tx: Tx, secret: bytes, row: Any, handle: str, code: str, at: datetime) -> bool:
    spent = _sealed_code(secret, row.actor_id, code)
    kept = row.recovery.split()
    if spent not in kept:
        return False
    kept.remove(spent)
    if tx.run(SPEND, actor_id=row.actor_id, left=" ".join(kept), recovery=row.recovery) != 1:
        return False
    journal_row(tx, "account", (row.actor_id,), handle, to_micros(at))
    return True


def _recovery_code() -> str:
    """Return 80 random bits as four groups of four characters."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))


def _sealed_code(secret: bytes, actor_id: int, code: str) -> str:
    plain = "".join(code.replace("-", "").split()).lower()
    return keyed(secret, "recovery code", str(actor_id), plain)


def needs_second_factor(roles: frozenset[Role]) -> bool:
    """Return whether somebody with these roles may do nothing without a second factor."""
    return not SECOND_FACTOR_ROLES.isdisjoint(roles)
