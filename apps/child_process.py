"""Starts child processes that end with their parent, each with a log and a note of its process in the home."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from apps.process_state import process_facts


@dataclass
class Child:
    """A command of ours in a process group of its own, with its log and a note of its process in the home."""

    name: str
    command: Sequence[str]
    home: Path
    environment: Mapping[str, str] = field(repr=False)
    facts: Mapping[str, Any]
    stop_seconds: float
    process: "subprocess.Popen[bytes]" = field(init=False, repr=False)
    restarts: int = 0

    @property
    def log(self) -> Path:
        """The file of its output."""
        return self.home / "run" / f"{self.name}.log"

    @property
    def note(self) -> Path:
        """The file that names its process, for other commands."""
        return self.home / "run" / f"{self.name}.json"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The code with which it ended, the negative number of the signal that killed it, None while it runs."""
        return self.process.poll()

    def start(self) -> None:
        """Start the process and note it."""
        self.process = _start(self.command, self.home, self.environment, self.log)
        self.note.write_text(json.dumps({**process_facts(self.pid), "restarts": self.restarts, **self.facts}))

    def start_again(self) -> None:
        """Start it in place of one that has died, of whose processes none may be left."""
        _stop(self.process, 0.0)
        self.restarts += 1
        self.start()

    def stop(self) -> None:
        """Stop it, with all its processes, and remove the note."""
        _stop(self.process, self.stop_seconds)
        self.note.unlink(missing_ok=True)


@contextmanager
def running(child: Child) -> Iterator[None]:
    """Run a child until the block is left."""
    child.start()
    try:
        yield
    finally:
        child.stop()


def _start(command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    if log.exists():
        log.replace(log.with_suffix(".log.1"))  # keep the previous log, which is needed after a restart
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "apps.supervised_child", *command],
            cwd=cwd,
            env={**environment},
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends; the child watches it
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C goes to this process, which stops its children one by one
        )


def _stop(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        if process.poll() is None:
            process.terminate()
            process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM raise, so that the `finally` that stops the child runs before this process ends."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # SIGTERM has a handler already
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log, and which log it is."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return f"{log} ends with:\n" + "\n".join(text.splitlines()[-lines:])
