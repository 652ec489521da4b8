"""Files of examples are read packed or not, in either encoding, and refused with a place and a reason (A3)."""

import gzip
from pathlib import Path

import pytest

from classifier.example_files import examples_in, keep_examples, kept_examples
from classifier.examples import Example, marks
from tests.case_actions import refusal
from tests.classifier.training_examples import lessons

pytestmark = pytest.mark.requirement("A3")

TABLE = "id,title,text,label,source\n1,破损,外箱坏了,货损,gold\n2,,到得太晚,延误,silver\n3,问,,,gold\n4,,,货损,gold\n"
READ = [Example("破损", "外箱坏了", "货损"), Example("", "到得太晚", "延误", gold=False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_has_words_and_a_label_is_read(tmp_path: Path, encoding: str, packed: bool):
    path = tmp_path / "examples.csv.gz"
    content = TABLE.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert examples_in(path) == READ


def test_without_a_source_every_label_is_a_persons(tmp_path: Path):
    path = tmp_path / "examples.csv"
    path.write_text('label,text\ndelay,"late, again"\n', "utf-8")
    assert examples_in(path) == [Example("", "late, again", "delay")]


@pytest.mark.parametrize(
    ("content", "code", "params"),
    [
        (b"", "wanting_columns", {"columns": ["text", "label"]}),
        (b"text,title\nx,y\n", "wanting_columns", {"columns": ["label"]}),
        (b"text,label,source\nx,y,bronze\n", "bad_source", {"row": 2, "value": "bronze"}),
        (gzip.compress(b"text,label\nx,y\n" * 99)[:-9], "unreadable_table", {}),
        (b"\x1f\x8bnothing", "unreadable_table", {}),
        (b"text,label\n\xff\xff\xff,y\n", "unreadable_table", {}),
        (b'text,label\n"x,y\n', "unreadable_table", {}),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, code: str, params: dict[str, object]):
    path = tmp_path / "examples.csv"
    path.write_bytes(content)
    told = refusal(lambda: examples_in(path))
    assert (told.code, told.params) == (code, {"file": "examples.csv", **params})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    assert refusal(lambda: examples_in(tmp_path / "nowhere.csv")).code == "no_file"


def test_what_is_kept_for_the_next_time_is_the_owners_alone(home: Path):
    assert kept_examples(home) == []
    for one in (lessons(2), [*lessons(1), *lessons(1, gold=False, seed=2)]):
        keep_examples(home, one)
        assert kept_examples(home) == one
    [path] = (home / "models").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_text_is_known_again_however_it_is_written_but_not_without_the_secret():
    one, other = Example("貨損", "外箱 壞了!", "x"), Example("", "货损外箱坏了", "y")
    assert marks([one], b"secret") == marks([other], b"secret") != marks([one], b"another")
