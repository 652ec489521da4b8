"""Decide whether a backup is the one that this home's key signed."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from engine.audit.archive import Manifest, Packed
from engine.ledger.signing import PUBLIC, key_of, public_hex
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Despite:
    """Why a person restores a backup that cannot be trusted: the reason, his handle and his user of the machine."""

    reason: str
    by: str
    os_user: str


@dataclass(frozen=True, slots=True)
class Distrusted:
    """Why the signature of a backup cannot be trusted, and why and by whom it is restored all the same."""

    code: str
    reason: str
    by: str
    os_user: str


def refuse_untrusted(packed: Packed, home: Path, place: Path, despite: Despite | None) -> Distrusted | None:
    """Return None for a backup that is signed by the key of this home, or by the one beside its anchors.

    Raises ``Refused('backup_unsigned' | 'backup_forged' | 'backup_no_key' | 'backup_other_key')`` unless a person says
    despite which doubt it is restored.
    """
    code = _doubt(packed.manifest, _trusted_key(home, place))
    if code is None:
        return None
    if despite is None:
        raise Refused(code, file=packed.name, home=str(home))
    return Distrusted(code, despite.reason, despite.by, despite.os_user)


def _doubt(manifest: Manifest, trusted: str | None) -> str | None:
    if not manifest.signature:
        return "backup_unsigned"
    if not manifest.verified:
        return "backup_forged"
    if trusted is None:
        return "backup_no_key"
    return None if manifest.key == trusted else "backup_other_key"


def _trusted_key(home: Path, place: Path) -> str | None:
    if (key := key_of(home)) is not None:
        return public_hex(key)
    try:
        public = load_pem_public_key((place / PUBLIC).read_bytes())
    except (OSError, ValueError):
        return None
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex() if isinstance(public, Ed25519PublicKey) else None
