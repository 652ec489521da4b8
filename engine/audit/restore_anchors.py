"""Put the anchors of a backup where none are known; those that are there stay, for they may know more."""

from datetime import datetime
from pathlib import Path

from engine.audit.archive import Packed
from engine.audit.scratch import scratch
from engine.durable_file import sync_folder
from engine.ledger.anchor_file import FILE, alone, read_lines, set_aside
from models.columns import to_micros


def put_anchors(place: Path, packed: Packed, now: datetime, but: str = "") -> int:
    """Put the anchors back, ``but`` the file of that name, and return how many were published after the backup.

    Where the published ones begin the backup's, as a restore that was killed leaves them, they are brought up to it;
    those over no case at all are set aside.
    """
    with alone(place):
        names = [name for name in packed.names("anchors") if name == f"anchors/{Path(name).name}" != f"anchors/{but}"]
        with scratch(place) as aside:
            for name in names:
                packed.unpack(name, aside / Path(name).name)
            if _known(place, aside / FILE, now):
                return _later(place, packed)
            for name in sorted(names, key=lambda name: Path(name).name == FILE):  # the lines last: they name the others
                (aside / Path(name).name).replace(place / Path(name).name)
            sync_folder(place)
        return 0


def _known(place: Path, ours: Path, now: datetime) -> bool:
    """Return whether the published anchors stay: they are not the beginning of ours, and anchor cases."""
    published = place / FILE
    if not published.exists() or not ours.exists():
        return published.exists()
    if ours.read_bytes().startswith(published.read_bytes()):
        return False
    try:
        empty = all(line.cases == 0 for line in read_lines(place))
    except ValueError:
        return True
    if empty:
        set_aside(place, to_micros(now))
    return not empty


def _later(place: Path, packed: Packed) -> int:
    try:
        return sum(line.line > packed.manifest.line for line in read_lines(place))
    except ValueError:
        return 0
