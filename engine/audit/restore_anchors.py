"""Put the anchors of a backup where none are known; those that are there stay, for they may know more."""

from datetime import datetime
from pathlib import Path

from engine.audit.archive import Packed
from engine.audit.scratch import scratch
from engine.durable_file import sync_folder
from engine.ledger.anchor_file import FILE, alone, read_lines, set_aside
from engine.ledger.last_seen import forget_seen
from engine.store import Store
from models.columns import to_micros


def put_anchors(store: Store, packed: Packed, now: datetime, but: str = "") -> int:
    """Put the anchors back, ``but`` the file of that name, and return how many were published after the backup.

    Where the published ones begin the backup's, as a restore that was killed leaves them, they are brought up to it;
    those over no case at all are set aside.
    """
    place = store.anchors
    with alone(place):
        names = [name for name in packed.names("anchors") if name == f"anchors/{Path(name).name}" != f"anchors/{but}"]
        with scratch(place) as aside:
            for name in names:
                packed.unpack(name, aside / Path(name).name)
            if _known(place, aside / FILE):
                return _later(place, packed)
            _set_aside_empty(store, aside / FILE, now)
            for name in sorted(names, key=lambda name: Path(name).name == FILE):  # the lines last: they name the others
                (aside / Path(name).name).replace(place / Path(name).name)
            sync_folder(place)
        return 0


def _known(place: Path, ours: Path) -> bool:
    """Return whether the published anchors stay: they are not the beginning of ours, and anchor cases."""
    published = place / FILE
    if not published.exists() or not ours.exists():
        return published.exists()
    if ours.read_bytes().startswith(published.read_bytes()):
        return False
    try:
        return any(line.cases for line in read_lines(place))
    except ValueError:
        return True


def _set_aside_empty(store: Store, ours: Path, now: datetime) -> None:
    """Set anchors over no case aside if they are not the beginning of ours; the home remembers the last of them."""
    published = store.anchors / FILE
    if published.exists() and not ours.read_bytes().startswith(published.read_bytes()):
        forget_seen(store.home)
        set_aside(store.anchors, to_micros(now))


def _later(place: Path, packed: Packed) -> int:
    try:
        return sum(line.line > packed.manifest.line for line in read_lines(place))
    except ValueError:
        return 0
