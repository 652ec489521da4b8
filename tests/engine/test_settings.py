"""Settings are environment variables, and a home without a secret is no store."""

from pathlib import Path

import pytest

from engine.settings import Settings
from tests.case_actions import refusal


def test_the_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CLOSELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CLOSELOOP_LOCALE", "en")
    assert (Settings().where, Settings().locale) == (tmp_path.resolve(), "en")
    assert Settings().url == f"sqlite:///{tmp_path.resolve()}/closeloop.db"


def test_nothing_of_the_users_is_seen_by_a_test():
    assert (Settings().home, Settings().database_url, Settings().secret) == (Path(".closeloop"), None, None)


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("postgres://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql+psycopg://me@host/db", "postgresql+psycopg://me@host/db"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_a_postgres_is_spoken_to_through_psycopg(told: str, url: str):
    assert Settings(database_url=told).url == url


def test_a_database_nobody_here_speaks_to_is_refused():
    told = refusal(lambda: Settings(database_url="mysql://me:secret@host/db").url)
    assert (told.code, told.params) == ("bad_database_url", {"scheme": "mysql"})


def test_a_given_secret_goes_before_the_one_in_the_home(home: Path):
    (home / "secret").write_text("kept", "ascii")
    assert Settings(home=home).secret_bytes() == b"kept"
    assert Settings(home=home, secret="given").secret_bytes() == b"given"


def test_without_a_secret_there_is_no_store(home: Path):
    assert refusal(Settings(home=home).secret_bytes).code == "no_store"
