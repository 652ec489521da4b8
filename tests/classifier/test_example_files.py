"""Files of examples are read compressed or not, in either encoding, and refused with a row and a reason (A3)."""

import gzip
from pathlib import Path

import pytest

from classifier.example_files import examples_in, keep_examples, kept_examples
from classifier.examples import Example, marks
from tests.case_actions import refusal
from tests.classifier.training_examples import training_examples

pytestmark = pytest.mark.requirement("A3")

TABLE = "id,title,text,label,source\n1,破损,外箱坏了,货损,gold\n2,,到得太晚,延误,silver\n3,问,,,gold\n4,,,货损,gold\n"
READ = [Example("破损", "外箱坏了", "货损"), Example("", "到得太晚", "延误", gold=False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("compressed", [False, True])
def test_rows_with_a_text_and_a_label_are_read(tmp_path: Path, encoding: str, compressed: bool):
    path = tmp_path / "examples.csv.gz"
    content = TABLE.encode(encoding)
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert examples_in(path) == READ


def test_without_a_source_every_label_is_a_persons_decision(tmp_path: Path):
    path = tmp_path / "examples.csv"
    path.write_text('label,text\ndelay,"late, again"\n', "utf-8")
    assert examples_in(path) == [Example("", "late, again", "delay")]


@pytest.mark.parametrize(
    ("content", "code", "params"),
    [
        (b"", "wanting_columns", {"columns": ["text", "label"]}),
        (b"text,title\nx,y\n", "wanting_columns", {"columns": ["label"]}),
        (b"text,label,source\nx,y,bronze\n", "bad_source", {"row": 2, "value": "bronze"}),
        (gzip.compress(b"text,label\nx,y\n" * 99, mtime=0)[:-9], "unreadable_table", {}),
        (b"\x1f\x8bnothing", "unreadable_table", {}),
        (b"text,label\n\x80\xff\xff,y\n\xfe", "unreadable_table", {}),
        (b'text,label\n"x,y\n', "unreadable_table", {}),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, content: bytes, code: str, params: dict[str, object]):
    path = tmp_path / "examples.csv"
    path.write_bytes(content)
    refused = refusal(lambda: examples_in(path))
    assert (refused.code, refused.params) == (code, {"file": "examples.csv", **params})


def test_a_missing_file_is_refused(tmp_path: Path):
    assert refusal(lambda: examples_in(tmp_path / "nowhere.csv")).code == "no_file"


def test_stored_examples_are_readable_by_the_owner_only(home: Path):
    assert kept_examples(home) == []
    for examples in (training_examples(2), [*training_examples(1), *training_examples(1, gold=False, seed=2)]):
        keep_examples(home, examples)
        assert kept_examples(home) == examples
    [path] = (home / "models").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_text_has_the_same_mark_however_it_is_written_but_only_under_the_same_secret():
    traditional, simplified = Example("貨損", "外箱 壞了!", "x"), Example("", "货损外箱坏了", "y")
    assert marks([traditional], b"secret") == marks([simplified], b"secret") != marks([traditional], b"another")
