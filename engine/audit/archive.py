"""The file that a backup is: one zip with a signed manifest, the rows, and the anchors as they stood."""

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.audit.scratch import scratch
from engine.databases import translated
from engine.durable_file import sync_folder
from engine.ledger.chain import canonical
from engine.ledger.signing import public_hex, signed, verified
from statemachines.refused import Refused

FORMAT = 2
FORMATS = frozenset({1, FORMAT})
"""What can be read: the first format has neither sizes nor a signature."""
MANIFEST, DATABASE = "manifest.json", "closeloop.db"
BLOCK = 1 << 20
MANIFEST_BYTES = 1 << 20
"""More than any manifest has: a few hundred bytes, and two lines for each table."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in the file. ``revision`` is the schema's; ``files`` has the SHA-256 of each, ``sizes`` its bytes.

    ``line`` and ``anchored`` are the number and the hash of the last anchor; 0 where there was none. ``signature``
    covers all else; ``key`` is the public key of the home that made it, empty if that had no private key.
    """

    database: str
    revision: str
    made_at: int
    line: int = 0
    anchored: str = ""
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict[str, str])
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    key: str = ""
    signature: str = ""

    def signed_by(self, key: Ed25519PrivateKey | None) -> "Manifest":
        """Return the manifest, signed with ``key`` if there is one."""
        if key is None:
            return self
        mine = replace(self, key=public_hex(key))
        return replace(mine, signature=signed(key, mine.signed_part))

    @property
    def verified(self) -> bool:
        """Return whether the signature fits the key that the manifest names."""
        return verified(self.key, self.signature, self.signed_part)

    @property
    def signed_part(self) -> str:
        """Return what the signature covers: every field but the signature, as canonical JSON."""
        return canonical({name: value for name, value in asdict(self).items() if name != "signature"})


class Packing:
    """A backup being written."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self.files: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Add one file, block by block."""
        digest, size = hashlib.sha256(), 0
        with self._packed.open(name, "w", force_zip64=True) as inside:
            for block in blocks:
                digest.update(block)
                size += len(block)
                inside.write(block)
        self.files[name], self.sizes[name] = digest.hexdigest(), size

    def add_file(self, name: str, path: Path) -> None:
        """Add a file of the disk."""
        with path.open("rb") as file:
            self.add(name, iter(lambda: file.read(BLOCK), b""))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest last, so that an archive that was cut off has none."""
        self._packed.writestr(MANIFEST, canonical(asdict(manifest)))


@contextlib.contextmanager
def packing(file: Path, *, instead: bool = False) -> Generator[Packing]:
    """Write a backup: whole under its name or not at all, readable by its owner alone.

    It takes the place of an earlier file only if ``instead`` is set. What a killed process left there is removed.

    Raises ``Refused('backup_exists' | 'backup_unwritable' | 'disk_full')``.
    """
    try:
        if file.exists() and not instead:
            raise Refused("backup_exists", file=str(file))
        with scratch(file.parent) as aside:
            unfinished = aside / file.name
            with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out:
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
                    yield Packing(packed)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(file)
            sync_folder(file.parent)
    except OSError as error:
        ours = translated(error)
        if isinstance(ours, Refused):
            raise ours from error
        raise Refused("backup_unwritable", file=str(file), why=type(error).__name__) from error


class Packed:
    """A backup that is read."""

    def __init__(self, packed: zipfile.ZipFile, file: Path) -> None:
        self._packed, self._file = packed, file
        self.manifest = self._manifest()

    def _manifest(self) -> Manifest:
        try:
            if self._packed.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
                raise self.bad("manifest")
            fields = json.loads(self._packed.read(MANIFEST))
            manifest = Manifest(**fields)
        except (KeyError, ValueError, TypeError, RecursionError, zipfile.BadZipFile):
            raise self.bad("manifest") from None
        if manifest.format not in FORMATS:
            raise self.bad("format")
        return manifest

    def bad(self, what: str) -> Refused:
        """Return the refusal of a file that is no backup, or an incomplete one."""
        return Refused("bad_backup", file=str(self._file), what=what)

    @property
    def name(self) -> str:
        """Return the path of the archive."""
        return str(self._file)

    @property
    def sizes(self) -> dict[str, int]:
        """Return how many bytes each file of the archive has when it is unpacked."""
        return {info.filename: info.file_size for info in self._packed.infolist() if info.filename != MANIFEST}

    def check(self) -> None:
        """Check that every file is as it was written, and that there is no other. Raises ``Refused('bad_backup')``."""
        if sorted(self._packed.namelist()) != sorted([*self.manifest.files, MANIFEST]):
            raise self.bad("files")
        if self.manifest.format == FORMAT and self.sizes != self.manifest.sizes:
            raise self.bad("sizes")
        for name, expected in self.manifest.files.items():
            digest = hashlib.sha256()
            try:
                for block in self.blocks(name):
                    digest.update(block)
            except (KeyError, OSError, ValueError, zipfile.BadZipFile):
                raise self.bad(name) from None
            if digest.hexdigest() != expected:
                raise self.bad(name)

    def blocks(self, name: str) -> Iterable[bytes]:
        """Yield a file of the archive, block by block."""
        with self._packed.open(name) as inside:
            yield from self._of(inside)

    def _of(self, inside: IO[bytes]) -> Iterable[bytes]:
        yield from iter(lambda: inside.read(BLOCK), b"")

    def unpack(self, name: str, to: Path) -> None:
        """Write a file of the archive to the disk, for its owner alone; it is durable when this returns."""
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            for block in self.blocks(name):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())

    def names(self, folder: str) -> list[str]:
        """Return the files of a folder of the archive, in the order they were written."""
        return [name for name in self._packed.namelist() if name.startswith(f"{folder}/")]


@contextlib.contextmanager
def packed_in(file: Path) -> Generator[Packed]:
    """Read a backup. Raises ``Refused('bad_backup')``."""
    try:
        if file.exists() and not file.is_file():  # a pipe waits for ever, and a device never ends
            raise Refused("bad_backup", file=str(file), what="not a plain file")
        opened = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise Refused("bad_backup", file=str(file), what=type(error).__name__) from error
    with opened as packed:
        yield Packed(packed, file)


def document_of(manifest: Manifest) -> Mapping[str, Any]:
    """Return the manifest for programs."""
    return {name: value for name, value in asdict(manifest).items() if name not in {"files", "sizes"}}
