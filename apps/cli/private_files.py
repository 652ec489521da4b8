"""Writes the files that commands make: complete or not at all, and for their owner alone."""

import contextlib
import gzip
import io
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, cast

from apps.safe_console import TerminalBytes
from statemachines.refused import Refused

BUFFER = 1 << 18


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read. Raises ``Refused('export_unwritable')``."""
    with opened(file) as target:
        target.write(content)


@contextlib.contextmanager
def opened(out: Path | None) -> Generator[BinaryIO]:
    """Open the target; without a name, standard output.

    A file gets its name only when it is complete, and only its owner may read it.
    Raises ``Refused('export_unwritable')``.
    """
    if out is None:
        target = TerminalBytes(sys.stdout) if sys.stdout.isatty() else sys.stdout.buffer
        yield cast(BinaryIO, target)
        sys.stdout.flush()
        return
    replaces = out.is_file() or not out.exists()  # a device or a pipe is written to and not replaced
    part = out.with_name(f".{out.name}.part") if replaces else out
    try:
        with _private(part) as raw, _packed(raw, out.suffix) as target:
            yield target
        if replaces:
            part.replace(out)
    except OSError as error:
        raise Refused("export_unwritable", file=str(out), why=error.strerror) from None
    finally:
        if replaces:
            with contextlib.suppress(OSError):
                part.unlink()


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


@contextlib.contextmanager
def _packed(raw: BinaryIO, suffix: str) -> Generator[BinaryIO]:
    if suffix != ".gz":
        yield raw
        return
    packed = gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="")
    with packed, io.BufferedWriter(cast(io.RawIOBase, packed), BUFFER) as target:
        yield target
