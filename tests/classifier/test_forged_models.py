"""A forged model takes no memory: the arrays are as large as the archive says, or the file is damaged."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from classifier.examples import NGRAM_VERSION
from classifier.model_file import FORMAT, MAGIC, read_model
from classifier.versioned_files import BrokenError


def forged(header: bytes, arrays: bytes) -> bytes:
    body = header + b"\n" + arrays
    return b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body])


HEADER = json.dumps({"format": FORMAT, "grams": NGRAM_VERSION}).encode()


def packed(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("grams.npy", content)
    return archive.getvalue()


def array(shape: tuple[int, ...]) -> bytes:
    """An array that claims a shape and holds eight bytes."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return out.getvalue() + bytes(8)


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        (b"[" * 200_000, bytes),
        (HEADER, bytes),
        (HEADER, lambda: b"PK\x03\x04"),
        (HEADER, lambda: packed(array((10**12,)))),
        (HEADER, lambda: packed(array((10**9, 10**9, 10**9)))),
        (HEADER, lambda: packed(bytes(450_000_000))),  # packed by the test, because every worker collects all tests
        (HEADER, lambda: packed(b"no array")),
        (b'{"format": ' + b"9" * 5000 + b"}", bytes),
    ],
    ids=["deep header", "no arrays", "cut off", "claims", "overflows", "bomb", "no array", "digits"],
)
def test_a_forged_model_is_damaged(header: bytes, arrays: Callable[[], bytes]):
    with pytest.raises(BrokenError):
        read_model(forged(header, arrays()))
