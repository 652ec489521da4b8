"""Makes copies of the project without one guarantee each, and runs the tests that must fail there."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.house.sources import ROOMS, ROOT

COPIED = (*ROOMS, "policies", "migrations", "tests")
FILES = ("pyproject.toml", "prefect.yaml")
TESTS_FAILED = 1
"""The exit code of pytest if tests ran and some failed; any other code is no result."""


@dataclass(frozen=True)
class Mutant:
    """Replacements in one file that remove a guarantee, and the tests of which each must fail."""

    file: str
    replacements: tuple[tuple[str, str], ...]
    failing_tests: tuple[str, ...]


MUTANTS = {
    "the version check": Mutant(
        "engine/commands/move_sql.py",
        (
            (' WHERE id = :id AND version = :was\n"""\nCASES =', ' WHERE id = :id\n"""\nCASES ='),
            (
                ' WHERE cases.id = r.id AND cases.version = r.was RETURNING cases.id\n"""\n\n# cases_stepped',
                ' WHERE cases.id = r.id RETURNING cases.id\n"""\n\n# cases_stepped',
            ),
        ),
        (
            "tests/engine/ledger/test_stale_case.py::test_a_stale_case_conflicts_even_if_its_history_was_cut[sqlite]",
            "tests/engine/ledger/test_stale_case.py::test_a_stale_case_conflicts_even_if_its_history_was_cut[postgres]",
        ),
    ),
    "the unique key of commands": Mutant(
        "migrations/versions/0001_the_first_schema.py",
        (
            (
                '        sa.PrimaryKeyConstraint("key"),\n    )\n    op.create_table(\n        "link",',
                '    )\n    op.create_table(\n        "link",',
            ),
        ),
        (
            "tests/models/test_schema.py::test_the_database_itself_refuses[sqlite-a second command of the same key]",
            "tests/engine/commands/test_concurrent_keys.py::test_a_contact_sent_twice_waits_for_its_key",
        ),
    ),
    "the unique key of escalation steps": Mutant(
        "migrations/versions/0001_the_first_schema.py",
        (('        sa.PrimaryKeyConstraint("timer_id", "step"),\n', ""),),
        ("tests/models/test_schema.py::test_the_database_itself_refuses[sqlite-a second step of the same cycle]",),
    ),
    "the sync of SQLite": Mutant(
        "engine/databases.py",
        (('"FULL" if synced', '"OFF" if synced'),),
        (
            "tests/chaos/test_durability.py::test_every_commit_to_sqlite_is_synced",
            "tests/chaos/test_durability.py::test_a_commit_that_cannot_be_synced_is_not_acknowledged",
            "tests/chaos/test_durability.py::test_an_acknowledged_move_survives_a_power_cut",
        ),
    ),
    "the sync of Postgres": Mutant(
        "engine/databases.py",
        (("autocommit=True)", 'autocommit=True, options="-c synchronous_commit=off")'),),
        ("tests/chaos/test_durability.py::test_every_commit_to_postgres_is_synced",),
    ),
    "the transaction of an upgrade": Mutant(
        "engine/schema.py",
        (('connection.exec_driver_sql("BEGIN IMMEDIATE")', 'connection.exec_driver_sql("SELECT 1")'),),
        ("tests/models/test_upgrades.py::test_an_upgrade_that_fails_midway_leaves_the_store_as_it_was[sqlite]",),
    ),
    "the transaction": Mutant(
        "engine/store.py",
        ((".begin(begin)", '.begin("SELECT 1")'), ('raw.execute("COMMIT")', 'raw.execute("SELECT 1")')),
        (
            "tests/engine/test_store.py::test_a_transaction_that_raises_writes_nothing[sqlite]",
            "tests/engine/test_store.py::test_a_transaction_that_raises_writes_nothing[postgres]",
        ),
    ),
}


def copy_project(at: Path, mutant: Mutant | None = None) -> Path:
    """Copy the project and apply the mutant. Raises ``ValueError`` unless each replaced text occurs exactly once."""
    for room in COPIED:
        shutil.copytree(ROOT / room, at / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, at)
    if mutant is not None:
        text = (at / mutant.file).read_text("utf-8")
        for old, new in mutant.replacements:
            if text.count(old) != 1:
                raise ValueError(f"{mutant.file} does not say once: {old}")
            text = text.replace(old, new)
        (at / mutant.file).write_text(text, "utf-8")
    return at


def run_tests(at: Path, tests: tuple[str, ...]) -> dict[str, str]:
    """Run the tests in a copy; return passed, failed or skipped for each. Raises ``RuntimeError`` if none ran."""
    environment = {**os.environ, "PYTHONPATH": str(at), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=no", *tests],
        cwd=at, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if result.returncode not in (0, TESTS_FAILED):
        raise RuntimeError(result.stdout[-2000:] + result.stderr[-2000:])
    return {test: _outcome(result.stdout, test) for test in tests}


OUTCOMES = {"PASSED": "passed", "FAILED": "failed", "ERROR": "failed"}
"""What pytest calls an outcome. A store that cannot even be made shows the lack of a guarantee, too."""


def _outcome(output: str, test: str) -> str:
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word in OUTCOMES and (rest == test or rest.startswith((f"{test}[", f"{test} -"))):
            return OUTCOMES[word]
    return "skipped"
