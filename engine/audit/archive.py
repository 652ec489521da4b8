"""The file that a backup is: one zip with a manifest, the rows, and the anchors as they stood."""

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from engine.ledger.chain import canonical
from statemachines.refused import Refused

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "closeloop.db"
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in the file. ``revision`` is the schema's; ``files`` has the SHA-256 of each.

    ``line`` and ``anchored`` are the number and the hash of the last anchor; 0 where there was none.
    """

    database: str
    revision: str
    made_at: int
    line: int = 0
    anchored: str = ""
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict[str, str])


class Packing:
    """A backup being written."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self.files: dict[str, str] = {}

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Add one file, block by block."""
        digest = hashlib.sha256()
        with self._packed.open(name, "w", force_zip64=True) as inside:
            for block in blocks:
                digest.update(block)
                inside.write(block)
        self.files[name] = digest.hexdigest()

    def add_file(self, name: str, path: Path) -> None:
        """Add a file of the disk."""
        with path.open("rb") as file:
            self.add(name, iter(lambda: file.read(BLOCK), b""))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest last, so that an archive that was cut off has none."""
        self._packed.writestr(MANIFEST, canonical(asdict(manifest)))


@contextlib.contextmanager
def packing(file: Path) -> Generator[Packing]:
    """Write a backup: whole under its name or not at all, readable by its owner alone.

    Raises ``Refused('backup_exists' | 'backup_unwritable')``.
    """
    if file.exists():
        raise Refused("backup_exists", file=str(file))
    unfinished = file.with_name(f"{file.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            yield Packing(packed)
        unfinished.rename(file)
    except OSError as error:
        raise Refused("backup_unwritable", file=str(file), why=type(error).__name__) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


class Packed:
    """A backup that is read."""

    def __init__(self, packed: zipfile.ZipFile, file: Path) -> None:
        self._packed, self._file = packed, file
        self.manifest = self._manifest()

    def _manifest(self) -> Manifest:
        try:
            fields = json.loads(self._packed.read(MANIFEST))
            manifest = Manifest(**fields)
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile):
            raise self.bad("manifest") from None
        if manifest.format != FORMAT:
            raise self.bad("format")
        return manifest

    def bad(self, what: str) -> Refused:
        """Return the refusal of a file that is no backup, or an incomplete one."""
        return Refused("bad_backup", file=str(self._file), what=what)

    def check(self) -> None:
        """Check that every file is as it was written, and that there is no other. Raises ``Refused('bad_backup')``."""
        if sorted(self._packed.namelist()) != sorted([*self.manifest.files, MANIFEST]):
            raise self.bad("files")
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
        """Write a file of the archive to the disk."""
        with to.open("wb") as out:
            for block in self.blocks(name):
                out.write(block)

    def names(self, folder: str) -> list[str]:
        """Return the files of a folder of the archive, in the order they were written."""
        return [name for name in self._packed.namelist() if name.startswith(f"{folder}/")]


@contextlib.contextmanager
def packed_in(file: Path) -> Generator[Packed]:
    """Read a backup. Raises ``Refused('bad_backup')``."""
    try:
        opened = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise Refused("bad_backup", file=str(file), what=type(error).__name__) from error
    with opened as packed:
        yield Packed(packed, file)


def document_of(manifest: Manifest) -> Mapping[str, Any]:
    """Return the manifest for programs."""
    return {name: value for name, value in asdict(manifest).items() if name != "files"}
