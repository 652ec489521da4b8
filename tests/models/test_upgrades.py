"""A store of an earlier release is upgraded with all its rows."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.schema import migrate, newest, revision_of

ROWS = (
    "INSERT INTO actor (id, handle, roles, locale) VALUES (1, 'han', 'handler', 'zh_CN')",
    """INSERT INTO cases (id, number, kind, pack, state, previous_state, closed, version, head, cycle, level, attempts,
                          channel, opened_at, changed_at)
       VALUES (7, 'cp-26-000007', 'complaint', 'logistics', 'received', '', false, 1, 'h', 1, 0, 0, 'hotline', 5, 5)""",
    """INSERT INTO timer (id, case_id, clause, cycle, policy, calendar, amount, unit, allowance, consumed, opened_at,
                          running_since, fires_at, steps_fired, level)
       VALUES (3, 7, 'solution', 1, 'logistics@1', 'cn-hotline', 24, 'hours', 86, 0, 5, 5, 70, 0, 0)""",
    """INSERT INTO escalation_step (timer_id, step, case_id, seq, clause, cycle, percent, level, due_at, recorded_at)
       VALUES (3, 0, 7, 1, 'solution', 1, 75, 0, 6, 6)""",
    "INSERT INTO callback (case_id, cycle, attempt, planned_at) VALUES (7, 1, 1, 9)",
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("new_database")().replace("postgresql:", "postgresql+psycopg:", 1)
    return f"sqlite:///{tmp_path / 'old.db'}"


def test_a_store_of_the_first_release_is_upgraded_without_loss(url: str):
    migrate(url, "0001")
    engine: Any = create_engine(url)
    with engine.begin() as old:
        for row in ROWS:
            old.execute(text(row))
    migrate(url)
    with engine.begin() as new:
        case = new.execute(text("SELECT number, variables, shipment FROM cases")).one()
        timer = new.execute(text("SELECT id, clause, occurrence, extended, steps_before, fires_at FROM timer")).one()
        callback = new.execute(text("SELECT planned_at, owner FROM callback")).one()
    assert tuple(case) == ("cp-26-000007", "{}", None)
    assert tuple(timer) == (3, "solution", 1, 0, 0, 70)
    assert tuple(callback) == (9, None)
    columns = "policy, calendar, amount, unit, allowance, consumed, opened_at"
    names = f"INSERT INTO timer (id, case_id, clause, cycle, occurrence, {columns}, steps_fired, level)"
    with pytest.raises(IntegrityError), engine.begin() as new:
        new.execute(text(f"{names} SELECT 4, case_id, clause, cycle, 1, {columns}, 0, 0 FROM timer"))
    with engine.begin() as new:
        new.execute(text(f"{names} SELECT 5, case_id, clause, cycle, 2, {columns}, 0, 0 FROM timer"))
    engine.dispose()


def test_an_upgrade_that_fails_midway_leaves_the_store_as_it_was(url: str):
    migrate(url, "0001")
    engine: Any = create_engine(url)
    with engine.begin() as old:
        for row in ROWS:
            old.execute(text(row))
        old.execute(text("CREATE TABLE category (code TEXT)"))  # which 0007 creates
    with pytest.raises(DBAPIError):
        migrate(url)
    assert revision_of(url) == "0001"
    with engine.begin() as old:
        assert not inspect(old).has_table("actor_change"), "0002 creates it"
        assert old.execute(text("SELECT count(*) FROM cases")).scalar() == 1
        old.execute(text("DROP TABLE category"))
    migrate(url)
    assert revision_of(url) == newest()
    engine.dispose()
