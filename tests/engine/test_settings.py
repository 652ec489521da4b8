"""Settings come from environment variables, and a home without a secret has no store."""

from pathlib import Path

import pytest

from engine.settings import Settings
from tests.case_actions import refusal


def test_the_home_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CLOSELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CLOSELOOP_LOCALE", "en")
    assert (Settings().where, Settings().locale) == (tmp_path.resolve(), "en")
    assert Settings().url == f"sqlite:///{tmp_path.resolve()}/closeloop.db"


def test_settings_of_the_user_do_not_reach_the_tests():
    assert (Settings().home, Settings().database_url, Settings().secret) == (Path(".closeloop"), None, None)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgres://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql+psycopg://me@host/db", "postgresql+psycopg://me@host/db"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_postgres_urls_use_psycopg(given: str, url: str):
    assert Settings(database_url=given).url == url


def test_an_unsupported_database_is_refused():
    refused = refusal(lambda: Settings(database_url="mysql://me:secret@host/db").url)
    assert (refused.code, refused.params) == ("bad_database_url", {"scheme": "mysql"})


def test_a_given_secret_overrides_the_one_in_the_home(home: Path):
    (home / "secret").write_text("kept", "ascii")
    assert Settings(home=home).secret_bytes() == b"kept"
    assert Settings(home=home, secret="given").secret_bytes() == b"given"


def test_without_a_secret_there_is_no_store(home: Path):
    assert refusal(Settings(home=home).secret_bytes).code == "no_store"
