"""Scripts of others are served as they were published, with their licences."""

import tomllib
from hashlib import sha256

import pytest

from tests.house.sources import ROOT

VENDOR = ROOT / "apps" / "web" / "static" / "vendor"
LISTED = tomllib.loads((VENDOR / "vendored.toml").read_text("utf-8"))


def test_each_script_is_listed():
    assert sorted(path.name for path in VENDOR.glob("*.js")) == sorted(LISTED)


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_script_is_what_its_source_published(name: str):
    entry = LISTED[name]
    assert sha256((VENDOR / name).read_bytes()).hexdigest() == entry["sha256"]
    assert "Permission" in (VENDOR / entry["licence"]).read_text("utf-8")
    assert entry["source"].startswith("https://registry.npmjs.org/")
    assert entry["version"] in entry["source"]
