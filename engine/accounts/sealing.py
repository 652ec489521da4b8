"""Encrypt short texts under a key of the store's secret: what the store must be able to read, and nobody beside it."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from statemachines.refused import Refused

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def seal(secret: bytes, purpose: str, text: str, at: datetime) -> str:
    """Return a text encrypted for one purpose; it says when, which only ``unseal`` can tell."""
    return _cipher(secret, purpose).encrypt_at_time(text.encode(), int(at.timestamp())).decode()


def unseal(secret: bytes, purpose: str, sealed: str, at: datetime, lasts: timedelta | None = None) -> str:
    """Return the text. Raises ``Refused('seal_broken')`` where it was changed, is another purpose's, or too old."""
    from cryptography.fernet import InvalidToken

    cipher = _cipher(secret, purpose)
    try:
        if lasts is None:
            return cipher.decrypt(sealed.encode()).decode()
        return cipher.decrypt_at_time(sealed.encode(), int(lasts.total_seconds()), int(at.timestamp())).decode()
    except (InvalidToken, UnicodeError):
        raise Refused("seal_broken") from None


@lru_cache(maxsize=32)
def _cipher(secret: bytes, purpose: str) -> "Fernet":
    from base64 import urlsafe_b64encode

    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"closeloop " + purpose.encode()).derive(secret)
    return Fernet(urlsafe_b64encode(key))
