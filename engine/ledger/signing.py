"""Sign anchors with an Ed25519 key pair: the private key in the home, the public key beside the anchors."""

from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from engine.durable_file import write_whole

PRIVATE, PUBLIC = "anchor.key", "anchor.pub"


def make_key(home: Path, place: Path) -> Ed25519PrivateKey:
    """Create a key pair: the private key readable by its owner only, the public key in ``place``."""
    key = Ed25519PrivateKey.generate()
    write_whole(home / PRIVATE, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    publish_public_key(key, place)
    return key


def publish_public_key(key: Ed25519PrivateKey, place: Path) -> None:
    """Write the public key beside the anchors as PEM, so that any Ed25519 tool can verify them."""
    place.mkdir(parents=True, exist_ok=True)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file = place / PUBLIC
    if not file.exists() or file.read_bytes() != pem:
        write_whole(file, pem)


def key_of(home: Path) -> Ed25519PrivateKey | None:
    """Return the private key of this home, or None if there is no readable one."""
    try:
        key = _parsed((home / PRIVATE).read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


@lru_cache(maxsize=1)
def _parsed(pem: bytes) -> PrivateKeyTypes:
    """Parse a private key; a night needs the same one several times."""
    return load_pem_private_key(pem, None)


def ensure_key(home: Path, place: Path) -> None:
    """Create the key pair of a new store. A store that has published anchors keeps the key that signed them."""
    if (place / PUBLIC).exists():
        return
    if (key := key_of(home)) is None:
        make_key(home, place)
    else:
        publish_public_key(key, place)


def public_hex(key: Ed25519PrivateKey) -> str:
    """Return the public key as anchors name it: 32 bytes in hex."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def signed(key: Ed25519PrivateKey, text: str) -> str:
    """Return the signature of a text: 64 bytes in hex."""
    return key.sign(text.encode()).hex()


def verified(public: str, signature: str, text: str) -> bool:
    """Return whether the owner of the key ``public`` signed the text; False for a malformed key or signature."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True
