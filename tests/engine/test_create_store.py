"""A store is created once, records what it is, and refuses to be opened as another kind of store."""

import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.actors import known_actor
from engine.create_store import create_store, set_clock
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, MICROSECOND, SECRET, START, new_case, query_rows, refusal

pytestmark = pytest.mark.any_database

NewSettings = Callable[..., Settings]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_settings(request: pytest.FixtureRequest, tmp_path: Path) -> NewSettings:
    """Make settings of a home without a store; each call names the same home, with the fields it is given."""
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else None

    def settings(**fields: Any) -> Settings:
        return Settings(**{"home": tmp_path / "new" / "home", "database_url": url, **fields})

    return settings


def store_info(settings: Settings) -> dict[str, Any]:
    """Return the store's row of metadata."""
    store = settings.store()
    [row] = query_rows(store, "SELECT * FROM store_info")
    store.close()
    return row


def test_a_new_store_has_home_secret_and_metadata(new_settings: NewSettings):
    assert create_store(new_settings(), START) is True
    home, secret = new_settings().where, new_settings().secret_file
    assert (stat.S_IMODE(home.stat().st_mode), stat.S_IMODE(secret.stat().st_mode)) == (0o700, 0o600)
    assert len(secret.read_text("ascii")) == 64
    row = store_info(new_settings())
    assert (row["id"], row["made_at"], row["simulated_at"]) == (1, to_micros(START), None)


def test_creating_it_again_changes_nothing(new_settings: NewSettings):
    create_store(new_settings(), START)
    secret, row = new_settings().secret_file.read_bytes(), store_info(new_settings())
    assert create_store(new_settings(), START + DAY) is False
    assert (new_settings().secret_file.read_bytes(), store_info(new_settings())) == (secret, row)


def test_a_new_store_has_the_actors_of_system_and_import(new_settings: NewSettings):
    create_store(new_settings(), START)
    store = new_settings().store()
    with store.looking() as tx:
        assert {str(role) for name in ("system", "import") for role in known_actor(tx, name).roles} == {
            "system",
            "import",
        }
    store.close()


@pytest.mark.parametrize(("first", "second"), [(None, START), (START, None), (START, START + HOUR)])
def test_another_kind_of_store_is_refused(new_settings: NewSettings, first: datetime | None, second: datetime | None):
    create_store(new_settings(), START, first)
    refused = refusal(lambda: create_store(new_settings(), START, second))
    assert refused.code == "other_store"
    assert refused.params["kind"] == ("simulated" if first else "real")
    assert refused.params["made_at"] == START.isoformat()


def test_a_simulated_store_is_recognised_after_its_clock_has_moved(new_settings: NewSettings):
    create_store(new_settings(), START, START)
    store = new_settings().store()
    set_clock(store, START + DAY)
    assert create_store(new_settings(), START, START) is False
    assert store.now() == START + DAY
    store.close()


def test_another_secret_is_refused(new_settings: NewSettings):
    create_store(new_settings(secret="one-long-secret-of-tests"), START)
    other = new_settings(secret="other-long-secret-of-tests")
    assert refusal(lambda: create_store(other, START)).code == "other_secret"


def test_a_given_secret_is_not_written_to_the_home(new_settings: NewSettings):
    create_store(new_settings(secret=SECRET), START)
    assert not new_settings().secret_file.exists()


def test_the_clock_moves_forward_only(store: Store):
    set_clock(store, START + HOUR)
    set_clock(store, START + HOUR)
    refused = refusal(lambda: set_clock(store, START + HOUR - MICROSECOND))
    assert (refused.code, refused.params) == ("clock_back", {"clock": (START + HOUR).isoformat()})
    assert store.now() == START + HOUR


def test_the_clock_of_a_real_store_cannot_be_moved(new_settings: NewSettings):
    create_store(new_settings(), START)
    store = new_settings().store()
    assert refusal(lambda: set_clock(store, START)).code == "not_simulated"
    assert not store.simulated
    store.close()


def test_creating_a_store_again_changes_no_row(store: Store, settings: Settings):
    new_case(store)
    before = query_rows(store, "SELECT * FROM cases")
    assert create_store(settings, START, START) is False
    assert query_rows(store, "SELECT * FROM cases") == before
