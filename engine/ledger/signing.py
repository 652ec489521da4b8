"""The key pair that vouches for anchors: the private key in the home, the public one beside what it signed."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

PRIVATE, PUBLIC = "anchor.key", "anchor.pub"


def make_key(home: Path, place: Path) -> Ed25519PrivateKey:
    """A new key pair (Ed25519): the private key readable by its owner alone, the public one in ``place``."""
    key = Ed25519PrivateKey.generate()
    file = home / PRIVATE
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tell_public(key, place)
    return key


def tell_public(key: Ed25519PrivateKey, place: Path) -> None:
    """Lay the public key beside the anchors, as PEM: any tool that knows Ed25519 can check with it."""
    place.mkdir(parents=True, exist_ok=True)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (place / PUBLIC).write_bytes(pem)


def key_of(home: Path) -> Ed25519PrivateKey | None:
    """The private key of this home; None where there is none that can be read as one."""
    try:
        key = load_pem_private_key((home / PRIVATE).read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def found_key(home: Path, place: Path) -> None:
    """Make the key pair of a new store; one whose anchors are known already keeps the key they were signed with."""
    if key_of(home) is None and not (place / PUBLIC).exists():
        make_key(home, place)


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public key as anchors name it: 32 bytes in hex."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def signed(key: Ed25519PrivateKey, text: str) -> str:
    """The signature of a text, 64 bytes in hex."""
    return key.sign(text.encode()).hex()


def vouched(public: str, signature: str, text: str) -> bool:
    """Whether whoever holds the key of ``public`` signed the text; what is no key or no signature says no."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True
