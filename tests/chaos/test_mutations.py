"""Take one guarantee away, and a test that is named turns red: nothing holds here by luck."""

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS, house, outcomes

pytestmark = pytest.mark.long

ALL = tuple(dict.fromkeys(test for mutant in MUTANTS.values() for test in mutant.red))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How the named tests end in a copy from which nothing was taken."""
    return outcomes(house(tmp_path_factory.mktemp("sound")), ALL)


def test_in_a_copy_that_is_whole_they_pass(sound: dict[str, str]):
    assert set(sound.values()) <= {"passed", "skipped"}


@pytest.mark.postgres
@pytest.mark.parametrize("what", MUTANTS)
def test_without_it_each_named_test_fails(tmp_path: Path, sound: dict[str, str], what: str):
    mutant = MUTANTS[what]
    possible = tuple(test for test in mutant.red if sound[test] == "passed")
    assert possible, f"this machine can run none of the tests that show {what}"
    assert outcomes(house(tmp_path, mutant), possible) == dict.fromkeys(possible, "failed")


def test_a_change_that_changes_nothing_is_no_mutant(tmp_path: Path):
    mutant = MUTANTS["the transaction"]
    gone = type(mutant)(mutant.file, (("words that nobody wrote", ""),), mutant.red)
    with pytest.raises(ValueError, match="does not say once"):
        house(tmp_path, gone)
