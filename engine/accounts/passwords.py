"""Passwords: which ones are taken, and their argon2 hashes."""

import threading
import unicodedata
from functools import cache, cached_property
from typing import TYPE_CHECKING

from engine.entry_checks import check_text
from statemachines.refused import Refused

if TYPE_CHECKING:
    from pwdlib import PasswordHash

LEAST, MOST = 12, 128
"""How many characters a password has."""
SCORE = 3
"""The least score of zxcvbn, of 0 to 4: some 10**8 guesses."""
READ_BY_ZXCVBN = 72
AT_ONCE = 4
"""How many hashes one process computes at once: each takes 64 MiB of memory."""


class Passwords:
    """The hashes of passwords: argon2 with the parameters of RFC 9106, unless others are given."""

    def __init__(self, hasher: "PasswordHash | None" = None) -> None:
        self._given = hasher
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def _hasher(self) -> "PasswordHash":
        from pwdlib import PasswordHash

        return self._given or PasswordHash.recommended()

    @cached_property
    def _nobodys(self) -> str:
        """The hash with which a password is compared where there is none, so that this takes as long."""
        return self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Return the hash of a password, with a salt of its own."""
        with self._slots:
            return self._hasher.hash(_prepared(password))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Return whether a password fits a hash, and a new hash where the parameters have changed since.

        Without a hash the same work is done, and no password fits.
        """
        with self._slots:
            fits, renewed = self._hasher.verify_and_update(_prepared(password), stored or self._nobodys)
        return (fits, renewed) if stored else (False, None)


@cache
def recommended() -> Passwords:
    """Return the passwords of this process."""
    return Passwords()


def _prepared(password: str) -> str:
    """Return a password in one form of Unicode (RFC 8265), no longer than any that is taken."""
    return unicodedata.normalize("NFC", password[: 2 * MOST].encode(errors="replace").decode())


def check_password(password: str, handle: str, known: tuple[str, ...] = ()) -> None:
    """Raise ``Refused('password_short' | 'password_long' | 'password_guessable' | 'bad_text')``.

    ``known`` are words that somebody who knows him would try first, beside the handle.
    """
    check_text("password", password)
    if len(password) < LEAST:
        raise Refused("password_short", least=LEAST)
    if len(password) > MOST:
        raise Refused("password_long", most=MOST)
    from zxcvbn import zxcvbn

    result = zxcvbn(password[:READ_BY_ZXCVBN], user_inputs=[handle, "closeloop", *known])
    if result["score"] < SCORE:
        raise Refused("password_guessable")
