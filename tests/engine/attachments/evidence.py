"""Files that customers send, and who attaches them in tests."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

from PIL import Image

from engine.access.principal import Principal, PrincipalKind
from engine.actors import NewActor, add_actor, known_actor
from engine.attachments.attach import attach
from engine.attachments.content_types import Limits
from engine.attachments.upload import Upload, Uploaded
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import HANDLER, START

ADMINISTRATOR = "ada"
GPS = 0x8825
LIMITS = Limits()
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n\x00"
WAYBILL = "运单 YT2026030200017：外箱破损，客户拒收。\n".encode()


def principal_of(store: Store, handle: str = HANDLER) -> Principal:
    """Return somebody at the command line, who owns the store."""
    with store.looking() as tx:
        return Principal(known_actor(tx, handle), PrincipalKind.OWNER, "cli")


def person(store: Store, handle: str) -> Principal:
    """Return somebody who is logged in, and who reads what his roles let him read."""
    return replace(principal_of(store, handle), kind=PrincipalKind.PERSON, via="api")


def add_administrator(store: Store) -> str:
    """Add an administrator; return his handle."""
    with store.writing() as tx:
        add_actor(tx, NewActor(ADMINISTRATOR, (Role.ADMINISTRATOR,)))
    return ADMINISTRATOR


def photo(colour: str = "red", side: int = 600, *, located: bool = True) -> bytes:
    """Return a JPEG as a telephone makes it: with its maker, an orientation and a location."""
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif[0x0112] = 6
    if located:
        exif.get_ifd(GPS)[2] = (31.0, 14.0, 3.0)
    out = io.BytesIO()
    Image.new("RGB", (side, side // 2), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of few bytes that unpacks to so many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(b"\0" * min(width * height // 8 + height, 2**26), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def attach_files(store: Store, number: str, *files: tuple[str, bytes], by: str = HANDLER) -> list[Uploaded]:
    """Attach files to a case at ``START``; return them."""
    uploads = [Upload(name, content) for name, content in files]
    return attach(store, principal_of(store, by), number, uploads, LIMITS, START)[1]


def contents_in(store: Store) -> list[Path]:
    """Return the files that lie in the store's folder of attachments."""
    assert isinstance(store.attachments, Path)
    return sorted(file for file in store.attachments.rglob("*") if file.is_file())
