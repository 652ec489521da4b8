"""Remember in the home which anchor was published last, so that anchors cannot be wiped where they are published."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from engine.durable_file import write_whole
from engine.ledger.anchor_file import Anchored

SEEN = "anchor.seen"
"""The file in the home: number and hash of the last line that this home published."""


def remember(home: Path, made: Anchored) -> None:
    """Keep the number and hash of a published line. A home that cannot be written remembers nothing."""
    with contextlib.suppress(OSError):
        write_whole(home / SEEN, f"{made.line} {made.hash}\n".encode("ascii"))


def forget_seen(home: Path) -> None:
    """Remember no line any more."""
    (home / SEEN).unlink(missing_ok=True)


def rolled_back(home: Path, lines: Sequence[Anchored]) -> str | None:
    """Return the code of a fault if the line that this home published last is not among the lines."""
    try:
        number, _, hash_of_line = (home / SEEN).read_text("ascii").strip().partition(" ")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return "anchor_rolled_back"
    known = any(line.hash == hash_of_line and str(line.line) == number for line in reversed(lines))
    return None if known else "anchor_rolled_back"
