"""What a pack would have done equals, clock for clock, a replay of the same log into a fresh store under that pack."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.rules.in_force import rules_of
from engine.store import Store
from models.columns import to_micros
from tests.apps.conftest import Closeloop, closeloop, simulated
from tests.case_actions import START
from tests.conftest import copy_sqlite_store
from tests.editions import in_force
from tests.examples.test_real_logs import HELPDESK, RECEIPT, ROOT, needs
from tests.reports.whatif.clocks import of_cases, recomputed, recorded_clocks, recorded_steps

pytestmark = pytest.mark.requirement("K2")

__all__ = ["closeloop", "simulated"]

OFFICE = "cn-office"
OTHER = {
    "first_reply": {"amount": 3, "unit": "business_hours", "calendar": OFFICE},
    "solution": {"amount": 2, "unit": "business_days", "calendar": OFFICE},
    "department_limit": {"amount": 5, "unit": "hours"},
    "archive": {"amount": 5, "unit": "days"},
    "revisit": {"amount": 1, "unit": "days"},
}
"""Limits in place of those of the shipped pack: other amounts, units and calendars, and one that was blank."""


@pytest.fixture
def fresh(tmp_path: Path, sqlite_template: Path) -> Iterator[Store]:
    """Another store like ``simulated``, under the other pack."""
    home = tmp_path / "fresh"
    home.mkdir()
    with closing(copy_sqlite_store(sqlite_template, home).store()) as store:
        in_force(store, OTHER)
        yield store


def equals(closeloop: Closeloop, store: Store, fresh: Store, log: Path, mapping: str) -> tuple[int, int]:
    """Compare the clocks; return how many cases are exact, and how many are not."""
    arguments = ("replay", log, "--mapping", ROOT / "examples" / mapping)
    closeloop.json(*arguments)
    closeloop.patch.setenv("CLOSELOOP_HOME", str(fresh.home))
    closeloop.json(*arguments)
    result = recomputed(store, rules_of(fresh).pack("logistics", to_micros(START)), START)
    expected = recorded_clocks(fresh)
    exact = {key[0] for key in expected} - result.doubtful
    assert of_cases(result.clocks, exact) == of_cases(expected, exact)
    assert [step for step in result.steps if step[0] in exact] == [
        step for step in recorded_steps(fresh) if step[0] in exact
    ]
    assert recorded_clocks(store) != expected
    return len(exact), len(result.doubtful)


@needs(RECEIPT)
@pytest.mark.long
def test_the_receipt_phase_under_other_limits_and_calendars(closeloop: Closeloop, simulated: Store, fresh: Store):
    exact, not_exact = equals(closeloop, simulated, fresh, RECEIPT, "receipt.toml")
    assert (exact, not_exact) == (1434, 0)


@needs(HELPDESK)
@pytest.mark.long
def test_the_help_desk_under_other_limits_and_calendars(closeloop: Closeloop, simulated: Store, fresh: Store):
    exact, not_exact = equals(closeloop, simulated, fresh, HELPDESK, "helpdesk.toml")
    assert exact + not_exact == 4580
    assert not_exact < 500
