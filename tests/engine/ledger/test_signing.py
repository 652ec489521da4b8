"""Anchors are signed with a key pair whose private key stays in the home."""

import stat
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.ledger.signing import PRIVATE, PUBLIC, ensure_key, key_of, make_key, public_hex, signed, verified


def test_only_the_owner_reads_the_private_key_and_the_public_one_is_beside_the_anchors(home: Path):
    key = make_key(home, home / "anchors")
    assert stat.S_IMODE((home / PRIVATE).stat().st_mode) == 0o600
    public = load_pem_public_key((home / "anchors" / PUBLIC).read_bytes())
    assert public == key.public_key()


def test_a_signature_verifies_only_its_own_text_and_key(home: Path):
    key = key_of(home) or make_key(home, home)
    signature = signed(key, "a text")
    assert verified(public_hex(key), signature, "a text")
    assert not verified(public_hex(key), signature, "a text ")
    assert not verified("00" * 32, signature, "a text")
    assert not verified("no key", signature, "a text")
    assert not verified(public_hex(key), "no signature", "a text")


def test_the_key_is_created_once(home: Path):
    ensure_key(home, home / "anchors")
    first = (home / PRIVATE).read_bytes()
    ensure_key(home, home / "anchors")
    assert (home / PRIVATE).read_bytes() == first


def test_no_second_key_is_created_beside_a_public_key(home: Path):
    make_key(home, home / "anchors")
    (home / PRIVATE).unlink()
    ensure_key(home, home / "anchors")
    assert key_of(home) is None


def test_a_file_that_is_no_key_is_ignored(home: Path):
    (home / PRIVATE).write_text("no key", "ascii")
    assert key_of(home) is None
