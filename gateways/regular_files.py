"""Refuse what is no plain file, or too large, before it is opened: a pipe waits for ever, and a device never ends."""

from pathlib import Path
from stat import S_ISREG

from gateways.problems import Problem, Unreadable, excerpt

TEXT_FILE_LIMIT = 16_000_000
"""The largest file that is read as one text, in bytes: a mapping, a scenario, rules, a message."""
TABLE_LIMIT = 4_000_000_000
"""The largest table or log, in bytes; it is read row by row."""


def check_regular(path: Path, limit: int) -> None:
    """Raise ``Unreadable('bad_file.not_a_file' | 'bad_file.too_large')``, and ``OSError`` where there is no file."""
    status, name = path.stat(), excerpt(path.name)
    if not S_ISREG(status.st_mode):
        raise Unreadable(Problem(None, None, "bad_file.not_a_file", {"file": name}))
    if status.st_size > limit:
        params = {"file": name, "megabytes": limit // 1_000_000}
        raise Unreadable(Problem(None, None, "bad_file.too_large", params))


def is_regular(path: Path) -> bool:
    """Return whether there is a plain file, also where its folder may not be entered or the name is too long."""
    try:
        return S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
