"""Read a text as bytes: its lines beyond ASCII, and the first byte that an encoding cannot read."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 16
SAMPLE = 1 << 14
"""The most that is weighed of the lines beyond ASCII, in bytes."""
HIGH = re.compile(rb"[\x80-\xff]")
"""A byte beyond ASCII."""

Source = Path | bytes
"""A file, or its bytes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first byte that an encoding cannot read, its line, and the number of non-ASCII characters before it."""

    offset: int
    line: int
    letters: int


def opened(source: Source) -> BinaryIO:
    """Return a handle that reads the bytes of a source."""
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def sample_of(source: Source) -> tuple[bytes, int, int]:
    """Return the first lines beyond ASCII, the number of the first of them, and the offset of its first such byte."""
    lines: list[bytes] = []
    first = place = size = 0
    for number, (offset, line) in enumerate(lines_of(source), 1):
        if match := HIGH.search(line):
            if not first:
                first, place = number, offset + match.start()
            lines.append(line[:SAMPLE])
            size += len(line)
            if size >= SAMPLE:
                break
    return b"\n".join(lines), first, place


def lines_of(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and content of each line; a line ends by LF, CR LF or CR."""
    offset = 0
    with opened(source) as handle:
        while line := handle.readline(1 << 22):
            for part in line.rstrip(b"\r\n").split(b"\r"):
                yield offset, part
                offset += len(part) + 1
            offset = handle.tell()


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def first_fault(source: Source, encoding: str) -> Fault | None:
    """Return the first byte that an encoding cannot read; None where it reads the whole source."""
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict")
    done, line, letters = 0, 1, 0
    with opened(source) as handle:
        while True:
            chunk = handle.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                return Fault(
                    offset=done - pending + error.start,
                    line=line + _ends(good),
                    letters=letters + _beyond_ascii(good),
                )
            done += len(chunk)
            line += _ends(text)
            letters += _beyond_ascii(text)
            if not chunk:
                return None


def _ends(text: str) -> int:
    """Return the number of line ends, those of the old Macintosh (CR alone) included."""
    return text.count("\n") or text.count("\r")
