"""What was checked of the file of anchors is not checked again; a change of any line is found all the same."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.ledger.anchor_file import FILE, Anchored, append_line, broken_line, read_lines
from engine.ledger.chain import GENESIS

KEY = Ed25519PrivateKey.generate()


def chain(count: int, begin: int = 1, before: str = GENESIS) -> list[Anchored]:
    """Return signed lines, each naming the hash of the one before."""
    lines: list[Anchored] = []
    for number in range(begin, begin + count):
        lines.append(Anchored(number, number * 1000, 1, "00" * 32, before, "").signed_by(KEY))
        before = lines[-1].hash
    return lines


def test_appended_lines_are_read_and_the_known_ones_are_the_same_objects(tmp_path: Path):
    lines = chain(6)
    for line in lines[:4]:
        append_line(tmp_path, line)
    first = read_lines(tmp_path)
    for line in lines[4:]:
        append_line(tmp_path, line)
    second = read_lines(tmp_path)
    assert second == lines
    assert all(known is again for known, again in zip(first, second, strict=False)), "parsed and verified once"


@pytest.mark.parametrize("number", [0, 1, 2, 4, 5])
def test_a_line_that_changes_after_it_was_found_sound_is_found(number: int):
    lines = chain(6)
    assert broken_line(lines) is None
    changed = replace(lines[number], cases=2)
    expected = {"anchor_signature", "anchor_file"}
    assert broken_line([*lines[:number], changed, *lines[number + 1 :]]) in expected
    assert broken_line(lines) is None, "the finding of a moment is not kept"


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_line_that_is_taken_out_is_found(number: int):
    lines = [*chain(6), *chain(1, 7, chain(6)[-1].hash)]
    assert broken_line(lines) is None
    assert broken_line([*lines[:number], *lines[number + 1 :]]) == "anchor_file"


def test_a_further_line_is_checked_after_sound_ones():
    lines = chain(5)
    assert broken_line(lines) is None
    [further] = chain(1, 6, lines[-1].hash)
    assert broken_line([*lines, further]) is None
    assert broken_line([*lines, further, further]) == "anchor_file"
    assert broken_line([*lines, replace(further, signature="00" * 64)]) == "anchor_signature"


def test_an_earlier_line_that_is_changed_in_the_file_is_read_anew(tmp_path: Path):
    for line in chain(4):
        append_line(tmp_path, line)
    assert broken_line(read_lines(tmp_path)) is None
    file = tmp_path / FILE
    file.write_text(file.read_text("utf-8").replace('"cases":1', '"cases":2', 1), "utf-8")
    assert broken_line(read_lines(tmp_path)) == "anchor_signature"


def test_a_file_that_is_cut_shorter_is_read_anew(tmp_path: Path):
    lines = chain(4)
    for line in lines:
        append_line(tmp_path, line)
    assert read_lines(tmp_path) == lines
    file = tmp_path / FILE
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    assert read_lines(tmp_path) == lines[:2]
