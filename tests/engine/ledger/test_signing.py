"""Who vouches for an anchor: a key pair whose private half stays in the home."""

import stat
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.ledger.signing import PRIVATE, PUBLIC, ensure_key, key_of, make_key, public_hex, signed, verified


def test_the_private_key_is_its_owners_alone_and_the_public_one_lies_beside_the_anchors(home: Path):
    key = make_key(home, home / "anchors")
    assert stat.S_IMODE((home / PRIVATE).stat().st_mode) == 0o600
    public = load_pem_public_key((home / "anchors" / PUBLIC).read_bytes())
    assert public == key.public_key()


def test_what_was_signed_is_vouched_for_and_nothing_else(home: Path):
    key = key_of(home) or make_key(home, home)
    signature = signed(key, "a text")
    assert verified(public_hex(key), signature, "a text")
    assert not verified(public_hex(key), signature, "a text ")
    assert not verified("00" * 32, signature, "a text")
    assert not verified("no key", signature, "a text")
    assert not verified(public_hex(key), "no signature", "a text")


def test_the_key_is_made_once(home: Path):
    ensure_key(home, home / "anchors")
    first = (home / PRIVATE).read_bytes()
    ensure_key(home, home / "anchors")
    assert (home / PRIVATE).read_bytes() == first


def test_beside_known_anchors_no_second_key_is_made(home: Path):
    make_key(home, home / "anchors")
    (home / PRIVATE).unlink()
    ensure_key(home, home / "anchors")
    assert key_of(home) is None


def test_what_is_no_key_is_none(home: Path):
    (home / PRIVATE).write_text("no key", "ascii")
    assert key_of(home) is None
