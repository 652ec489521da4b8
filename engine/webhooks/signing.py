"""The secrets of webhooks and their signatures, after the Standard Webhooks scheme (standardwebhooks.com).

A signing secret is made of the store's secret and a random nonce, so the database does not hold it and it is never
shown again. After a rotation the former secret signs beside the new one until a receiver has changed over.
"""

import base64
import hmac
import secrets
from datetime import datetime

from standardwebhooks import Webhook as Signer

PREFIX = "whsec_"
PURPOSE = b"closeloop webhook\0"


def new_nonce() -> str:
    """Return a nonce that makes a new signing secret."""
    return secrets.token_hex(16)


def nonce_of_key(store_secret: bytes, handle: str, request: str) -> str:
    """Return the nonce of a request that may be repeated: the same request of the same actor makes the same secret.

    ``request`` holds the idempotency key and what is asked under it.
    """
    text = "\0".join((handle, request)).encode()
    return hmac.digest(store_secret, b"closeloop webhook key\0" + text, "sha256").hex()[:32]


def signing_secret(store_secret: bytes, nonce: str) -> str:
    """Return the signing secret that a nonce makes, as receivers are given it: 32 bytes in base64."""
    key = hmac.digest(store_secret, PURPOSE + nonce.encode(), "sha256")
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(secrets_in_force: tuple[str, ...], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a message that is sent at an instant, with one signature for each secret."""
    text = body.decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(message_id, at, text) for secret in secrets_in_force),
    }
