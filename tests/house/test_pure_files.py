"""House rule: a test file is left out of `make test-pure` only if each of its tests asks for a store or a folder."""

from pathlib import Path

import pytest

from tests.pure_files import may_hold_pure_tests

IMPURE = "def test_a(store: Store): ...\n\n\nasync def test_b(\n    rules: Rules, tmp_path: Path\n): ...\n"


@pytest.mark.parametrize(
    ("text", "may"),
    [
        (IMPURE, False),
        (IMPURE + "\n\ndef test_c(rules: Rules): ...\n", True),
        (IMPURE + "\n\nclass TestD:\n    def test_d(self): ...\n", True),
        (IMPURE + "\n\nTestE = Machine.TestCase\n", True),
        ("def test_f(restored_store: Store): ...\n", True),
        ("", True),
    ],
    ids=["all ask", "one does not", "a method does not", "tests made otherwise", "a fixture of its own", "no test"],
)
def test_a_file_is_left_out_if_all_its_tests_ask_for_a_store(tmp_path: Path, text: str, may: bool):
    (tmp_path / "test_it.py").write_text(text)
    assert may_hold_pure_tests(tmp_path / "test_it.py") is may
