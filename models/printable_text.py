"""Make text from outside safe to print: no terminal escape, no reversed direction, nothing hidden between letters.

A control character may move the cursor, recolour the screen or set its title; a direction override (U+202E) shows
``txt.exe`` as ``exe.txt``; a zero-width character makes two names that look the same. The store keeps the statements as
they were written. Whatever prints them, on a terminal, in a letter, a log or a page, calls ``printable`` first; JSON is
escaped by ``escaped_in_json``, which loses nothing.
"""

import re

REPLACEMENT = "\ufffd"

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
"""C0 without tab and line feed, DEL, C1, the line separators, halves of surrogate pairs, non-characters."""
_HIDDEN = "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
"""Direction marks and overrides, zero-width characters, tags."""
_JOINER = "(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])|[\u200c\u200d]{2,}"
"""A joiner is part of an emoji or of a Persian word; beside ASCII it only hides."""
_LINE_END = re.compile("\r\n?")
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")
_INVISIBLE = re.compile(f"[{_HIDDEN}]|{_JOINER}")
_UNSAFE = re.compile(f"[{_CONTROL}{_HIDDEN}]|{_JOINER}")
_UNSAFE_IN_LINE = re.compile(f"[\t\n{_CONTROL}{_HIDDEN}]|{_JOINER}")


def printable(text: str) -> str:
    """Return the text with U+FFFD for each control character and without hidden ones; tabs and line feeds stay."""
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(REPLACEMENT, _INVISIBLE.sub("", _LINE_END.sub("\n", text)))


def printable_line(text: str) -> str:
    """Return the text as one printable line, as for the header of a mail or an entry of a log."""
    return text if text.isprintable() else " ".join(printable(text).split())


def without_hidden(text: str) -> str:
    """Return the text without direction marks, overrides and zero-width characters; an emoji keeps its joiners."""
    return text if text.isprintable() else _INVISIBLE.sub("", text)


def is_printable(text: str) -> bool:
    """Return whether a text of several lines holds no control character and nothing hidden."""
    return text.isprintable() or _UNSAFE.search(text) is None


def is_printable_line(text: str) -> bool:
    """Return whether a text is one line without control characters and without anything hidden."""
    return text.isprintable() or _UNSAFE_IN_LINE.search(text) is None


def escaped_in_json(document: str) -> str:
    r"""Return a JSON document with its unprintable and hidden characters as ``\uXXXX``: the same document to a parser.

    An encoder escapes the controls below U+0020 only.
    """
    return document if document.isprintable() else _UNSAFE.sub(_escape, document)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"\\u{unit:04x}" for character in match[0] for unit in _utf_16(character))


def _utf_16(character: str) -> tuple[int, ...]:
    code = ord(character)
    if code < 0x10000:
        return (code,)
    high, low = divmod(code - 0x10000, 0x400)
    return 0xD800 + high, 0xDC00 + low
