"""A model's file is verified before it is used and cannot hold code; the newest valid file counts (A3)."""

import hashlib
import io
import json
import pickle
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.corpus import corpus_of
from classifier.fit_model import fit_model
from classifier.model import Model
from classifier.model_file import MAGIC, model_bytes, newest_model, put_model, read_model
from classifier.versioned_files import BrokenError, folder_of
from tests.classifier.training_examples import training_examples

pytestmark = pytest.mark.requirement("A3")


@pytest.fixture(scope="module")
def model() -> Model:
    return fit_model(corpus_of(training_examples()), about={"examples": 60}).model


def with_header(content: bytes, **changed: Any) -> bytes:
    """Return the file with changes in its header and a matching checksum."""
    body = content.split(b"\n", 2)[2]
    header, _, arrays = body.partition(b"\n")
    body = json.dumps({**json.loads(header), **changed}).encode() + b"\n" + arrays
    return b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body])


def test_a_model_is_read_as_it_was_written(model: Model):
    again = read_model(model_bytes(model))
    assert again.predict("外箱压扁", "投诉") == model.predict("外箱压扁", "投诉")
    assert (again.about, again.threshold, again.labels) == ({"examples": 60}, model.threshold, model.labels)


def test_the_newest_counts_and_is_readable_by_the_owner_only(home: Path, model: Model):
    assert newest_model(home).found is None
    assert [put_model(home, model), put_model(home, model)] == ["classifier-0001", "classifier-0002"]
    newest = newest_model(home)
    assert (newest.name, newest.broken) == ("classifier-0002.model", ())
    assert newest.found is not None
    assert newest.found.about["version"] == "classifier-0002"
    for path in folder_of(home).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list(folder_of(home).iterdir())) == 2, "and no draft is left"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda content: content[:-1], "damaged"),
        (lambda content: content[:-9] + b"x" + content[-8:], "damaged"),
        (lambda _: b"", "damaged"),
        (lambda content: with_header(content, format=2), "other_format"),
        (lambda content: with_header(content, grams=0), "other_format"),
        (lambda content: with_header(content, labels=["delay"]), "damaged"),
        (lambda content: with_header(content, calibration={}), "damaged"),
    ],
)
def test_a_broken_file_is_named_and_the_previous_one_is_used(home: Path, model: Model, broken: Any, why: str):
    put_model(home, model)
    (folder_of(home) / "classifier-0002.model").write_bytes(broken(model_bytes(model)))
    newest = newest_model(home)
    assert (newest.name, newest.broken) == ("classifier-0001.model", (("classifier-0002.model", why),))
    assert put_model(home, model) == "classifier-0003"


def test_a_pickle_is_never_opened(model: Model, tmp_path: Path):
    """A pickle within the file is refused, even with a matching checksum."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "went-off",)

    arrays = io.BytesIO()
    np.savez(arrays, grams=np.array([Bomb()], object), idf=1, weights=1, base=1, marks=1, allow_pickle=True)
    header = model_bytes(model).split(b"\n", 3)[2]
    for payload in (arrays.getvalue(), pickle.dumps(Bomb())):
        body = header + b"\n" + payload
        with pytest.raises(BrokenError, match="damaged"):
            read_model(b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body]))
    assert not (tmp_path / "went-off").exists()
