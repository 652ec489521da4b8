"""The applications of a process share their routes and nothing else."""

from pathlib import Path
from typing import cast

from fastapi import FastAPI

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
        routes = [[id(route) for route in cast(FastAPI, each.app).routes] for each in (full, empty)]
        statuses = [each.get(f"/api/v1/cases/{number}").status_code for each in (full, empty, full)]
    assert routes[0] == routes[1]
    assert statuses == [200, 404, 200]
