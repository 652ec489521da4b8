"""Find the encoding of a text by evidence, or refuse it with the candidates; and find the first byte that breaks it.

The order: a byte order mark, the declaration, UTF-8 and UTF-16, which are recognised by their form, then the encoding
whose reading consists of common characters (`charset_evidence`). What is not sure is refused, never guessed.
"""

import codecs
from dataclasses import dataclass
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path

from gateways.charset_bytes import Source, first_fault, opened, sample_of
from gateways.charset_evidence import decodes, is_plausible, known_letters, likeliest
from gateways.charset_refusals import (
    name_of,
    refuse_binary,
    refuse_contradiction,
    refuse_doubly_encoded,
    refuse_mixture,
    refuse_shifted,
    unsure_encoding,
    utf_16_of,
    wrong_encoding,
)
from gateways.problems import FileNote, Problem, Unreadable, excerpt
from gateways.regular_files import TEXT_FILE_LIMIT, check_regular

SURE = 8
"""From this many non-ASCII characters on, a file that decodes as UTF-8 is UTF-8."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "koi8-r": "koi8_r",
}
"""The codec that is meant by the name of a smaller encoding, which it holds whole, or by another name."""


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


def encoding_note(encoding: Encoding) -> FileNote:
    """Return the remark that names the encoding and how sure it is."""
    declared = encoding.basis is Basis.DECLARED
    code = "file_note.encoding_declared" if declared else "file_note.encoding_sure"
    return FileNote(code, {"encoding": encoding.name})


def encoding_of(source: Source, declared: str | None) -> Encoding:
    """Return the encoding that reads all of ``source``, a file or its bytes. Raises ``Unreadable``."""
    with opened(source) as handle:
        head = handle.read(4)
    mark = next((codec for mark, codec in _BOMS if head.startswith(mark)), None)
    if mark is not None:
        if declared is not None and not _agree(declared, mark):
            params = {"encoding": excerpt(declared), "mark": name_of(mark)}
            raise Unreadable(Problem(1, None, "bad_file.other_mark", params))
        return _checked(source, Encoding(mark, Basis.MARK))
    refuse_binary(head)
    if declared is not None:
        encoding = _checked(source, Encoding(_codec_of(declared, source), Basis.DECLARED))
        refuse_contradiction(source, encoding.codec, declared)
        return encoding
    wide = utf_16_of(source)
    return _checked(source, Encoding(wide, Basis.FORM)) if wide else _by_form_or_characters(source)


def read_text(source: Source, declared: str | None = None) -> tuple[str, Encoding]:
    """Return the text of a file or of bytes, its lines ended by LF, and its encoding.

    Raises ``Unreadable``, and ``OSError``.
    """
    if isinstance(source, Path):
        check_regular(source, TEXT_FILE_LIMIT)
    encoding = encoding_of(source, declared)
    with TextIOWrapper(opened(source), encoding.codec) as handle:
        return handle.read(), encoding


def _agree(declared: str, mark: str) -> bool:
    """Return whether a declaration names the encoding of the byte order mark."""
    return codecs.lookup(declared).name.removesuffix("-sig").startswith(mark.removesuffix("-sig"))


def _codec_of(declared: str, source: Source) -> str:
    """Return the codec of a declared encoding; UTF-16 without a mark has the byte order of its ASCII characters."""
    codec = codecs.lookup(declared).name
    codec = _SUPERSETS.get(codec, codec)
    return (utf_16_of(source) or "utf-16-le") if codec == "utf-16" else codec


def _checked(source: Source, encoding: Encoding) -> Encoding:
    fault = first_fault(source, encoding.codec)
    if fault is not None:
        raise wrong_encoding(encoding.codec, fault)
    return encoding


def _by_form_or_characters(source: Source) -> Encoding:
    fault = first_fault(source, "utf-8")
    if fault is None:
        return _unicode(source)
    if fault.letters >= SURE:
        raise wrong_encoding("utf-8", fault)
    sample, _, _ = sample_of(source)
    text = sample.decode("utf-8", "replace")
    if 0 < text.count("\ufffd") <= sum("\u0800" <= character != "\ufffd" for character in text):
        raise wrong_encoding("utf-8", fault)
    best, candidates, sure = likeliest(sample)
    if not sure:
        readable = is_plausible(best) or decodes(sample)
        raise unsure_encoding(fault.line, fault.offset, candidates) if readable else wrong_encoding("utf-8", fault)
    encoding = _checked(source, Encoding(best.codec, Basis.CHARACTERS))
    refuse_mixture(source, best.codec)
    return encoding


def _unicode(source: Source) -> Encoding:
    """Return UTF-8 for a text that decodes as such, unless only by chance."""
    sample, line, offset = sample_of(source)
    if not sample:
        refuse_shifted(source)
        return Encoding("utf-8-sig", Basis.ASCII)
    letters = [character for character in sample.decode("utf-8", "ignore") if not character.isascii()]
    if len(letters) < SURE and all(letter < "\u0800" and letter not in known_letters() for letter in letters):
        _, candidates, _ = likeliest(sample)
        raise unsure_encoding(line, offset, ["utf-8", *candidates])
    refuse_doubly_encoded(sample, line)
    return Encoding("utf-8-sig", Basis.FORM)
