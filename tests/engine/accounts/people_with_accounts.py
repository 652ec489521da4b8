"""Gives tests people with accounts and passwords, and counts how often a hash is compared."""

from datetime import datetime, timedelta
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyotp.totp import TOTP

from engine.accounts.invitations import accept, invite, invite_first
from engine.accounts.log_in import LogIn, LogInRules, begin_second_factor, confirm_second_factor, log_in
from engine.accounts.passwords import Passwords
from engine.accounts.sessions import NewSession
from engine.store import Store
from tests.case_actions import AGENT, START

ADMIN = "root"
PASSWORD = "Quay 7 Lantern"
OTHER_PASSWORD = "Canal 9 Willow"
HALF_MINUTE = timedelta(seconds=30)


class CountedHash(PasswordHash):
    """Argon2 with the cheapest parameters, so that tests compare thousands of passwords; counts the comparisons."""

    def __init__(self, memory_cost: int = 8) -> None:
        super().__init__((Argon2Hasher(time_cost=1, memory_cost=memory_cost, parallelism=1),))
        self.compared = 0

    def verify_and_update(self, password: Any, hash: Any) -> Any:  # noqa: A002 - the name in the library
        self.compared += 1
        return super().verify_and_update(password, hash)


COUNTED = CountedHash()
RULES = LogInRules(passwords=Passwords(COUNTED))


def add_administrator(store: Store) -> None:
    """Add the first administrator with ``PASSWORD``."""
    accept(store, invite_first(store, ADMIN, START).code, PASSWORD, START, RULES)


def add_accounts(store: Store, *handles: str) -> None:
    """Add the first administrator, and an account with ``PASSWORD`` for each handle."""
    add_administrator(store)
    for handle in handles:
        accept(store, invite(store, handle, ADMIN, START).code, PASSWORD, START, RULES)


def logged_in(store: Store, handle: str = AGENT, at: datetime = START, **more: Any) -> NewSession:
    """Log in with ``PASSWORD``."""
    return log_in(store, LogIn(handle, PASSWORD, **more), at, RULES)


def enrolled(store: Store, handle: str, at: datetime = START) -> tuple[TOTP, list[str], NewSession]:
    """Log in and enrol a second factor; return the app, the recovery codes and the session."""
    session = logged_in(store, handle, at)
    app = TOTP(begin_second_factor(store, session.cookie, at, RULES).secret)
    codes, session = confirm_second_factor(store, session.cookie, app.at(at), at, RULES)
    return app, codes, session
