"""Make the record tamper-evident: canonical text, salted digests and the hash chain."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

import orjson

GENESIS = "0" * 64
"""The hash before the first transition of a case."""

SALT_BYTES = 32


def canonical(value: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys and no blanks: the same bytes on every database."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME).decode()


def chain_hash(before: str, record: Mapping[str, Any]) -> str:
    """Return the hash of a transition: SHA-256 over the hash before it and its canonical text, in hex."""
    return hashlib.sha256(f"{before}\n{canonical(record)}".encode()).hexdigest()


def new_salt() -> bytes:
    """Return 32 random bytes, stored beside the content and erased with it."""
    return os.urandom(SALT_BYTES)


def digest(salt: bytes, content: str) -> str:
    """Return what the record keeps of a free text: SHA-256 over salt and content, in hex."""
    return hashlib.sha256(salt + content.encode()).hexdigest()


def keyed(secret: bytes, *parts: str) -> str:
    """Return an HMAC-SHA-256 of personal values, in hex, for use as a key or in comparisons."""
    return hmac.digest(secret, "\x1f".join(parts).encode(), "sha256").hex()
