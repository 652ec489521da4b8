"""Without a guarantee, each test that names it fails: none of them passes by luck."""

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS, copy_project, run_tests

pytestmark = pytest.mark.long

ALL = tuple(dict.fromkeys(test for mutant in MUTANTS.values() for test in mutant.failing_tests))


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The outcomes of the named tests in an unchanged copy."""
    return run_tests(copy_project(tmp_path_factory.mktemp("unchanged")), ALL)


def test_in_an_unchanged_copy_they_pass(unchanged: dict[str, str]):
    assert set(unchanged.values()) <= {"passed", "skipped"}


@pytest.mark.postgres
@pytest.mark.parametrize("guarantee", MUTANTS)
def test_without_a_guarantee_each_named_test_fails(tmp_path: Path, unchanged: dict[str, str], guarantee: str):
    mutant = MUTANTS[guarantee]
    possible = tuple(test for test in mutant.failing_tests if unchanged[test] == "passed")
    assert possible, f"this machine can run none of the tests that show {guarantee}"
    assert run_tests(copy_project(tmp_path, mutant), possible) == dict.fromkeys(possible, "failed")


def test_a_mutant_that_replaces_nothing_is_an_error(tmp_path: Path):
    mutant = MUTANTS["the transaction"]
    without_effect = type(mutant)(mutant.file, (("text that is not in the file", ""),), mutant.failing_tests)
    with pytest.raises(ValueError, match="does not say once"):
        copy_project(tmp_path, without_effect)
