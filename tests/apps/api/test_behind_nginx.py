"""The file of ``deploy/nginx`` in a real nginx: TLS outside, the API inside, and nothing that a caller can feign."""

import contextlib
import getpass
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from apps.api.multipart import FILES_PER_BODY
from apps.api.problems import Problem
from apps.prefect_server import free_port
from engine.settings import Settings
from tests.apps.api.serving import STOP_SECONDS, Serving, served_store, serving, until
from tests.case_actions import query_rows
from tests.docs.pages import ROOT

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt-get install nginx-light"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

FEIGNED = "203.0.113.9"


@dataclass(frozen=True)
class Proxied:
    """A served API and the nginx before it."""

    served: Serving
    port: int
    folder: Path

    def client(self) -> httpx.Client:
        """Return a client that trusts the certificate of the test alone."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        headers = {"Authorization": f"Bearer {self.served.token}", "X-Forwarded-For": FEIGNED}
        return httpx.Client(
            base_url=f"https://localhost:{self.port}", verify=trusted, headers=headers, trust_env=False,
            timeout=STOP_SECONDS,
        )  # fmt: skip


def certificate(folder: Path) -> None:
    """Make a certificate of localhost that signs itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem",
         "-out", folder / "fullchain.pem", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip


def configuration(folder: Path, port: int, inside: int) -> Path:
    """Return the file of the project, with the ports and folders of the test."""
    text = (ROOT / "deploy" / "nginx" / "api.conf").read_text("utf-8")
    for before, after in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:4280", f"127.0.0.1:{inside}"),
        ("/etc/closeloop/tls", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert before in text
        text = text.replace(before, after)
    paths = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(f"user {getpass.getuser()};\npid {folder}/pid;\nevents {{}}\nhttp {{\n{paths}\n{text}\n}}\n")
    return file


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    certificate(folder)
    settings, token = served_store(folder, None)
    with serving(settings, token, 1, "--forwarded-allow-ips", "127.0.0.1") as served, contextlib.ExitStack() as stack:
        file = configuration(folder, port, served.port)
        command = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", file, "-g", "daemon off;"]
        nginx = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(nginx.wait, STOP_SECONDS)
        stack.callback(nginx.terminate)
        until(lambda: listens(port) or nginx.poll() is not None)
        assert nginx.poll() is None, (folder / "error.log").read_text()
        yield Proxied(served, port, folder)


def test_a_case_is_opened_and_read_over_tls(proxied: Proxied):
    with proxied.client() as client:
        opened = client.post("/api/v1/cases", json={"text": "My parcel is late."}, headers={"Idempotency-Key": "tls"})
        assert opened.status_code == 201, opened.text
        shown = client.get(opened.headers["location"])
    assert shown.json()["number"] == opened.json()["number"]
    assert shown.headers["strict-transport-security"] == "max-age=31536000"
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_who_does_not_know_the_certificate_or_speaks_no_tls_gets_nothing(proxied: Proxied):
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"https://localhost:{proxied.port}/livez", trust_env=False)
    plain = httpx.get(f"http://localhost:{proxied.port}/api/v1/cases", trust_env=False)
    assert plain.status_code == 400


def test_what_is_for_the_inside_is_not_there(proxied: Proxied):
    with proxied.client() as client:
        statuses = {path: client.get(path).status_code for path in ("/livez", "/readyz", "/metrics", "/")}
    assert statuses == {"/livez": 200, "/readyz": 404, "/metrics": 404, "/": 404}


def test_the_address_of_a_caller_is_the_real_one_and_no_query_is_logged(proxied: Proxied):
    with proxied.client() as client:
        assert client.get("/api/v1/cases", params={"text": "Wang Xiaoming"}).status_code == 200
    with contextlib.closing(proxied.served.settings.store()) as store:
        assert [row["used_from"] for row in query_rows(store, "SELECT used_from FROM api_token")] == ["127.0.0.1"]
    log = (proxied.folder / "closeloop.log").read_text("utf-8")
    assert "GET /api/v1/cases" in log
    assert "Wang" not in log


def test_json_that_is_too_large_is_refused_by_a_problem_document(proxied: Proxied):
    with proxied.client() as client:
        answer = client.post("/api/v1/cases", json={"text": "x" * 2**20})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert set(answer.json()) <= set(Problem.model_fields)


def test_a_file_that_is_larger_than_any_json_is_attached(proxied: Proxied):
    with proxied.client() as client:
        number = client.post("/api/v1/cases", json={"text": "My parcel is broken."}).json()["number"]
        letter = b"A letter.\n" * 200_000
        files = {"files": ("letter.txt", letter, "text/plain")}
        answer = client.post(f"/api/v1/cases/{number}/attachments", files=files)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("mebibytes", "code"), [(19, None), (25, "attachment_too_large"), (39, "attachment_too_large")]
)
def test_a_file_up_to_the_limit_is_attached_and_a_larger_one_is_refused_by_the_api(
    proxied: Proxied, mebibytes: int, code: str | None
):
    with proxied.client() as client:
        number = client.post("/api/v1/cases", json={"text": "My parcel is broken."}).json()["number"]
        files = {"files": ("letter.txt", b"A letter.......\n" * 2**16 * mebibytes, "text/plain")}
        answer = client.post(f"/api/v1/cases/{number}/attachments", files=files)
    assert answer.status_code == (201 if code is None else 413), answer.text
    assert answer.json().get("code") == code


def test_a_body_beyond_the_limit_of_the_api_is_refused_by_a_problem_document(proxied: Proxied):
    with proxied.client() as client:
        number = client.post("/api/v1/cases", json={"text": "My parcel is broken."}).json()["number"]
        files = [("files", (f"{each}.txt", b"A letter.......\n" * 2**16 * 14, "text/plain")) for each in range(3)]
        answer = client.post(f"/api/v1/cases/{number}/attachments", files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("mebibytes", [5, 25])
def test_who_may_not_attach_is_told_so_and_the_connection_is_not_cut(proxied: Proxied, mebibytes: int):
    letter = b"A letter.......\n" * 2**16 * mebibytes
    with proxied.client() as client:
        answer = client.post(
            "/api/v1/cases/cp-26-000001/attachments", files={"files": ("letter.txt", letter, "text/plain")},
            headers={"Authorization": "Bearer nobody"},
        )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_the_limit_of_the_file_is_that_of_the_api():
    text = (ROOT / "deploy" / "nginx" / "api.conf").read_text("utf-8")
    each = Settings.model_fields["attachment_bytes"].default
    assert f"client_max_body_size {(FILES_PER_BODY * each + 2**20) // 2**20}m;" in text
