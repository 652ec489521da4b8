"""The secret of a store: how long it must be, and what the store keeps to recognise it."""

import hmac

LEAST_BYTES = 16
"""A shorter secret could be found by trying."""


def secret_check(secret: bytes) -> str:
    """Return what a store keeps of its secret, by which a wrong one is recognised."""
    return hmac.digest(secret, b"closeloop", "sha256").hex()
