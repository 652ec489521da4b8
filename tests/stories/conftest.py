"""Stories have an actor for each role; `make test` runs them on SQLite, `make test-long` on Postgres as well."""

from collections.abc import Iterator

import pytest

from engine.actors import NewActor, add_actor
from flows.work import Work
from statemachines.roles import Role
from tests.stories.story import Story

MORE_STAFF = {
    "ann": (Role.AGENT, "hotline"),
    "hal": (Role.HANDLER, "delivery"),
    "sid": (Role.TEAM_SUPERVISOR, "delivery"),
    "max": (Role.DEPARTMENT_MANAGER, "delivery"),
    "sal": (Role.SALESPERSON, "market"),
    "kim": (Role.KEY_ACCOUNT_MANAGER, "market"),
    "mak": (Role.MARKET, "market"),
    "ops": (Role.OPERATIONS, "operations"),
    "quin": (Role.QUALITY_TEAM, None),
    "eva": (Role.EVALUATION_GROUP, None),
    "eli": (Role.EVALUATION_GROUP, None),
    "ivy": (Role.INVESTIGATION_TEAM, None),
    "ida": (Role.INVESTIGATION_TEAM, None),
    "pam": (Role.APPEAL_PANEL, None),
    "pia": (Role.APPEAL_PANEL, None),
    "hera": (Role.HR, None),
    "tess": (Role.THIRD_PARTY_ASSESSOR, None),
}
"""Besides those of ``tests.case_actions``: amy (agent), han (handler), sue, mei, gao (levels 1 to 3), odd (auditor)."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every story: it tells what the lifecycles do; what the engine writes on Postgres, ``tests/engine`` holds."""
    item.add_marker(pytest.mark.any_database)


@pytest.fixture
def story(work: Work) -> Iterator[Story]:
    """A story without a case; at its end the store is consistent and no delivery has failed."""
    with work.store.writing() as tx:
        for handle, (role, department) in MORE_STAFF.items():
            add_actor(tx, NewActor(handle, (role,), department, email=f"{handle}@example.com"))
    story = Story(work)
    yield story
    if story.number:
        story.assert_consistent()
