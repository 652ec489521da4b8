"""The model's file: a line that says what it is, a JSON header, a checksum, and arrays of numbers; nothing that runs.

Note [No pickle]: a pickle is a program, and whoever can write one into the home could have it run. Arrays are read by
numpy with pickles forbidden, names from plain text, and everything is checked before it is believed.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from classifier.grams import EDITION
from classifier.model import Calibration, Model
from classifier.versions import BrokenError, Newest, newest, put

MAGIC, FORMAT = b"closeloop-classifier", 1
SORT, ENDING = "classifier", ".model"


def newest_model(home: Path) -> Newest[Model]:
    """The model that counts, with the version that its file's name tells; None where none can be read."""
    found = newest(home, SORT, ENDING, read_model)
    if found.found is None:
        return found
    about = {**found.found.about, "version": Path(found.name).stem}
    return replace(found, found=_with(found.found, about))


def _with(model: Model, about: Mapping[str, Any]) -> Model:
    """The same object with the version said: its tables are made once."""
    object.__setattr__(model, "about", about)
    return model


def put_model(home: Path, model: Model) -> str:
    """Keep a model as the newest; returns its version."""
    return put(home, SORT, ENDING, written(model)).stem


def written(model: Model) -> bytes:
    """The file's bytes."""
    header = {
        "format": FORMAT,
        "grams": EDITION,
        "labels": model.labels,
        "calibration": asdict(model.calibration),
        "threshold": model.threshold,
        "about": dict(model.about),
    }
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        grams=np.frombuffer("\n".join(model.grams).encode(), np.uint8),
        idf=model.idf,
        weights=model.weights,
        base=model.base,
        marks=model.marks,
    )
    told = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    body = told + b"\n" + arrays.getvalue()
    return b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body])


def read_model(content: bytes) -> Model:
    """The model of a file. Raises ``BrokenError``. See Note [No pickle]."""
    magic, _, rest = content.partition(b"\n")
    checksum, _, body = rest.partition(b"\n")
    if magic != MAGIC or checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        raise BrokenError("damaged")
    told, _, arrays = body.partition(b"\n")
    try:
        header = json.loads(told)
        if (header["format"], header["grams"]) != (FORMAT, EDITION):
            raise BrokenError("other_format")
        with np.load(io.BytesIO(arrays), allow_pickle=False) as found:
            return _checked(header, {name: found[name] for name in ("grams", "idf", "weights", "base", "marks")})
    except BrokenError:
        raise
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise BrokenError("damaged") from error


def _checked(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Model:
    text = arrays["grams"].tobytes().decode()
    model = Model(
        grams=tuple(text.split("\n")) if text else (),
        labels=tuple(header["labels"]),
        idf=arrays["idf"],
        weights=arrays["weights"],
        base=arrays["base"],
        calibration=Calibration(**header["calibration"]),
        threshold=int(header["threshold"]),
        marks=arrays["marks"],
        about=header["about"],
    )
    shape = (len(model.grams), len(model.labels))
    if model.weights.shape != shape or model.idf.shape != shape[:1] or model.base.shape != shape[1:]:
        raise BrokenError("damaged")
    return model
