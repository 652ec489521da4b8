"""The file of anchors outside the database: one line each, signed, naming the hash of the line before it."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.ledger.chain import GENESIS, canonical
from engine.ledger.signing import public_hex, signed, vouched
from engine.settings import Settings
from models.columns import from_micros

FILE, LOCK = "anchors.jsonl", ".lock"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A root over the heads as they stood at ``at`` (microseconds), and who vouches for it.

    ``line`` is its number in the file, from 1; ``before`` the hash of the line before. ``reason`` and ``begun_by`` are
    told where a person began anew over a doubt. ``key`` is the public key, ``signature`` that of all the rest.
    """

    line: int
    at: int
    cases: int
    root: str
    before: str
    key: str
    reason: str = ""
    begun_by: str = ""
    signature: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """What is signed: everything but the signature."""
        told = asdict(self) | {"when": from_micros(self.at).isoformat()}
        return {name: value for name, value in told.items() if name != "signature"}

    @property
    def text(self) -> str:
        """The line."""
        return canonical({**self.told, "signature": self.signature})

    @property
    def hash(self) -> str:
        """What the line after it names."""
        return hash_of(self.text)

    @property
    def anew(self) -> bool:
        """Whether it does not follow from the anchors before it."""
        return bool(self.begun_by)

    def signed_by(self, key: Ed25519PrivateKey) -> "Anchored":
        """The same, vouched for."""
        mine = replace(self, key=public_hex(key))
        return replace(mine, signature=signed(key, canonical(mine.told)))

    @property
    def vouched(self) -> bool:
        """Whether its own key signed it."""
        return vouched(self.key, self.signature, canonical(self.told))


def hash_of(line: str) -> str:
    """SHA-256 of a line without its end."""
    return hashlib.sha256(line.encode()).hexdigest()


def place_of(home: Path) -> Path:
    """Where anchors are published: ``CLOSELOOP_ANCHORS``, else a folder of the home."""
    return Settings().anchors_beside(home)


@contextlib.contextmanager
def alone(place: Path, *, reading: bool = False) -> Generator[None]:
    """Nobody else publishes meanwhile, in whatever process; readers let each other be."""
    if reading and not place.exists():
        yield
        return
    place.mkdir(parents=True, exist_ok=True)
    lock = os.open(place / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH if reading else fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_lines(place: Path) -> list[Anchored]:
    """All anchors as they were published. Raises ``ValueError`` for a file that was damaged."""
    if not (place / FILE).exists():
        return []
    text = (place / FILE).read_text("utf-8")
    if not text.endswith("\n"):
        raise ValueError("the last line is cut off")
    return [_read(line) for line in text.splitlines()]


def _read(line: str) -> Anchored:
    told = json.loads(line)
    try:
        read = Anchored(**{one.name: told[one.name] for one in fields(Anchored)})
        if read.text == line:
            return read
    except (KeyError, TypeError, OverflowError):
        pass
    raise ValueError("a line is no anchor")


def append_line(place: Path, made: Anchored) -> None:
    """Publish: durable when this returns."""
    new = not (place / FILE).exists()
    with (place / FILE).open("a", encoding="utf-8") as lines:
        lines.write(made.text + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    if new:
        sync_folder(place)


def sync_folder(place: Path) -> None:
    """What was created or renamed in the folder is there after a loss of power, too."""
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def broken_line(lines: Sequence[Anchored], first_before: str = GENESIS) -> str | None:
    """What is wrong with the first line that does not follow from those before it or is not vouched for.

    Only who begins anew may leave lines out or sign with another key; his line says so.
    """
    number, before, key = 0, first_before, ""
    for line in lines:
        follows = line.line == number + 1 or (line.anew and line.line > number)
        if not follows or (line.before != before and (number or not line.anew)):
            return "anchor_file"
        if not line.vouched:
            return "anchor_signature"
        if key not in {"", line.key} and not line.anew:
            return "anchor_key"
        number, before, key = line.line, line.hash, line.key
    return None


def set_aside(place: Path, at: int) -> None:
    """Keep a file that cannot be read for whoever looks into it, out of the way of the one that begins anew."""
    (place / FILE).rename(place / f"anchors-damaged-{at}.jsonl")
