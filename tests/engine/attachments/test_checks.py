"""What may be attached is decided by content; names are made safe; pictures that are bombs harm nobody (A10)."""

import io
import unicodedata
import zipfile

import pytest
from PIL import Image

from engine.attachments.content_types import TYPES, USUAL, Limits, checked_type, checked_types, types_of
from engine.attachments.file_names import safe_name
from engine.attachments.thumbnail_process import PIXELS, SIDE
from engine.attachments.thumbnails import thumbnail_of
from statemachines.refused import Refused
from tests.case_actions import refusal
from tests.engine.attachments.evidence import GPS, PDF, WAYBILL, photo, png_that_claims

pytestmark = pytest.mark.requirement("A10")

PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
PROGRAM = b"MZ\x90\x00" + bytes(100)


def picture(sort: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "blue").save(out, sort)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "type_"),
    [
        ("a.jpg", picture("JPEG"), "image/jpeg"),
        ("a.JPEG", picture("JPEG"), "image/jpeg"),
        ("a.png", picture("PNG"), "image/png"),
        ("a.webp", picture("WEBP"), "image/webp"),
        ("a.gif", picture("GIF"), "image/gif"),
        ("a.tif", picture("TIFF"), "image/tiff"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(100), "image/heif"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.txt", WAYBILL, "text/plain"),
        ("a.csv", WAYBILL.decode().encode("gb18030"), "text/plain"),
        ("BM.txt", b"BM is what a bitmap begins with", "text/plain"),
    ],
)
def test_usual_evidence_is_admitted(name: str, content: bytes, type_: str):
    assert checked_type(name, content, Limits()) == type_


@pytest.mark.parametrize(
    ("name", "content", "code", "type_"),
    [
        ("a.html", PAGE, "attachment_type", "text/html"),
        ("a.txt", b"\n\n  hello " + PAGE, "attachment_type", "text/html"),
        ("a.svg", b"<?xml version='1.0'?><svg xmlns='x'><script/></svg>", "attachment_type", "image/svg+xml"),
        ("a.jpg", b"<svg onload='alert(1)'/>", "attachment_type", "image/svg+xml"),
        ("a.exe", PROGRAM, "attachment_type", "application/vnd.microsoft.portable-executable"),
        ("a.pdf", PROGRAM, "attachment_type", "application/vnd.microsoft.portable-executable"),
        ("a.txt", b"#!/bin/sh\nrm -rf /\n", "attachment_type", "text/x-shellscript"),
        ("a.zip", archive(), "attachment_type", None),
        ("a.bin", bytes(range(256)), "attachment_type", None),
        ("a.png", picture("JPEG"), "attachment_mismatch", "image/jpeg"),
        ("a.html", picture("JPEG") + PAGE, "attachment_mismatch", "image/jpeg"),
        ("a.html", b"GIF89a/*<html>*/=1;\x00" + PAGE, "attachment_mismatch", "image/gif"),
        ("a.pdf.exe", PDF, "attachment_mismatch", "application/pdf"),
        ("a", PDF, "attachment_mismatch", "application/pdf"),
        ("a.txt", b"", "attachment_empty", None),
    ],
)
def test_what_could_run_or_is_not_what_it_says_is_refused(name: str, content: bytes, code: str, type_: str | None):
    refused = refusal(lambda: checked_type(name, content, Limits()))
    assert refused.code == code
    if type_ is not None:
        assert refused.params["type"] == type_


def test_a_picture_with_a_page_behind_it_is_the_picture():
    assert types_of(picture("JPEG") + PAGE) == ["image/jpeg"]
    assert checked_type("a.jpg", picture("JPEG") + archive(), Limits()) == "image/jpeg"


def test_the_settings_admit_archives_and_documents_but_never_a_page():
    admitted = Limits(types=checked_types("application/zip image/png"))
    assert checked_type("a.zip", archive(), admitted) == "application/zip"
    assert refusal(lambda: checked_type("a.pdf", PDF, admitted)).code == "attachment_type"
    for never in ("text/html", "image/svg+xml", "application/x-sh", ""):
        assert refusal(lambda never=never: checked_types(never)).code == "bad_attachment_types"
    assert set(USUAL) <= set(TYPES)


def test_the_limit_of_size_is_included():
    assert checked_type("a.txt", b"a" * 10, Limits(bytes_each=10)) == "text/plain"
    assert refusal(lambda: checked_type("a.txt", b"a" * 11, Limits(bytes_each=10))).code == "attachment_too_large"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("破损照片.jpg", "破损照片.jpg"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\lee\\photo.jpg", "photo.jpg"),
        ("/abs/photo.jpg", "photo.jpg"),
        ("a\r\nSet-Cookie: x=1.jpg", "a Set-Cookie_ x=1.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("ph\u200boto\ufeff.jpg", "photo.jpg"),
        ("a\0b.jpg", "a_b.jpg"),
        ("  . .photo.jpg. ", "photo.jpg"),
        ('<a href="x">.jpg', "_a href=_x__.jpg"),
        ("", "attachment"),
        ("..", "attachment"),
        (".jpg", "attachment.jpg"),
        ("\ud800.jpg", "_.jpg"),
        ("e\u0301.jpg", "\u00e9.jpg"),
    ],
)
def test_a_name_is_made_safe(given: str, name: str):
    assert safe_name(given) == name


@pytest.mark.parametrize("stem", ["a" * 300, "破" * 300, "👩‍🚀" * 100, "." * 300 + "b"])
def test_a_long_name_keeps_its_ending(stem: str):
    name = safe_name(f"{stem}.jpeg")
    assert name.endswith(".jpeg")
    assert len(name) <= 120
    assert len(name.encode()) <= 240
    assert safe_name(name) == name == unicodedata.normalize("NFC", name)


def test_a_thumbnail_is_upright_and_small_and_bears_neither_maker_nor_place():
    content = photo(side=1200)
    with Image.open(io.BytesIO(content)) as original:
        assert original.getexif().get_ifd(GPS), "the photo of the test must have a location"
    small = thumbnail_of("image/jpeg", content)
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert (max(image.size), image.width < image.height) == (SIDE, True), "turned as the telephone was held"
        assert (dict(image.getexif()), image.info.get("icc_profile")) == ({}, None)
    assert b"Maker of cameras" in content
    assert b"Maker of cameras" not in small


@pytest.mark.parametrize("sort", ["PNG", "WEBP", "GIF", "TIFF"])
def test_every_sort_of_picture_has_a_thumbnail(sort: str):
    assert thumbnail_of(f"image/{sort.lower()}", picture(sort)) is not None


@pytest.mark.parametrize(
    "content",
    [
        png_that_claims(50_000, 50_000),
        png_that_claims(PIXELS, 2),
        png_that_claims(2**31 - 1, 1),
        photo()[:500],
        b"\xff\xd8\xff" + bytes(1000),
        PAGE,
    ],
    ids=["gigapixels", "wide", "line", "cut_off", "no_picture", "page"],
)
def test_a_bomb_and_a_damaged_picture_have_no_thumbnail(content: bytes):
    assert thumbnail_of("image/png", content) is None


def test_what_is_no_picture_is_not_opened():
    assert thumbnail_of("application/pdf", picture("PNG")) is None


def test_a_refusal_is_a_value():
    with pytest.raises(Refused):
        checked_type("a.txt", b"", Limits())
