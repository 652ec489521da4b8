"""Tells from the text of a test file whether a test of it may be pure; `make test-pure` imports no other file."""

import re
from functools import cache
from pathlib import Path

NEED_A_STORE_OR_A_FOLDER = frozenset({
    "api", "closeloop", "home", "new_database", "number", "postgres_settings", "postgres_store", "postgres_url",
    "settings", "settings_of_module", "simulated", "sqlite_settings", "sqlite_store", "store", "story", "tmp_path",
    "tmp_path_factory", "work",
})  # fmt: skip
"""Fixtures that every test which asks for one is impure by. ``tests/conftest.py`` fails where that is not so."""

TEST = re.compile(r"^[ \t]*(?:async )?def test_\w*\(([^)]*)\)", re.MULTILINE)
NAME = re.compile(r"\w+")


@cache
def may_hold_pure_tests(path: Path) -> bool:
    """Return ``False`` if each test function of the file asks for one of these fixtures by its signature.

    What a fixture of the file itself depends on is not followed: where it is in doubt, a file may hold pure tests.
    """
    text = path.read_text("utf-8")
    signatures = TEST.findall(text)
    every_one_impure = all(not NEED_A_STORE_OR_A_FOLDER.isdisjoint(NAME.findall(one)) for one in signatures)
    return not signatures or not every_one_impure or "TestCase" in text
