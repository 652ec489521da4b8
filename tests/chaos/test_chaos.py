"""Whoever is killed, whenever: what was acknowledged is there, what fell due fired once, nothing is doubled."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.house.sources import ROOT

pytestmark = pytest.mark.long


def chaos(*options: str) -> dict[str, int]:
    """The figures of a run in a process of its own, which nothing else was loaded into before it forks."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--json", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def holds(figures: dict[str, int], kills: int) -> None:
    assert list(figures) == ["kills", "acknowledged", "lost", "doubled", "resent"]
    assert figures["kills"] >= kills
    assert figures["acknowledged"] > 0
    assert figures["lost"] == figures["doubled"] == 0


def test_killed_drivers_and_clerks_lose_and_double_nothing():
    holds(chaos("--rounds", "10", "--database", "sqlite"), kills=10)


@pytest.mark.postgres
def test_two_drivers_at_once_neither(new_database: Any):
    holds(chaos("--rounds", "10", "--database", new_database(), "--drivers", "2", "--seed", "2"), kills=10)


@pytest.mark.postgres
def test_many_rungs_over_several_dispatchers_fire_once_though_they_are_killed(new_database: Any):
    figures = chaos("--rungs", "400", "--database", new_database())
    assert figures["kills"] > 0
    assert figures["lost"] == figures["doubled"] == 0
