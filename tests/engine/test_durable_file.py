"""A small file is replaced whole: a crash leaves the old one or the new one, and nobody else may read it."""

import os
from pathlib import Path

import pytest

from engine.durable_file import write_whole


def test_it_is_readable_by_its_owner_only_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        write_whole(tmp_path / "secret", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch, failing: str):
    file = tmp_path / "anchor.key"
    write_whole(file, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    else:
        monkeypatch.setattr(os, "fsync" if failing == "fsync" else "fchmod", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"new")
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["anchor.key"]


def test_content_and_name_are_synced(tmp_path: Path, monkeypatch):
    synced: list[bool] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append(os.path.isdir(f"/proc/self/fd/{handle}"))  # noqa: PTH112 (of an open handle)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    write_whole(tmp_path / "secret", b"a")
    assert synced == [False, True], "first the content, then the folder"
