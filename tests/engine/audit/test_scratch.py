"""Unfinished files of a process that is gone are removed by the next, those of one at work are not."""

from pathlib import Path

from engine.audit.scratch import PREFIX, scratch


def test_a_folder_is_there_for_the_block_and_for_its_owner(tmp_path: Path):
    with scratch(tmp_path) as folder:
        (folder / "file").write_text("unfinished", "utf-8")
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_holds_is_removed_and_what_another_holds_stays(tmp_path: Path):
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "file").write_text("of a killed process", "utf-8")
    (tmp_path / "other").mkdir()
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([first.name, second.name, "other"])


def test_a_link_to_another_folder_is_left_alone(tmp_path: Path):
    (tmp_path / "kept").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "kept")
    with scratch(tmp_path):
        pass
    assert (tmp_path / "kept").is_dir()
