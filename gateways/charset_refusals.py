"""Refuse a text whose encoding cannot be told, or that is not what it seems: binary, mixed, or encoded twice."""

import re

from gateways.charset_bytes import HIGH, SAMPLE, Fault, Source, first_fault, lines_of, opened, sample_of
from gateways.charset_evidence import other_encoding
from gateways.problems import Problem, Unreadable, excerpt

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
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_SHIFTED = {"iso2022_jp": re.compile(rb"\x1b\$[@B]"), "hz": re.compile(rb"~\{[!-w][!-~]")}
"""Encodings that write their characters with ASCII bytes, and how a run of them begins."""


def name_of(codec: str) -> str:
    """Return the usual name of a codec's encoding."""
    return _NAMES.get(codec) or re.sub(r"^cp(?=12\d\d$)", "windows-", codec)


def refuse_binary(head: bytes) -> None:
    """Raise ``Unreadable`` for a file whose first bytes are those of a workbook, an archive or a PDF."""
    kind = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
    if kind is not None:
        raise Unreadable(Problem(None, None, "bad_file.not_a_text", {"kind": kind}))


def refuse_contradiction(source: Source, codec: str, declared: str) -> None:
    """Raise ``Unreadable`` if the text is plainly in another encoding than the declared one."""
    sample, line, _ = sample_of(source)
    other = None
    if codec.startswith(("utf-16", "utf-32")):
        other = "utf-8" if utf_16_of(source) is None and first_fault(source, "utf-8") is None else None
    elif sample and codec not in {"utf-8", "utf-8-sig"}:
        other = "utf-8" if is_utf_8(sample) else other_encoding(sample, codec)
    if other is not None:
        params = {"encoding": excerpt(declared), "other": name_of(other)}
        raise Unreadable(Problem(line or 1, None, "bad_file.contradicted_encoding", params))


def is_utf_8(content: bytes) -> bool:
    """Return whether the content is UTF-8 not only by chance."""
    try:
        wide = [character for character in content.decode("utf-8") if character >= "\u0800"]
    except UnicodeDecodeError:
        return False
    return len(wide) >= 2


def utf_16_of(source: Source) -> str | None:
    """Return UTF-16 with its byte order if the high bytes of its ASCII characters show it, else None."""
    with opened(source) as handle:
        sample = handle.read(SAMPLE)
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if most * 20 < len(sample) // 2 or most < 2 or least:
        return None
    codec = "utf-16-be" if even > odd else "utf-16-le"
    text = sample[: len(sample) // 2 * 2].decode(codec, "ignore")
    return None if _NO_TEXT.search(text) else codec


def refuse_doubly_encoded(sample: bytes, first: int) -> None:
    """Raise ``Unreadable`` for UTF-8 that a program took for Windows-1252 and encoded again: 王 became çŽ‹."""
    for line in sample.split(b"\n"):
        inner = _as_western_bytes(line.decode("utf-8", "ignore"))
        if inner is not None and is_utf_8(inner):
            raise Unreadable(Problem(first, None, "bad_file.doubly_encoded"))


def _as_western_bytes(text: str) -> bytes | None:
    """Return the bytes that Windows-1252 shows as this text; None where it cannot show it."""
    try:
        return b"".join(
            character.encode("latin-1" if "\x80" <= character <= "\x9f" else "cp1252") for character in text
        )
    except UnicodeEncodeError:
        return None


def refuse_shifted(source: Source) -> None:
    """Raise ``Unreadable`` where characters are written with ASCII bytes, as ISO-2022-JP and HZ do."""
    for number, (offset, line) in enumerate(lines_of(source), 1):
        for codec, begins in _SHIFTED.items():
            if match := begins.search(line):
                raise unsure_encoding(number, offset + match.start(), [codec, "utf-8"])


def refuse_mixture(source: Source, codec: str) -> None:
    """Raise ``Unreadable`` at the first line that is plainly in another encoding than the rest."""
    for number, (_, line) in enumerate(lines_of(source), 1):
        if not HIGH.search(line):
            continue
        other = _other_encoding(line, codec)
        if other is not None:
            params = {"encoding": name_of(codec), "other": name_of(other)}
            raise Unreadable(Problem(number, None, "bad_file.mixed_encodings", params))


def _other_encoding(line: bytes, codec: str) -> str | None:
    return "utf-8" if is_utf_8(line) else other_encoding(line, codec)


def wrong_encoding(codec: str, fault: Fault) -> Unreadable:
    """Return the refusal of a text that its encoding cannot read."""
    params = {"encoding": name_of(codec).upper(), "offset": fault.offset}
    return Unreadable(Problem(fault.line, None, "bad_file.wrong_encoding", params))


def unsure_encoding(line: int, offset: int, candidates: list[str]) -> Unreadable:
    """Return the refusal of a text that several encodings may have written."""
    named = ", ".join(dict.fromkeys(map(name_of, candidates)))
    return Unreadable(Problem(line, None, "bad_file.unsure_encoding", {"offset": offset, "candidates": named}))
