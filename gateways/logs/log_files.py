"""Open a log file: unpack gzip to a temporary file within limits; and the records that every reader yields."""

import gzip
import tempfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gateways.cells import Cell
from gateways.problems import Problem, Unreadable, excerpt
from gateways.regular_files import check_regular

UNPACKED_LIMIT = 4_000_000_000
"""The most that a log may hold unpacked, in bytes."""
RATIO_LIMIT = 250
"""The most that a packed log may grow; logs of real systems grow ten to a hundred times."""
RATIO_FROM = 128_000_000
"""Up to this size, in bytes, a log may grow by any ratio: a small one of equal events is no bomb."""

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


class Record(NamedTuple):
    """An event, or a whole case in a log of wide rows, not yet interpreted by a mapping.

    ``place`` is its row in a table, or its number among the events of another log, from 1. ``of_case`` holds the
    attributes that the log gives to the case.
    """

    place: int
    cells: Mapping[str, Cell]
    of_case: Mapping[str, str]


Records = Iterator[Record | Problem]
"""A ``Problem`` stands for an event that cannot be read. A file that cannot be read on raises ``Unreadable``."""

NO_ATTRIBUTES: Mapping[str, str] = {}


def refused(code: str, path: Path, **params: str | int) -> Unreadable:
    """Return the refusal of a whole file."""
    return Unreadable(Problem(None, None, code, {"file": excerpt(path.name), **params}))


def kind_of(path: Path) -> str:
    """Return the extension that names the format, in small letters, without ``.gz``."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


@contextmanager
def unpacked(path: Path) -> Generator[Path]:
    """Yield the file itself, or its unpacked content if its first bytes are those of gzip. Raises ``Unreadable``."""
    try:
        check_regular(path, UNPACKED_LIMIT)
    except FileNotFoundError:
        raise refused("bad_file.missing_file", path) from None
    with path.open("rb") as handle:
        packed = handle.read(2) == _GZIP
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="closeloop-log-") as folder:
        plain = Path(folder) / (path.stem if path.suffix.lower() == ".gz" else path.name)
        with plain.open("wb") as target:
            _unpack(path, target)
        yield plain


def _unpack(path: Path, target: BinaryIO) -> None:
    packed_size = path.stat().st_size
    size = 0
    try:
        with gzip.open(path) as source:
            while piece := source.read(_CHUNK):
                size += len(piece)
                if size > UNPACKED_LIMIT or (size > RATIO_FROM and size > RATIO_LIMIT * packed_size):
                    megabytes = UNPACKED_LIMIT // 1_000_000
                    raise refused("bad_log.gzip_bomb", path, megabytes=megabytes, ratio=RATIO_LIMIT)
                target.write(piece)
    except EOFError as error:
        raise refused("bad_log.cut_off", path) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise refused("bad_log.broken_gzip", path) from error
