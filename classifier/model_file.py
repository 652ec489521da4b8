"""Writes and reads a model's file: a magic line, a checksum, a JSON header, and arrays of numbers.

Note [No pickle]: a pickle is a program, and whoever can write one into the home could have it run. The arrays are read
by numpy with pickles forbidden, names from plain text, and everything is checked before it is used.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from math import prod
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from classifier.calibration import Calibration
from classifier.examples import NGRAM_VERSION
from classifier.model import Model
from classifier.versioned_files import BrokenError, NewestVersion, newest, put

MAGIC, FORMAT = b"closeloop-classifier", 1
SORT, ENDING = "classifier", ".model"
UNPACKED_LIMIT = 400_000_000
"""The most that the arrays may hold unpacked, in bytes."""
ARRAYS = ("grams", "idf", "weights", "base", "marks")


def newest_model(home: Path) -> NewestVersion[Model]:
    """Return the model in use, with its file's name as its version; ``found`` is None if none can be read."""
    version = newest(home, SORT, ENDING, read_model)
    if version.found is None:
        return version
    about = {**version.found.about, "version": Path(version.name).stem}
    return replace(version, found=_with(version.found, about))


def _with(model: Model, about: Mapping[str, Any]) -> Model:
    """Set ``about`` on the same object: a copy would build its cached tables again."""
    object.__setattr__(model, "about", about)
    return model


def put_model(home: Path, model: Model) -> str:
    """Write a model as the newest version; return the version."""
    return put(home, SORT, ENDING, model_bytes(model)).stem


def model_bytes(model: Model) -> bytes:
    """Return the content of a model's file."""
    header = {
        "format": FORMAT,
        "grams": NGRAM_VERSION,
        "labels": model.labels,
        "calibration": asdict(model.calibration),
        "threshold": model.threshold,
        "about": dict(model.about),
    }
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        grams=np.frombuffer("\n".join(model.ngrams).encode(), np.uint8),
        idf=model.idf,
        weights=model.weights,
        base=model.base,
        marks=model.marks,
    )
    header_line = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    body = header_line + b"\n" + arrays.getvalue()
    return b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body])


def read_model(content: bytes) -> Model:
    """Parse the content of a model's file. Raises ``BrokenError``. See Note [No pickle]."""
    magic, _, rest = content.partition(b"\n")
    checksum, _, body = rest.partition(b"\n")
    if magic != MAGIC or checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        raise BrokenError("damaged")
    header_line, _, arrays = body.partition(b"\n")
    try:
        header = json.loads(header_line)
        if (header["format"], header["grams"]) != (FORMAT, NGRAM_VERSION):
            raise BrokenError("other_format")
        _check_sizes(arrays)
        with np.load(io.BytesIO(arrays), allow_pickle=False) as loaded:
            return _checked(header, {name: loaded[name] for name in ARRAYS})
    except BrokenError:
        raise
    except (ValueError, KeyError, TypeError, OSError, EOFError, ArithmeticError, BadZipFile, RecursionError) as error:
        raise BrokenError("damaged") from error


def _check_sizes(arrays: bytes) -> None:
    """Check that the arrays are as large as the archive says, before room is made for them. Raises ``BrokenError``."""
    with ZipFile(io.BytesIO(arrays)) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_LIMIT:
            raise BrokenError("damaged")
        for part in archive.infolist():
            with archive.open(part) as content:
                version = np.lib.format.read_magic(content)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(content)
                if prod(shape) * dtype.itemsize != part.file_size - content.tell():
                    raise BrokenError("damaged")


def _checked(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Model:
    text = arrays["grams"].tobytes().decode()
    model = Model(
        ngrams=tuple(text.split("\n")) if text else (),
        labels=tuple(header["labels"]),
        idf=arrays["idf"],
        weights=arrays["weights"],
        base=arrays["base"],
        calibration=Calibration(**header["calibration"]),
        threshold=int(header["threshold"]),
        marks=arrays["marks"],
        about=header["about"],
    )
    shape = (len(model.ngrams), len(model.labels))
    if model.weights.shape != shape or model.idf.shape != shape[:1] or model.base.shape != shape[1:]:
        raise BrokenError("damaged")
    return model
