"""Read and append the file of anchors outside the database: signed lines, each naming the hash of the one before.

Note [Lines are checked once]: each check reads the whole file, which grows by a line a night. What a line says, its
hash and whether its signature holds follow from its text alone, and whether a line follows from those before it from
their texts. So a process computes this once: where the file begins with the text that was read before, only what was
appended is parsed, and of lines that are the same only the further ones are checked. A changed line is another text.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.durable_file import private_opener, sync_folder
from engine.ledger.chain import GENESIS, canonical
from engine.ledger.signing import public_hex, signed, verified
from models.columns import from_micros

FILE, LOCK = "anchors.jsonl", ".lock"


@dataclass(frozen=True)
class Anchored:
    """A signed root over the chain heads at the instant ``at`` (microseconds since 1970 UTC).

    ``line`` is its number in the file, from 1; ``before`` is the hash of the previous line. ``reason`` and ``begun_by``
    are set where a person re-anchored despite findings. ``key`` is the public key, ``signature`` covers all else.
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
    def signed_part(self) -> dict[str, Any]:
        """Return what the signature covers: every field but the signature, and the instant in ISO 8601."""
        record = asdict(self) | {"when": from_micros(self.at).isoformat()}
        return {name: value for name, value in record.items() if name != "signature"}

    @cached_property
    def text(self) -> str:
        """Return the line of the file, without its end."""
        return canonical({**self.signed_part, "signature": self.signature})

    @cached_property
    def hash(self) -> str:
        """Return the hash that the next line names."""
        return hash_of(self.text)

    @property
    def anew(self) -> bool:
        """Return whether this line starts a new chain of anchors."""
        return bool(self.begun_by)

    def signed_by(self, key: Ed25519PrivateKey) -> "Anchored":
        """Return the anchor, signed with ``key``."""
        mine = replace(self, key=public_hex(key))
        return replace(mine, signature=signed(key, canonical(mine.signed_part)))

    @cached_property
    def columns(self) -> tuple[Any, ...]:
        """Return the values of its row, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def published_row(self) -> tuple[Any, ...]:
        """Return its row as it is once the line is published."""
        return (*self.columns, True)

    @cached_property
    def verified(self) -> bool:
        """Return whether the signature fits the key that the line names."""
        return verified(self.key, self.signature, canonical(self.signed_part))


def hash_of(line: str) -> str:
    """Return the SHA-256 of a line without its end, in hex."""
    return hashlib.sha256(line.encode()).hexdigest()


@contextlib.contextmanager
def alone(place: Path, *, reading: bool = False) -> Generator[None]:
    """Hold the lock of the folder across processes: exclusive, or shared if ``reading``."""
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
    """Return all published anchors. Raises ``ValueError`` for a damaged file."""
    if not (place / FILE).exists():
        return []
    content = (place / FILE).read_bytes()
    if not content.endswith(b"\n"):
        raise ValueError("the last line is cut off")
    before = _last_read.get(place)
    known = before if before is not None and content.startswith(before.content) else _Read(b"", [])
    lines = [*known.lines, *map(_parsed, content[len(known.content) :].decode().splitlines())]
    _last_read[place] = _Read(content, lines)
    return [*lines]


class _Read(NamedTuple):
    """The content of a file as it was read last, and its lines. See Note [Lines are checked once]."""

    content: bytes
    lines: list[Anchored]


_last_read: dict[Path, _Read] = {}


def _parsed(line: str) -> Anchored:
    """Parse a line. Raises ``ValueError``."""
    record = json.loads(line)
    try:
        anchor = Anchored(**{field.name: record[field.name] for field in fields(Anchored)})
        if anchor.text == line:
            return anchor
    except (KeyError, TypeError, OverflowError):
        pass
    raise ValueError("a line is no anchor")


def append_line(place: Path, made: Anchored) -> None:
    """Append an anchor to the file; it is durable when this returns."""
    new = not (place / FILE).exists()
    with open(place / FILE, "a", encoding="utf-8", opener=private_opener) as lines:
        lines.write(made.text + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    if new:
        sync_folder(place)


def broken_line(lines: Sequence[Anchored], first_before: str = GENESIS) -> str | None:
    """Return the code of the first fault: a line that does not follow from the previous one or is not signed.

    Only a re-anchoring line may skip numbers or name another key. Return None if all lines hold.
    """
    sound = _last_sound.get(first_before, [])
    begin = len(sound) if sound and lines[: len(sound)] == sound else 0
    number, before, key = 0, first_before, ""
    if begin:
        number, before, key = sound[-1].line, sound[-1].hash, sound[-1].key
    for line in lines[begin:]:
        follows = line.line == number + 1 or (line.anew and line.line > number)
        if not follows or (line.before != before and (number or not line.anew)):
            return "anchor_file"
        if not line.verified:
            return "anchor_signature"
        if key not in {"", line.key} and not line.anew:
            return "anchor_key"
        number, before, key = line.line, line.hash, line.key
    _last_sound.clear()
    _last_sound[first_before] = [*lines]
    return None


_last_sound: dict[str, list[Anchored]] = {}
"""The lines that were found sound last, by the hash that the first one names. See Note [Lines are checked once]."""


def set_aside(place: Path, at: int) -> None:
    """Rename a damaged file, so that it can be examined and a new one begun."""
    (place / FILE).rename(place / f"anchors-damaged-{at}.jsonl")
