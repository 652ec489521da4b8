"""Makes the record tamper-evident: canonical text, salted digests, and the chain of hashes (law 9)."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import orjson

GENESIS = "0" * 64
"""What stands before a case's first transition."""

SALT_BYTES = 32


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no blanks: the same bytes on every database."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME).decode()


def chain_hash(before: str, record: Mapping[str, Any]) -> str:
    """The hash of a transition: SHA-256 over the hash before it and its own canonical text."""
    return hashlib.sha256(f"{before}\n{canonical(record)}".encode()).hexdigest()


def new_salt() -> bytes:
    """32 random bytes, kept beside the content and erased with it."""
    return secrets.token_bytes(SALT_BYTES)


def digest(salt: bytes, content: str) -> str:
    """What the record keeps of free text."""
    return hashlib.sha256(salt + content.encode()).hexdigest()


def keyed(secret: bytes, *parts: str) -> str:
    """An HMAC of something personal, for keys and comparisons (law 8)."""
    return hmac.digest(secret, "\x1f".join(parts).encode(), "sha256").hex()
