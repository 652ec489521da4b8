"""The commands of the page on backups work in a real shell, in a folder of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.test_howtos import LINK

PAGES = ("docs/backup.md", "docs/tampering.md")


@pytest.mark.long
def test_the_page_can_be_followed(tmp_path: Path):
    shutil.copy(ROOT / "deploy" / "verify.py", tmp_path)
    lines = [
        line for block in blocks("docs/backup.md") if block.language == "console" for line in block.text.splitlines()
    ]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert len(commands) >= 12
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    environment = inherited | {
        "PATH": f"{Path(sys.executable).parent}:{inherited['PATH']}",
        "CLOSELOOP_LOCALE": "en",
    }
    shell = ["bash", "-euxc", "\n".join(commands)]
    result = subprocess.run(
        shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "whole: chains, anchors" in result.stdout
    assert "Anchor 2" in result.stdout


def test_every_link_has_a_target():
    for page in PAGES:
        for target in LINK.findall((ROOT / page).read_text("utf-8")):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_every_fault_of_the_anchors_is_explained():
    rooms = (ROOT / "engine" / "ledger", ROOT / "engine" / "audit")
    source = "".join(path.read_text("utf-8") for room in rooms for path in room.glob("*.py"))
    codes = set(re.findall(r'"(anchor_[a-z_]+)"', source)) - {"anchor_doubted"}
    assert len(codes) >= 8
    page = (ROOT / "docs" / "tampering.md").read_text("utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
