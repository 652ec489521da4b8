"""Commands that make, upgrade, save and restore a store are killed anywhere, and finished by running them again.

Nothing is lost by it, no unfinished file stays, and whatever is left is for its owner alone.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from engine.audit.archive import packed_in
from engine.audit.backup import back_up, tables
from engine.audit.verify import verify
from engine.create_store import create_store
from engine.ledger.chain import keyed
from engine.schema import migrate, newest, revision_of, revisions
from engine.settings import Settings
from tests.attack.killing import Ran, Toll, loose_modes, names_of, run_command
from tests.case_actions import SECRET, START, add_staff, new_case, new_resolved_case, query_rows
from tests.models.test_upgrades import ROWS

pytestmark = [pytest.mark.long, pytest.mark.requirement("B5")]

SHORT, FULL = 4, 40
"""How often each command is killed on each database; eight of them make 32 kills, or 320."""
SEED = 15


@dataclass
class Place:
    """A folder with a home, and a database if it is not a file of the home."""

    folder: Path
    url: str | None = None
    secret: str = SECRET
    extra: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, secret=self.secret, database_url=self.url)

    @property
    def environment(self) -> dict[str, str]:
        address = {"CLOSELOOP_DATABASE_URL": self.url} if self.url else {}
        here = {"HERE": str(self.folder), "CLOSELOOP_HOME": str(self.home), "CLOSELOOP_SECRET": self.secret}
        return {**here, **address, **self.extra}

    def run(self, *arguments: str, **kill: Any) -> Ran:
        return run_command(list(arguments), self.environment, **kill)


NewPlace = Callable[[], Place]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewPlace]:
    """Make a place with nothing in it, as often as one wishes, on each database."""
    tmp_path.chmod(0o755)  # the modes must not depend on the folder's
    made: list[Path] = []

    def make() -> Place:
        folder = tmp_path / f"place{len(made)}"
        folder.mkdir(mode=0o755)
        made.append(folder)
        return Place(folder, request.getfixturevalue("new_database")() if request.param == "postgres" else None)

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def toll(full: bool) -> Toll:
    return Toll(FULL if full else SHORT, SEED)


def rows_of(place: Place) -> dict[str, list[str]]:
    """Return all rows of all tables."""
    with contextlib.closing(place.settings.store()) as store:
        rows = {table.name: query_rows(store, f"SELECT * FROM {table.name}") for table in tables()}
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


def finished_by_running_again(place: Place, *arguments: str) -> None:
    """Run the command once more, which must succeed."""
    assert place.run(*arguments).code == 0, arguments


def test_a_killed_init_is_finished_by_running_it_again(new_place: NewPlace, toll: Toll):
    sample = new_place()
    whole = sample.run("init")
    assert whole.code == 0
    expected = names_of(sample.home)
    for way in toll.ways(whole):
        place = new_place()
        place.secret, place.extra = "", {}
        environment = {name: value for name, value in place.environment.items() if name != "CLOSELOOP_SECRET"}
        toll.note(run_command(["init"], environment, **way))
        assert run_command(["init"], environment).code == 0, way
        assert names_of(place.home) == expected | {"secret"}, way
        assert loose_modes(place.folder) == [], way
        settings = Settings(home=place.home, database_url=place.url)
        assert len(settings.secret_bytes()) == 64, way
        with contextlib.closing(settings.store()) as store:
            add_staff(store)
            assert store.now() > START
            new_case(store, store.now() - START)
            assert verify(store).ok, way


def older_store(place: Place, revision: str) -> None:
    """Make a store of an earlier release, with a case in it."""
    place.home.mkdir(mode=0o700)
    migrate(place.settings.url, revision)
    check = keyed(SECRET.encode(), "closeloop")
    info = f"INSERT INTO store_info (id, made_at, secret_check) VALUES (1, 5, '{check}')"
    engine = create_engine(place.settings.url)
    with engine.begin() as old:
        for row in (info, *ROWS):
            old.execute(text(row))
    engine.dispose()


def test_a_killed_upgrade_is_finished_by_running_init_again(new_place: NewPlace, toll: Toll):
    older = revisions()[:-1]
    sample = new_place()
    older_store(sample, older[0])
    whole = sample.run("init")
    assert whole.code == 0
    expected = names_of(sample.home)
    assert f"backups/before-{newest()}.backup" in expected
    for number, way in enumerate(toll.ways(whole)):
        place, revision = new_place(), older[number % len(older)]
        older_store(place, revision)
        ran = toll.note(place.run("init", **way))
        if ran.code is None:
            assert revision_of(place.settings.url) in {revision, newest()}, way
        finished_by_running_again(place, "init")
        rows = rows_of(place)
        assert [len(rows[name]) for name in ("cases", "timer", "escalation_step", "callback")] == [1, 1, 1, 1], way
        assert names_of(place.home) == expected, (revision, way)
        assert loose_modes(place.folder) == [], way
        with packed_in(place.home / "backups" / f"before-{newest()}.backup") as packed:
            packed.check()
            assert packed.manifest.revision == revision


def store_with_cases(place: Place) -> None:
    create_store(place.settings, START, START)
    with contextlib.closing(place.settings.store()) as store:
        add_staff(store)
        new_resolved_case(store, phone="13800138000")
        new_case(store)


def test_a_killed_backup_leaves_no_litter_and_is_made_again(new_place: NewPlace, toll: Toll):
    place = new_place()
    store_with_cases(place)
    safe = place.folder / "safe"
    safe.mkdir()
    whole = place.run("backup", str(safe / "first.backup"))
    assert whole.code == 0
    before, home = rows_of(place), names_of(place.home)
    (safe / "first.backup").unlink()
    for number, way in enumerate(toll.ways(whole)):
        toll.note(place.run("backup", str(safe / f"{number}.backup"), **way))
        if not (safe / f"{number}.backup").exists():
            finished_by_running_again(place, "backup", str(safe / f"{number}.backup"))
        assert place.run("backup", str(safe / "next.backup")).code == 0, "the next backup removes what was left"
        assert names_of(safe) == {f"{number}.backup", "next.backup"}, way
        assert names_of(place.home) == home, way
        assert loose_modes(place.folder) == [], way
        for file in safe.iterdir():
            with packed_in(file) as packed:
                packed.check()
                assert packed.manifest.verified
            file.unlink()
    assert rows_of(place) == before


def test_a_killed_restore_is_finished_by_running_it_again(new_place: NewPlace, toll: Toll):
    source = new_place()
    store_with_cases(source)
    file = source.folder / "store.backup"
    with contextlib.closing(source.settings.store()) as store:
        back_up(store, file, START)
    before = rows_of(source)

    def empty_place() -> Place:
        place = new_place()
        place.home.mkdir(mode=0o700)
        shutil.copy(source.home / "anchor.key", place.home)
        (place.home / "anchor.key").chmod(0o600)
        return place

    sample = empty_place()
    whole = sample.run("restore", str(file))
    assert whole.code == 0
    expected = names_of(sample.home)
    for way in toll.ways(whole):
        place = empty_place()
        toll.note(place.run("restore", str(file), **way))
        done = revision_of(place.settings.url) is not None and bool(rows_of(place)["cases"])
        assert place.run("restore", str(file)).code == (2 if done else 0), way  # refused, for it is done already
        assert rows_of(place) == before, way
        assert names_of(place.home) == expected, way
        assert loose_modes(place.home) == [], way
        with contextlib.closing(place.settings.store()) as store:
            assert verify(store).ok, way
