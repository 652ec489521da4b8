"""Reads the text of a PDF that reportlab wrote, string by string, without a further library."""

import base64
import re
import zlib

STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
SHOWN = re.compile(rb"\(((?:[^()\\]|\\.)*)\) Tj", re.DOTALL)
ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_text(content: bytes) -> str:
    """Return the strings of all pages in the order in which they are drawn, joined without blanks."""
    assert content.startswith(b"%PDF")
    pages = (_unpacked(stream) for stream in STREAM.findall(content))
    return "".join(_decoded(string) for page in pages for string in SHOWN.findall(page))


def _unpacked(stream: bytes) -> bytes:
    return zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))


def _decoded(string: bytes) -> str:
    return ESCAPE.sub(_plain, string).decode("utf-16-be")


def _plain(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8)]) if len(code) == 3 else NAMED.get(code, code)
