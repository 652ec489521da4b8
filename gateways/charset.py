"""Find the encoding of a text by evidence, or refuse it with the candidates; and find the first byte that breaks it.

The order: a byte order mark, the declaration, UTF-8 and UTF-16, which are recognised by their form, then the encoding
whose reading consists of common characters (`charset_evidence`). What is not sure is refused, never guessed.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from gateways.charset_evidence import decodes, is_plausible, known_letters, likeliest, other_encoding
from gateways.problems import FileNote, Problem, Unreadable, excerpt
from gateways.regular_files import TEXT_FILE_LIMIT, check_regular

CHUNK = 1 << 16
SURE = 8
"""From this many non-ASCII characters on, a file that decodes as UTF-8 is UTF-8."""
SAMPLE = 1 << 14
"""The most that is weighed of the lines beyond ASCII, in bytes."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_BINARY = {
    b"PK\x03\x04": "XLSX / ZIP",
    b"\xd0\xcf\x11\xe0": "XLS / DOC",
    b"\x1f\x8b": "GZIP",
    b"%PDF": "PDF",
    b"<htm": "HTML",
    b"<HTM": "HTML",
    b"<!DO": "HTML",
    b"<!do": "HTML",
    b"<tab": "HTML",
}
"""The first bytes of files that are no text, and their kinds."""
_NAMES = {
    "utf-8-sig": "utf-8",
    "big5hkscs": "big5",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "euc_jp": "euc-jp",
    "koi8_r": "koi8-r",
    "iso8859_5": "iso-8859-5",
    "mac_roman": "macintosh",
}
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "koi8-r": "koi8_r",
}
"""The codec that is meant by the name of a smaller encoding, which it holds whole, or by another name."""
_HIGH = re.compile(rb"[\x80-\xff]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_SHIFTED = {"iso2022_jp": re.compile(rb"\x1b\$[@B]"), "hz": re.compile(rb"~\{[!-w][!-~]")}
"""Encodings that write their characters with ASCII bytes, and how a run of them begins."""

Source = Path | bytes


class Basis(StrEnum):
    """The evidence for an encoding."""

    ASCII = "ascii"
    MARK = "mark"
    DECLARED = "declared"
    FORM = "form"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codec that reads a whole text, and the evidence for it."""

    codec: str
    basis: Basis

    @property
    def name(self) -> str:
        """Return the usual name of the encoding."""
        return name_of(self.codec)

    @property
    def certainty(self) -> str:
        """Return ``declared`` or ``sure``; what is neither is refused."""
        return "declared" if self.basis is Basis.DECLARED else "sure"


@dataclass(frozen=True, slots=True)
class _Fault:
    """The first byte that an encoding cannot read, its line, and the number of non-ASCII characters before it."""

    offset: int
    line: int
    letters: int


def name_of(codec: str) -> str:
    """Return the usual name of a codec's encoding."""
    return _NAMES.get(codec) or re.sub(r"^cp(?=12\d\d$)", "windows-", codec)


def encoding_note(encoding: Encoding) -> FileNote:
    """Return the remark that names the encoding and how sure it is."""
    declared = encoding.basis is Basis.DECLARED
    code = "file_note.encoding_declared" if declared else "file_note.encoding_sure"
    return FileNote(code, {"encoding": encoding.name})


def encoding_of(source: Source, declared: str | None) -> Encoding:
    """Return the encoding that reads all of ``source``, a file or its bytes. Raises ``Unreadable``."""
    with _opened(source) as handle:
        head = handle.read(4)
    mark = next((codec for mark, codec in _BOMS if head.startswith(mark)), None)
    if mark is not None:
        if declared is not None and not _agree(declared, mark):
            params = {"encoding": excerpt(declared), "mark": name_of(mark)}
            raise Unreadable(Problem(1, None, "bad_file.other_mark", params))
        return _checked(source, Encoding(mark, Basis.MARK))
    _refuse_binary(head)
    if declared is not None:
        encoding = _checked(source, Encoding(_codec_of(declared, source), Basis.DECLARED))
        _refuse_contradiction(source, encoding.codec, declared)
        return encoding
    wide = _wide(source)
    return _checked(source, Encoding(wide, Basis.FORM)) if wide else _by_form_or_characters(source)


def read_text(source: Source, declared: str | None = None) -> tuple[str, Encoding]:
    """Return the text of a file or of bytes, its lines ended by LF, and its encoding.

    Raises ``Unreadable``, and ``OSError``.
    """
    if isinstance(source, Path):
        check_regular(source, TEXT_FILE_LIMIT)
    encoding = encoding_of(source, declared)
    with TextIOWrapper(_opened(source), encoding.codec) as handle:
        return handle.read(), encoding


def _opened(source: Source) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _agree(declared: str, mark: str) -> bool:
    """Return whether a declaration names the encoding of the byte order mark."""
    return codecs.lookup(declared).name.removesuffix("-sig").startswith(mark.removesuffix("-sig"))


def _codec_of(declared: str, source: Source) -> str:
    """Return the codec of a declared encoding; UTF-16 without a mark has the byte order of its ASCII characters."""
    codec = codecs.lookup(declared).name
    codec = _SUPERSETS.get(codec, codec)
    return (_wide(source) or "utf-16-le") if codec == "utf-16" else codec


def _checked(source: Source, encoding: Encoding) -> Encoding:
    fault = _fault(source, encoding.codec)
    if fault is not None:
        raise _refusal(encoding.codec, fault)
    return encoding


def _refuse_binary(head: bytes) -> None:
    """Raise ``Unreadable`` for a file whose first bytes are those of a workbook, an archive or a PDF."""
    kind = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
    if kind is not None:
        raise Unreadable(Problem(None, None, "bad_file.not_a_text", {"kind": kind}))


def _refuse_contradiction(source: Source, codec: str, declared: str) -> None:
    """Raise ``Unreadable`` if the text is plainly in another encoding than the declared one."""
    sample, line, _ = _sample(source)
    other = None
    if codec.startswith(("utf-16", "utf-32")):
        other = "utf-8" if _wide(source) is None and _fault(source, "utf-8") is None else None
    elif sample and codec not in {"utf-8", "utf-8-sig"}:
        other = "utf-8" if _is_utf_8(sample) else other_encoding(sample, codec)
    if other is not None:
        params = {"encoding": excerpt(declared), "other": name_of(other)}
        raise Unreadable(Problem(line or 1, None, "bad_file.contradicted_encoding", params))


def _is_utf_8(content: bytes) -> bool:
    """Return whether the content is UTF-8 not only by chance."""
    try:
        wide = [character for character in content.decode("utf-8") if character >= "\u0800"]
    except UnicodeDecodeError:
        return False
    return len(wide) >= 2


def _wide(source: Source) -> str | None:
    """Return UTF-16 with its byte order if the high bytes of its ASCII characters show it, else None."""
    with _opened(source) as handle:
        sample = handle.read(SAMPLE)
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if most * 20 < len(sample) // 2 or most < 2 or least:
        return None
    codec = "utf-16-be" if even > odd else "utf-16-le"
    text = sample[: len(sample) // 2 * 2].decode(codec, "ignore")
    return None if _NO_TEXT.search(text) else codec


def _by_form_or_characters(source: Source) -> Encoding:
    fault = _fault(source, "utf-8")
    if fault is None:
        return _unicode(source)
    if fault.letters >= SURE:
        raise _refusal("utf-8", fault)
    sample, _, _ = _sample(source)
    text = sample.decode("utf-8", "replace")
    if 0 < text.count("\ufffd") <= sum("\u0800" <= character != "\ufffd" for character in text):
        raise _refusal("utf-8", fault)
    best, candidates, sure = likeliest(sample)
    if not sure:
        readable = is_plausible(best) or decodes(sample)
        raise _unsure(fault.line, fault.offset, candidates) if readable else _refusal("utf-8", fault)
    encoding = _checked(source, Encoding(best.codec, Basis.CHARACTERS))
    _refuse_mixture(source, best.codec)
    return encoding


def _unicode(source: Source) -> Encoding:
    """Return UTF-8 for a text that decodes as such, unless only by chance."""
    sample, line, offset = _sample(source)
    if not sample:
        _refuse_shifted(source)
        return Encoding("utf-8-sig", Basis.ASCII)
    letters = [character for character in sample.decode("utf-8", "ignore") if not character.isascii()]
    if len(letters) < SURE and all(letter < "\u0800" and letter not in known_letters() for letter in letters):
        _, candidates, _ = likeliest(sample)
        raise _unsure(line, offset, ["utf-8", *candidates])
    _refuse_doubly_encoded(sample, line)
    return Encoding("utf-8-sig", Basis.FORM)


def _refuse_doubly_encoded(sample: bytes, first: int) -> None:
    """Raise ``Unreadable`` for UTF-8 that a program took for Windows-1252 and encoded again: 王 became çŽ‹."""
    for line in sample.split(b"\n"):
        inner = _as_western_bytes(line.decode("utf-8", "ignore"))
        if inner is not None and _is_utf_8(inner):
            raise Unreadable(Problem(first, None, "bad_file.doubly_encoded"))


def _as_western_bytes(text: str) -> bytes | None:
    """Return the bytes that Windows-1252 shows as this text; None where it cannot show it."""
    try:
        return b"".join(
            character.encode("latin-1" if "\x80" <= character <= "\x9f" else "cp1252") for character in text
        )
    except UnicodeEncodeError:
        return None


def _refuse_shifted(source: Source) -> None:
    for number, (offset, line) in enumerate(_lines(source), 1):
        for codec, begins in _SHIFTED.items():
            if match := begins.search(line):
                raise _unsure(number, offset + match.start(), [codec, "utf-8"])


def _refuse_mixture(source: Source, codec: str) -> None:
    """Raise ``Unreadable`` at the first line that is plainly in another encoding than the rest."""
    for number, (_, line) in enumerate(_lines(source), 1):
        if not _HIGH.search(line):
            continue
        other = _other_encoding(line, codec)
        if other is not None:
            params = {"encoding": name_of(codec), "other": name_of(other)}
            raise Unreadable(Problem(number, None, "bad_file.mixed_encodings", params))


def _other_encoding(line: bytes, codec: str) -> str | None:
    return "utf-8" if _is_utf_8(line) else other_encoding(line, codec)


def _sample(source: Source) -> tuple[bytes, int, int]:
    """Return the first lines beyond ASCII, the number of the first of them, and the offset of its first such byte."""
    lines: list[bytes] = []
    first = place = size = 0
    for number, (offset, line) in enumerate(_lines(source), 1):
        if match := _HIGH.search(line):
            if not first:
                first, place = number, offset + match.start()
            lines.append(line[:SAMPLE])
            size += len(line)
            if size >= SAMPLE:
                break
    return b"\n".join(lines), first, place


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and content of each line; a line ends by LF, CR LF or CR."""
    offset = 0
    with _opened(source) as handle:
        while line := handle.readline(1 << 22):
            for part in line.rstrip(b"\r\n").split(b"\r"):
                yield offset, part
                offset += len(part) + 1
            offset = handle.tell()


def _refusal(codec: str, fault: _Fault) -> Unreadable:
    params = {"encoding": name_of(codec).upper(), "offset": fault.offset}
    return Unreadable(Problem(fault.line, None, "bad_file.wrong_encoding", params))


def _unsure(line: int, offset: int, candidates: list[str]) -> Unreadable:
    named = ", ".join(dict.fromkeys(map(name_of, candidates)))
    return Unreadable(Problem(line, None, "bad_file.unsure_encoding", {"offset": offset, "candidates": named}))


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _fault(source: Source, encoding: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict")
    done, line, letters = 0, 1, 0
    with _opened(source) as handle:
        while True:
            chunk = handle.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                return _Fault(
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
