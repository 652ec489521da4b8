"""Runs one command after another, each in a forked child under limits, and reports what became of each.

A process of its own, so that it has no threads when it forks: ``python -m tests.attack.fuzz_runner HOME`` reads one
JSON document per line, ``{"arguments": [...]}``, and answers with one. A child has the modules of the command line
loaded, so a command takes a tenth of a second instead of two.
"""

import hashlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

CPU_SECONDS, WALL_SECONDS = 5, 120
MEMORY = 500_000_000
"""The most memory of a command, in bytes, beyond what the loaded modules take."""
NOT_COMPARED = frozenset({"refused_attempt", "attempt_window", "lease", "run", "anchor", "sqlite_sequence"})
"""Tables that a refused command may write: who tried what how often, who has a duty, that all was sound so far."""
UNSAFE = ("\x1b", "\x07", "\x9b", "\u202e")


def digest_of(home: Path, worked_in: Path) -> str:
    """Return a digest of the store's rows, and of the names of the files beside it and where the command worked."""
    whole = hashlib.sha256()
    with sqlite3.connect(f"file:{home / 'closeloop.db'}?mode=ro", uri=True) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for name in names:
            if name not in NOT_COMPARED:
                whole.update(name.encode())
                whole.update(repr(raw.execute(f'SELECT * FROM "{name}"').fetchall()).encode())
    raw.close()
    names = (str(path.relative_to(home)) for path in home.rglob("*"))
    files = sorted(name for name in names if not name.startswith(("closeloop.db", "anchor")))
    files += sorted(str(path.relative_to(worked_in)) for path in worked_in.rglob("*"))
    whole.update(repr(files).encode())
    return whole.hexdigest()


def main(template: Path) -> None:
    """Answer each line of standard input."""
    from apps.cli.index import assembled

    assembled(lambda _: True)  # loads every command
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        home, inside, fresh, before = Path(folder) / "home", Path(folder) / "work" / "here", False, ""
        for line in sys.stdin:
            if not fresh:
                for used in (home, inside.parent):
                    shutil.rmtree(used, ignore_errors=True)
                shutil.copytree(template, home)
                inside.mkdir(parents=True)
                before = digest_of(home, inside.parent)
            answer = run(json.loads(line)["arguments"], home, inside, loaded)
            answer["changed"] = digest_of(home, inside.parent) != before
            fresh = not answer["changed"]
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def run(arguments: list[str], home: Path, inside: Path, loaded: int) -> dict[str, Any]:
    """Run one command in a child; return its exit code, its signal, its CPU time, its memory and its output.

    It works in the folder ``inside``: the hostile paths ``.`` and ``..`` name folders of its own, not the project's.
    """
    out, err = home.parent / "out", home.parent / "err"
    child = os.fork()
    if child == 0:
        os.chdir(inside)
        _become(arguments, home, out, err)
    _, status, usage = os.wait4(child, 0)
    shown = out.read_text("utf-8", "surrogateescape") + err.read_text("utf-8", "surrogateescape")
    return {
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": max(usage.ru_maxrss * 1024 - loaded, 0),
        "traceback": "Traceback" in shown or '  File "' in shown,
        "unsafe": any(sign in shown for sign in UNSAFE),
        "output": shown[-2000:].encode("ascii", "backslashreplace").decode(),
    }


def _become(arguments: list[str], home: Path, out: Path, err: Path) -> None:
    """Run the command in this process, the child, and end it."""
    code = 70
    try:
        signal.alarm(WALL_SECONDS)  # a command that waits for ever is killed, and has hung
        resource.setrlimit(resource.RLIMIT_CPU, (4 * CPU_SECONDS, 4 * CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000_000, 300_000_000))
        os.environ.update(CLOSELOOP_HOME=str(home), CLOSELOOP_LOCALE="en", TERM="dumb", COLUMNS="200")
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="strict")
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")
        from apps.cli import run as run_command

        code = run_command(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 a command that raises anything at all is at fault
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
