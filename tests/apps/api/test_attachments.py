"""Files are taken in, listed and handed out over HTTP; nothing of a name or a content reaches headers or pages."""

import re
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from apps.api.attachments import download_headers
from apps.api.schema import schema
from engine.attachments.content_types import TYPES
from engine.attachments.reading import OpenedAttachment
from engine.settings import Settings
from engine.store import Store
from tests.apps.api.conftest import client
from tests.case_actions import moves_of, new_case
from tests.engine.attachments.evidence import WAYBILL, contents_in, photo

pytestmark = [pytest.mark.requirement("A10"), pytest.mark.any_database]

CASES = "/api/v1/cases"
TEXT_PART = b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\ntext\r\n'
FILE_PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\ntext\r\n'
TEXT = ("waybill.txt", WAYBILL, "text/plain")


@pytest.fixture
def number(store: Store) -> str:
    return new_case(store)


def attached(api: TestClient, number: str, *files: tuple[str, bytes, str], **headers: str) -> list[str]:
    """Attach files; return their ids."""
    answer = api.post(f"{CASES}/{number}/attachments", files=[("files", file) for file in files], headers=headers)
    assert answer.status_code == 201, answer.text
    return [file["id"] for file in answer.json()["attachments"]]


def test_a_file_comes_back_as_a_download_that_nothing_opens_or_keeps(api: TestClient, number: str):
    content = photo()
    [id_] = attached(api, number, ("破损.jpg", content, "text/html"))
    answer = api.get(f"{CASES}/{number}/attachments/{id_}", headers={"Accept": "image/*"})
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "image/jpeg", "what was found by content, not what the caller said"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert unquote(disposition.partition("filename*=UTF-8''")[2]) == "破损.jpg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["cache-control"] == "private, no-store"
    small = api.get(f"{CASES}/{number}/attachments/{id_}/thumbnail")
    assert (small.headers["content-type"], small.content != content) == ("image/jpeg", True)


def documented_types(path: str) -> set[str]:
    route = schema()["paths"][f"{CASES}/{{number}}/attachments/{{attachment_id}}{path}"]
    return set(route["get"]["responses"]["200"]["content"])


def test_the_schema_names_every_type_in_which_a_file_can_come():
    """Found by requests that followed the links of the schema: a picture came where it promised bytes of no type."""
    assert documented_types("") == set(TYPES)
    assert documented_types("/thumbnail") == {"image/jpeg"}


def test_the_list_and_the_history_name_the_files(api: TestClient, number: str):
    [id_] = attached(api, number, TEXT)
    [file] = api.get(f"{CASES}/{number}/attachments").json()["attachments"]
    assert (file["id"], file["name"], file["seq"], file["type"]) == (id_, "waybill.txt", 2, "text/plain")
    assert id_ in api.get(f"{CASES}/{number}/history").text


def test_a_pending_file_is_named_by_a_move(api: TestClient, number: str, store: Store):
    answer = api.post(f"{CASES}/{number}/attachments", files=[("files", TEXT)], data={"pending": "true"})
    assert (answer.json()["moved"], moves_of(store, number)) == (None, ["open"])
    [file] = answer.json()["attachments"]
    note = {"note": "See there.", "attachments": file["id"]}
    assert api.post(f"{CASES}/{number}/moves/note", json=note).status_code == 200


def test_a_repeated_request_gets_the_same_answer(api: TestClient, number: str, store: Store):
    first, second = (attached(api, number, TEXT, **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first == second
    assert (moves_of(store, number), len(contents_in(store))) == (["open", "attach"], 1)
    other = ("waybill.txt", WAYBILL + b"!", "text/plain")
    answer = api.post(f"{CASES}/{number}/attachments", files=[("files", other)], headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (("a.html", b"<!DOCTYPE html><script>alert(1)</script>", "image/jpeg"), 415, "attachment_type"),
        (("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"), 415, "attachment_type"),
        (("a.png", photo(), "image/png"), 422, "attachment_mismatch"),
        (("a.txt", b"", "text/plain"), 422, "attachment_empty"),
    ],
)
def test_a_refused_file_is_a_problem_document(
    api: TestClient, number: str, store: Store, file: tuple[str, bytes, str], status: int, code: str
):
    answer = api.post(f"{CASES}/{number}/attachments", files=[("files", file)])
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert contents_in(store) == []


def test_a_body_that_is_too_large_is_refused_while_it_comes(settings: Settings, store: Store, number: str):
    with client(settings.model_copy(update={"attachment_bytes": 10})) as api:
        one = api.post(f"{CASES}/{number}/attachments", files=[("files", TEXT)])
        assert (one.status_code, one.json()["code"]) == (413, "attachment_too_large")
        sent = 0

        def endless():
            nonlocal sent
            yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
            while sent < 64:
                sent += 1
                yield b"a" * 2**18

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = api.post(f"{CASES}/{number}/attachments", content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{}", "application/json", 415, "media_type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "media_type"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400, "bad_upload"),
        (b"no boundary", "multipart/form-data", 400, "bad_upload"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422, "no_attachment"),
        (TEXT_PART + b"--x--\r\n", "multipart/form-data; boundary=x", 400, "bad_upload"),
        (TEXT_PART.replace(b"files", b"owner") + b"--x--\r\n", "multipart/form-data; boundary=x", 400, "bad_upload"),
        (FILE_PART + FILE_PART[:-4], "multipart/form-data; boundary=x", 400, "bad_upload"),
    ],
)  # fmt: skip
def test_what_is_no_form_with_files_is_refused(
    api: TestClient, number: str, body: bytes, media_type: str, status: int, code: str
):
    answer = api.post(f"{CASES}/{number}/attachments", content=body, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_id_and_a_case_of_others_are_not_found(api: TestClient, number: str):
    attached(api, number, TEXT)
    for address in (
        f"{number}/attachments/{'0' * 32}",
        f"{number}/attachments/..%2f..%2fsecret",
        "cp-26-000099/attachments",
    ):
        assert api.get(f"{CASES}/{address}").status_code == 404
    anonymous = api.get(f"{CASES}/{number}/attachments", headers={"Authorization": ""})
    assert anonymous.status_code == 401


@pytest.mark.parametrize(
    "name",
    ['a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "a\\b.txt", "ü破\u202e.txt", "%0d%0aX: y.txt", ";.txt", "x" * 400],
)
def test_no_name_breaks_out_of_its_header(name: str):
    headers = download_headers(OpenedAttachment("0" * 32, name, "text/plain", b""))
    assert all("\r" not in value and "\n" not in value for value in headers.values())
    assert re.fullmatch(
        r"attachment; filename=\"[^\"\\]*\"; filename\*=UTF-8''[\w.%~-]*", headers["Content-Disposition"]
    )
    headers["Content-Disposition"].encode("latin-1")
