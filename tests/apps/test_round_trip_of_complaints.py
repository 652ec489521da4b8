"""The same complaints in every format of the export; they are lived through once for each database."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.settings import Settings
from tests.apps.sample_cases import COMPLAINTS, PROMISES
from tests.apps.test_round_trip import FORMATS, create_another, differences, export_and_replay, histories_of
from tests.case_actions import START
from tests.conftest import work_on
from tests.editions import in_force
from tests.stories.story import Story

__all__ = ["create_another", "export_and_replay"]

pytestmark = pytest.mark.any_database


@pytest.fixture(scope="module")
def settings(settings_of_module: Settings) -> Settings:
    """The settings of the exported store."""
    return settings_of_module


@pytest.fixture(scope="module")
def story(settings: Settings) -> Iterator[Story]:
    """All sample complaints, which together make every move of a complaint."""
    store = settings.store()
    in_force(store, PROMISES, START)
    story = Story(work_on(store))
    for scenario in COMPLAINTS:
        scenario(story)
    yield story
    store.close()


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("sort", FORMATS)
def test_complaints_are_replayed_unchanged(story: Story, export_and_replay: Any, sort: str):
    replayed = export_and_replay("complaint", sort)
    assert differences(replayed, story.store, "complaint") == []
    assert verify(replayed).faults == ()
    moves, timers = histories_of(replayed, "complaint")
    made = {(row["move"], row["cycle"] > 1) for rows in moves.values() for row in rows}
    assert {("revisit", True), ("customer_answers", False), ("extend", False), ("return", False)} <= made
    assert {row["level"] for rows in moves.values() for row in rows} == {0, 1, 2, 3}
    assert any(row["inferred"] for rows in moves.values() for row in rows)
    assert {"met", "breached", "stopped"} <= {row["outcome"] for rows in timers.values() for row in rows}
