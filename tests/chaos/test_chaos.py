"""Whichever process is killed, whenever: nothing acknowledged is lost, due steps fire once, nothing is doubled."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.house.sources import ROOT

pytestmark = pytest.mark.long


def run_chaos(*options: str) -> dict[str, int]:
    """Return the figures of a run in a new process, which has loaded nothing else before it forks."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--json", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def assert_nothing_lost(figures: dict[str, int], kills: int) -> None:
    assert list(figures) == ["kills", "acknowledged", "lost", "doubled", "resent"]
    assert figures["kills"] >= kills
    assert figures["acknowledged"] > 0
    assert figures["lost"] == figures["doubled"] == 0


def test_killed_drivers_and_clerks_lose_and_double_nothing():
    assert_nothing_lost(run_chaos("--rounds", "10", "--database", "sqlite"), kills=10)


@pytest.mark.postgres
def test_two_drivers_at_once_lose_and_double_nothing(new_database: Any):
    assert_nothing_lost(
        run_chaos("--rounds", "10", "--database", new_database(), "--drivers", "2", "--seed", "2"), kills=10
    )


@pytest.mark.postgres
def test_steps_fire_once_though_their_dispatchers_are_killed(new_database: Any):
    figures = run_chaos("--steps", "400", "--database", new_database())
    assert figures["kills"] > 0
    assert figures["lost"] == figures["doubled"] == 0
