"""Makes a name that came with a file safe: one line without a path, without anything hidden, and not too long."""

import re
import unicodedata

from models.printable_text import printable_line, without_hidden

LONGEST = 120
"""The longest name that is kept, in characters; the ending stays."""
LONGEST_BYTES = 240
"""File systems admit 255 bytes."""
UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f\ud800-\udfff\ufffd]')
NAMELESS = "attachment"


def safe_name(given: str) -> str:
    """Return the last part of a path as a name under which the file can be written anywhere."""
    last = re.split(r"[/\\]", given.replace("\r", " ").replace("\n", " "))[-1]
    line = unicodedata.normalize("NFC", printable_line(without_hidden(last)))
    name = " ".join(UNSAFE.sub("_", line).split()).strip(". ")
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    if not dot and last.strip().startswith(".") and last.count(".") == 1:
        stem, dot, ending = NAMELESS, ".", name  # a name that is nothing but an ending
    ending = ending[:16]
    stem = stem[: LONGEST - len(ending) - len(dot)]
    while len(f"{stem}{dot}{ending}".encode()) > LONGEST_BYTES:
        stem = stem[:-1]
    return f"{stem.strip() or NAMELESS}{dot}{ending}"
