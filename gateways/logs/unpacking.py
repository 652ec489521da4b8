"""A log file as a plain one: what is packed (gzip) is unpacked beside, weighed while it grows, before it is read."""

import gzip
import tempfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateways.problems import Problem, Unreadable, excerpt

UNPACKED_LIMIT = 4_000_000_000
"""The most that a log may weigh unpacked, in bytes."""
RATIO_LIMIT = 250
"""The most that a packed log may grow; those of real systems grow ten to a hundred times."""
RATIO_FROM = 128_000_000
"""Up to this size a log may grow as it likes: a small one of equal events is no bomb."""

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


def refused(code: str, path: Path, **params: str | int) -> Unreadable:
    """The refusal of a whole file."""
    return Unreadable(Problem(None, None, code, {"file": excerpt(path.name), **params}))


def kind_of(path: Path) -> str:
    """The extension that says what the log is, in small letters, without the one that says it is packed."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


@contextmanager
def unpacked(path: Path) -> Generator[Path]:
    """The file itself, or what it holds where its first bytes say that it is packed. Raises ``Unreadable``."""
    if not path.exists():
        raise refused("bad_file.missing_file", path)
    if not path.is_file():
        raise refused("bad_file.not_a_file", path)
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
    weight = path.stat().st_size
    size = 0
    try:
        with gzip.open(path) as source:
            while piece := source.read(_CHUNK):
                size += len(piece)
                if size > UNPACKED_LIMIT or (size > RATIO_FROM and size > RATIO_LIMIT * weight):
                    megabytes = UNPACKED_LIMIT // 1_000_000
                    raise refused("bad_log.gzip_bomb", path, megabytes=megabytes, ratio=RATIO_LIMIT)
                target.write(piece)
    except EOFError as error:
        raise refused("bad_log.cut_off", path) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise refused("bad_log.broken_gzip", path) from error
