"""Finds out by its content what a file is, and refuses what may not be attached, with the reason (A10).

Note [Never a page]: no setting admits HTML, SVG or a program: they are not in ``TYPES``. A file that is two things at
once (a picture with a page behind it) is kept and served as the picture that it begins with, as a download that no
browser opens in place.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from statemachines.refused import Refused

TEXT = "text/plain"
_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/tiff": ("tif", "tiff"),
    "image/heif": ("heic", "heif"),
    "application/pdf": ("pdf",),
    TEXT: ("txt", "csv", "log"),
    f"{_OFFICE}.wordprocessingml.document": ("docx",),
    f"{_OFFICE}.spreadsheetml.sheet": ("xlsx",),
    "application/zip": ("zip",),
    "message/rfc822": ("eml",),
    "video/mp4": ("mp4", "m4v"),
    "audio/mpeg": ("mp3",),
    "audio/wav": ("wav",),
}
"""What can be attached at all, and the endings of names under which it is accepted. See Note [Never a page]."""
USUAL = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/heif", "application/pdf", TEXT)
"""What can be attached unless the settings say otherwise."""
ALIASES = {"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "image/heic": "image/heif"}
SCRIPT, MARKUP = b"#!", re.compile(rb"<(!doctype|html|svg|script|\?xml)", re.IGNORECASE)
BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""Control characters that no text holds; tab, line feed, form feed and carriage return are none of them."""
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings admit: types, bytes of one file, and files of one case."""

    types: tuple[str, ...] = USUAL
    bytes_each: int = 20 * 2**20
    per_case: int = 100


def checked_type(name: str, content: bytes, limits: Limits) -> str:
    """Return the type of a file that may be attached.

    Raises ``Refused('attachment_empty' | 'attachment_too_large' | 'attachment_type' | 'attachment_mismatch')``.
    """
    if not content:
        raise Refused("attachment_empty", name=name)
    if len(content) > limits.bytes_each:
        raise Refused("attachment_too_large", name=name, limit=limits.bytes_each)
    possible, ending = types_of(content), ending_of(name)
    allowed = [type_ for type_ in possible if type_ in limits.types]
    if not allowed:
        raise Refused("attachment_type", name=name, type=possible[0], allowed=list(limits.types))
    fitting = [type_ for type_ in allowed if ending in TYPES[type_]]
    if not fitting:
        raise Refused("attachment_mismatch", name=name, type=allowed[0], endings=list(TYPES[allowed[0]]))
    return fitting[0]


def ending_of(name: str) -> str:
    """Return what follows the last dot of a name, in small letters; empty if there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def types_of(content: bytes) -> list[str]:
    """Return what the content can be, most likely first; several for archives, of which documents are made, too."""
    if is_text(content):
        return [_kind_of_text(content)]
    return list(_matches(content)) or [UNKNOWN]


def is_text(content: bytes) -> bool:
    """Return whether the content is text: without control characters, in UTF-8 or GB 18030."""
    if BINARY.search(content):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _kind_of_text(content: bytes) -> str:
    """Tell text from what a browser or a shell would run, wherever the page begins."""
    if content.startswith(SCRIPT):
        return "text/x-shellscript"
    if MARKUP.search(content):
        return "image/svg+xml" if b"<svg" in content.lower() else "text/html"
    known = _matches(content)
    return next((type_ for type_ in known if type_ in {"message/rfc822", "application/pdf"}), TEXT)


def _matches(content: bytes) -> dict[str, None]:
    """Return the types whose signature the content bears, in the order of confidence."""
    import puremagic

    try:
        matches: list[Any] = puremagic.magic_string(content)  # pyright: ignore[reportUnknownMemberType]
    except (puremagic.PureError, ValueError):
        return {}
    best: float = max((match.confidence for match in matches), default=0)
    types: list[str] = [match.mime_type for match in matches if match.confidence == best and match.mime_type]
    return dict.fromkeys(ALIASES.get(type_, type_) for type_ in types)


@cache
def checked_types(setting: str) -> tuple[str, ...]:
    """Return the types that a setting names, separated by commas or blanks.

    Raises ``Refused('bad_attachment_types')``.
    """
    types = tuple(dict.fromkeys(setting.replace(",", " ").split()))
    unknown = [type_ for type_ in types if type_ not in TYPES]
    if unknown or not types:
        raise Refused("bad_attachment_types", unknown=unknown, known=list(TYPES))
    return types
