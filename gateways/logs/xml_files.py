"""Open an XML log for the parser, which knows UTF-8 and single-byte encodings: others are decoded here."""

import codecs
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932"}
"""Encodings that writers declare while they use characters of a larger one that contains it."""
MULTIBYTE = frozenset({"gb18030", "big5hkscs", "big5", "cp932", "euc_jp", "euc_kr", "hz"})
_HEAD = 512


Readable = IO[Any]
"""What the parser reads from: bytes, or text that was decoded here."""


class _Decoded:
    """The text of a file without its declaration, which names an encoding that the parser does not know."""

    def __init__(self, handle: IO[bytes], encoding: str) -> None:
        self._reader = codecs.getreader(encoding)(handle)
        self._begun = False

    def read(self, size: int = -1, /) -> str:
        text = self._reader.read(size)
        if not self._begun:
            self._begun = True
            text = _DECLARATION.sub("", text, count=1) or " "
        return text


@contextmanager
def xml_source(path: Path) -> Generator[Readable]:
    """Yield the file as bytes, or as text where it declares a multi-byte encoding (GBK, Big5, Shift-JIS)."""
    with path.open("rb") as handle:
        declared = DECLARED.match(handle.read(_HEAD))
        handle.seek(0)
        encoding = _codec(declared[1].decode("ascii")) if declared else ""
        yield cast(Readable, _Decoded(handle, encoding)) if encoding in MULTIBYTE else handle


def _codec(name: str) -> str:
    """Return Python's name of the encoding to read with; empty for one that it does not know."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return ""
    return SUPERSETS.get(known, known)
