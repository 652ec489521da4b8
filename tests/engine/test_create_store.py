"""A store is made once, knows what it is, and refuses to be taken for another."""

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

Where = Callable[..., Settings]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """Settings of a place where no store is yet; the same place each time, in other words if told."""
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else None

    def settings(**told: Any) -> Settings:
        return Settings(**{"home": tmp_path / "new" / "home", "database_url": url, **told})

    return settings


def house(settings: Settings) -> dict[str, Any]:
    store = settings.store()
    [row] = query_rows(store, "SELECT * FROM store_info")
    store.close()
    return row


def test_a_new_store_is_made_with_home_secret_and_house(where: Where):
    assert create_store(where(), START) is True
    home, secret = where().where, where().secret_file
    assert (stat.S_IMODE(home.stat().st_mode), stat.S_IMODE(secret.stat().st_mode)) == (0o700, 0o600)
    assert len(secret.read_text("ascii")) == 64
    row = house(where())
    assert (row["id"], row["made_at"], row["simulated_at"]) == (1, to_micros(START), None)


def test_to_found_it_again_changes_nothing(where: Where):
    create_store(where(), START)
    secret, row = where().secret_file.read_bytes(), house(where())
    assert create_store(where(), START + DAY) is False
    assert (where().secret_file.read_bytes(), house(where())) == (secret, row)


def test_the_two_actors_that_are_no_people_are_there(where: Where):
    create_store(where(), START)
    store = where().store()
    with store.looking() as tx:
        assert {str(role) for name in ("system", "import") for role in known_actor(tx, name).roles} == {
            "system",
            "import",
        }
    store.close()


@pytest.mark.parametrize(("first", "second"), [(None, START), (START, None), (START, START + HOUR)])
def test_another_kind_of_store_is_refused(where: Where, first: datetime | None, second: datetime | None):
    create_store(where(), START, first)
    told = refusal(lambda: create_store(where(), START, second))
    assert told.code == "other_store"
    assert told.params["kind"] == ("simulated" if first else "real")
    assert told.params["made_at"] == START.isoformat()


def test_a_simulated_store_is_found_again_after_its_clock_has_moved(where: Where):
    create_store(where(), START, START)
    store = where().store()
    set_clock(store, START + DAY)
    assert create_store(where(), START, START) is False
    assert store.now() == START + DAY
    store.close()


def test_another_secret_is_refused(where: Where):
    create_store(where(secret="one"), START)
    assert refusal(lambda: create_store(where(secret="other"), START)).code == "other_secret"


def test_a_given_secret_is_not_written_down(where: Where):
    create_store(where(secret=SECRET), START)
    assert not where().secret_file.exists()


def test_the_clock_moves_on_and_never_back(store: Store):
    set_clock(store, START + HOUR)
    set_clock(store, START + HOUR)
    told = refusal(lambda: set_clock(store, START + HOUR - MICROSECOND))
    assert (told.code, told.params) == ("clock_back", {"clock": (START + HOUR).isoformat()})
    assert store.now() == START + HOUR


def test_the_clock_of_a_real_store_is_nobodys_to_move(where: Where):
    create_store(where(), START)
    store = where().store()
    assert refusal(lambda: set_clock(store, START)).code == "not_simulated"
    assert not store.simulated
    store.close()


def test_what_a_store_holds_is_untouched_by_founding_it_again(store: Store, settings: Settings):
    new_case(store)
    before = query_rows(store, "SELECT * FROM cases")
    assert create_store(settings, START, START) is False
    assert query_rows(store, "SELECT * FROM cases") == before
