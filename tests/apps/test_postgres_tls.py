"""What `sslmode` in the address of the database asks for is done, by transactions and by sessions."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from apps.status import check_health
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from tests.apps.postgres_tls import tls_end
from tests.case_actions import SECRET, refusal
from tests.gateways import certificates

HERE = "localhost"
ELSEWHERE = "0.0.0.0"  # noqa: S104 - leads to this machine, and is no loopback address: it stands for another machine
pytestmark = pytest.mark.postgres


class Certificates:
    """An authority, its file, and a server's certificate for a name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, system_now()
        self.authority = certificates.authority(self.now)
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.authority.public)

    def context(self, name: str):
        return certificates.server(self.now, name, by=self.authority).server_context(self.folder)


@pytest.fixture
def certified(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def socket_of(settings: Settings) -> str:
    """Return the file of the socket on which the Postgres of the tests listens."""
    url = make_url(settings.url)
    folder = url.query.get("host") or url.host
    return f"{folder}/.s.PGSQL.{url.port or 5432}"


def over(settings: Settings, host: str, port: int, **query: str) -> Settings:
    """Return the settings of the same store by way of a host and a port."""
    url = make_url(settings.url).set(host=host, port=port, query=query)
    return Settings(home=settings.home, secret=SECRET, database_url=url.render_as_string(hide_password=False))


def read_both_ways(store: Store) -> None:
    with store.looking() as tx:
        assert tx.row("SELECT 1 AS one").one == 1
    with store.reading() as session:
        assert session.connection().execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_a_store_is_read_and_written_over_tls(postgres_settings: Settings, certified: Certificates, mode: str):
    with tls_end(socket_of(postgres_settings), certified.context(HERE)) as port:
        asked = over(postgres_settings, HERE, port, sslmode=mode, sslrootcert=str(certified.file))
        with closing(asked.store()) as store:
            read_both_ways(store)
            assert store.plain_host() is None


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_without_tls_there_is_no_connection(postgres_settings: Settings, mode: str):
    with tls_end(socket_of(postgres_settings), None) as port:
        asked = over(postgres_settings, HERE, port, sslmode=mode, sslrootcert="/dev/null" if mode == "require" else "")
        with closing(asked.store()) as store:
            assert refusal(lambda: read_both_ways(store)).code == "database_away"


def test_a_server_of_another_name_is_refused_by_verify_full(postgres_settings: Settings, certified: Certificates):
    with tls_end(socket_of(postgres_settings), certified.context("db.example.com")) as port:
        query = {"sslrootcert": str(certified.file)}
        with closing(over(postgres_settings, HERE, port, sslmode="verify-full", **query).store()) as store:
            assert refusal(lambda: read_both_ways(store)).code == "database_away"
        with closing(over(postgres_settings, HERE, port, sslmode="verify-ca", **query).store()) as store:
            read_both_ways(store)


@pytest.mark.parametrize(
    ("host", "mode", "warned"),
    [(ELSEWHERE, "disable", True), (ELSEWHERE, "require", False), (HERE, "disable", False)],
)
def test_status_warns_where_the_database_is_elsewhere_and_nothing_is_encrypted(
    postgres_settings: Settings, certified: Certificates, host: str, mode: str, warned: bool
):
    with tls_end(socket_of(postgres_settings), certified.context(host)) as port:
        asked = over(postgres_settings, host, port, sslmode=mode)
        with closing(asked.store()) as store:
            database = next(part for part in check_health(asked, store) if part.part == "database")
            assert ("sslmode=verify-full" in database.text("en")) == warned
            assert database.facts.get("host") == (host if warned else None)
            assert database.ok, "a warning"


def test_a_socket_of_this_machine_is_no_network(postgres_store: Store):
    assert postgres_store.plain_host() is None
