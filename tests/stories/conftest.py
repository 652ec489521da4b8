"""Every story is told on SQLite and on Postgres, with somebody in each role of the house."""

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
"""Beside those of ``tests.case_actions``: amy (agent), han (handler), sue, mei, gao (levels 1 to 3), odd (auditor)."""


@pytest.fixture
def story(work: Work) -> Iterator[Story]:
    """A story that has not begun; at its end the record is whole and nothing was given up."""
    with work.store.writing() as tx:
        for handle, (role, department) in MORE_STAFF.items():
            add_actor(tx, NewActor(handle, (role,), department, email=f"{handle}@example.com"))
    told = Story(work)
    yield told
    if told.number:
        told.is_whole()
