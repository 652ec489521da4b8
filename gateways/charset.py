"""Find the encoding of a text file, and the first byte that breaks it."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from gateways.problems import Problem, Unreadable

CHUNK = 1 << 16
SURE = 8
"""From this many non-ASCII characters on, a file that decodes as UTF-8 is UTF-8."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """The first byte that an encoding cannot read, its line, and the number of non-ASCII characters before it."""

    offset: int
    line: int
    letters: int


def encoding_of(path: Path, declared: str | None) -> str:
    """Return the codec that reads all of ``path``: the declared one, else UTF-8 (with or without BOM) or GB18030.

    A file that is UTF-8 but for a broken byte is refused, not read as GB18030. Raises ``Unreadable``.
    """
    first = codecs.lookup(declared or "utf-8").name.removesuffix("-sig")
    fault = _fault(path, first)
    if fault is None:
        return "utf-8-sig" if first == "utf-8" else first
    if declared or fault.letters >= SURE or _has_bom(path):
        raise _refusal(first, fault)
    other = _fault(path, "gb18030")
    if other is None:
        return "gb18030"
    raise _refusal(first, fault) if fault.offset >= other.offset else _refusal("gb18030", other)


def _refusal(encoding: str, fault: _Fault) -> Unreadable:
    params = {"encoding": encoding.upper(), "offset": fault.offset}
    return Unreadable(Problem(fault.line, None, "bad_file.wrong_encoding", params))


def _has_bom(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(3) == codecs.BOM_UTF8


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _fault(path: Path, encoding: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done, line, letters = 0, 1, 0
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                return _Fault(
                    offset=done - pending + error.start,
                    line=line + good.count("\n"),
                    letters=letters + _beyond_ascii(good),
                )
            done += len(chunk)
            line += text.count("\n")
            letters += _beyond_ascii(text)
            if not chunk:
                return None
