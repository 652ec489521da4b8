"""The calls of the page on the API work in a real shell, against a server that the page starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.test_howtos import LINK

PAGE = "docs/api.md"


@pytest.mark.long
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_first_call_can_be_followed(tmp_path: Path):
    from apps.prefect_server import free_port

    lines = [line for block in blocks(PAGE, "The first call") for line in block.text.splitlines()]
    commands = [line.removeprefix("$ ").replace("4281", str(port)) for port in [free_port()] for line in lines]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    path = f"{Path(sys.executable).parent}:{inherited['PATH']}"
    result = subprocess.run(
        ["bash", "-euc", "trap 'kill $SERVER 2>/dev/null || true' EXIT\n" + "\n".join(commands)],
        cwd=tmp_path, env=inherited | {"PATH": path, "CLOSELOOP_LOCALE": "en", "SERVER": ""},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert '"number":"cp-' in result.stdout
    assert '"code":"stale"' in (tmp_path / "stale.json").read_text("utf-8")


def test_every_link_has_a_target():
    for target in LINK.findall((ROOT / PAGE).read_text("utf-8")):
        assert ((ROOT / PAGE).parent / target).exists(), target


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt-get install nginx-light")
def test_nginx_takes_the_file(tmp_path: Path):
    text = (ROOT / "deploy" / "nginx" / "api.conf").read_text("utf-8")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem",
         "-out", tmp_path / "fullchain.pem", "-days", "1", "-subj", "/CN=localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    text = text.replace("/etc/closeloop/tls", str(tmp_path)).replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    checked = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
