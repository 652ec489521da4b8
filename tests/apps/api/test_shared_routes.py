"""The applications of a process share their routes and nothing else."""

from pathlib import Path

from engine.settings import Settings
from engine.store import Store
from tests.apps.api.conftest import client
from tests.case_actions import new_case
from tests.conftest import copy_sqlite_store


def test_two_applications_share_their_routes_and_each_answers_from_its_own_store(
    sqlite_settings: Settings, sqlite_store: Store, sqlite_template: Path, tmp_path: Path
):
    number = new_case(sqlite_store)
    other = tmp_path / "other"
    other.mkdir()
    with client(sqlite_settings) as full, client(copy_sqlite_store(sqlite_template, other)) as empty:
        assert [id(route) for route in full.app.routes] == [id(route) for route in empty.app.routes]  # pyright: ignore[reportAttributeAccessIssue]
        statuses = [each.get(f"/api/v1/cases/{number}").status_code for each in (full, empty, full)]
    assert statuses == [200, 404, 200]
