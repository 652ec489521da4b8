"""Run a command of ``closeloop`` in a forked process, and kill that with SIGKILL wherever one wishes.

``at_step`` kills before the n-th operation on a file that Python announces (``sys.addaudithook``), ``after`` at an
instant: the first reaches every place between two files, the second the inside of a transaction.
"""

import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMANDS = (
    "alembic.command",
    "alembic.autogenerate",
    "apps.cli.auditing",
    "apps.cli.create",
    "classifier.category_tree",
    "engine.audit.backup",
    "engine.audit.restore",
    "engine.audit.upgrade",
    "engine.commands.complete_parties",
    "engine.duplicates.fingerprints",
    "engine.duplicates.similar",
    "typer.main",
)
"""What the commands import: imported before the fork, no kill falls into it and no time goes into it."""
OPERATIONS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "sqlite3.connect"})


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code, None if it was killed; how many operations it announced, how long it took."""

    code: int | None
    steps: int
    seconds: float


def run_command(arguments: list[str], environment: Mapping[str, str], at_step: int = 0, after: float = 0.0) -> Ran:
    """Run a command to its end, or kill it before its step ``at_step`` or ``after`` so many seconds."""
    for module in COMMANDS:
        importlib.import_module(module)
    counter, result = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(arguments, environment, at_step, result)
    os.close(result)
    if after:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    with os.fdopen(counter, "rb") as steps:
        text = steps.read()
    return Ran(os.WEXITSTATUS(status) if os.WIFEXITED(status) else None, int(text or b"0"), seconds)


def _become(arguments: list[str], environment: Mapping[str, str], at_step: int, result: int) -> None:
    """Run the command in the child; never return."""
    code = 70
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - ends with the child
        os.environ.update(environment)
        steps = _count_steps(os.path.commonpath([environment["HERE"]]), at_step)
        from apps.cli import main

        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        os.write(result, str(steps[0]).encode())
    finally:
        os._exit(code)


def _count_steps(folder: str, at_step: int) -> list[int]:
    """Count the operations on files below a folder, and kill this process before the one wanted."""
    steps = [0]

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event not in OPERATIONS or not values:
            return
        path = values[0]
        if isinstance(path, int) or folder not in os.fspath(path if not isinstance(path, bytes) else path.decode()):
            return
        steps[0] += 1
        if steps[0] == at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return steps


@dataclass
class Toll:
    """How often a command is to be killed, and how often it was: a run may end before its instant comes."""

    wanted: int
    seed: int
    killed: int = 0

    def ways(self, whole: Ran) -> Iterator[dict[str, Any]]:
        """Yield ways to kill, before a random step and at a random instant in turns, until enough were killed."""
        chance = random.Random(self.seed)
        while self.killed < self.wanted:
            yield {"at_step": chance.randint(1, max(1, whole.steps))}
            if self.killed < self.wanted:
                yield {"after": chance.uniform(0.0, whole.seconds)}

    def note(self, ran: Ran) -> Ran:
        """Count a run that was killed; one that was not must have done its work."""
        assert ran.code in {None, 0}
        self.killed += ran.code is None
        return ran


def loose_modes(folder: Path) -> list[str]:
    """Return the files that others than the owner may read."""
    return [f"{file} {file.stat().st_mode & 0o777:o}" for file in files_of(folder) if file.stat().st_mode & 0o077]


def files_of(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def names_of(folder: Path) -> set[str]:
    """Return all files and folders below a folder, by their names in it, without those of SQLite's WAL."""
    names = {str(file.relative_to(folder)) for file in folder.rglob("*")}
    return {name for name in names if not name.endswith(("-wal", "-shm"))}
