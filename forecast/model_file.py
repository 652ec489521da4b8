"""Writes and reads a forecast's file: a magic line, a checksum and JSON. See Note [No pickle] in the classifier."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from classifier.versioned_files import BrokenError, NewestVersion, newest, put
from forecast.model import ForecastModel, Weights
from forecast.situation import FEATURES_VERSION

MAGIC: Final = b"closeloop-forecast"
FORMAT: Final = 1
SORT, ENDING = "forecast", ".model"
MOST_FEATURES: Final = 100_000


def newest_forecast(home: Path) -> NewestVersion[ForecastModel]:
    """Return the newest model, with its file's name as its version; ``found`` is None if none can be read."""
    version = newest(home, SORT, ENDING, read_forecast)
    if version.found is None:
        return version
    return replace(version, found=replace(version.found, about={**version.found.about, "version": version.name[:-6]}))


def put_forecast(home: Path, model: ForecastModel) -> str:
    """Write a model as the newest version; return the version."""
    return put(home, SORT, ENDING, forecast_bytes(model)).stem


def forecast_bytes(model: ForecastModel) -> bytes:
    """Return the content of a model's file; equal models have equal bytes."""
    weights = {name: [each.breach, each.time, each.mean] for name, each in sorted(model.weights.items())}
    document = {
        "format": FORMAT,
        "features": FEATURES_VERSION,
        "weights": weights,
        "base": [model.breach_base, model.time_base],
        "about": dict(model.about),
    }
    body = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return b"\n".join([MAGIC, hashlib.sha256(body).hexdigest().encode(), body])


def read_forecast(content: bytes) -> ForecastModel:
    """Parse the content of a model's file. Raises ``BrokenError``."""
    magic, _, rest = content.partition(b"\n")
    checksum, _, body = rest.partition(b"\n")
    if magic != MAGIC or checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        raise BrokenError("damaged")
    try:
        document = json.loads(body)
        if (document["format"], document["features"]) != (FORMAT, FEATURES_VERSION):
            raise BrokenError("other_format")
        return _checked(document)
    except BrokenError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenError("damaged") from error


def _checked(document: Mapping[str, Any]) -> ForecastModel:
    numbers = [*document["base"], *(number for row in document["weights"].values() for number in row)]
    if len(document["weights"]) > MOST_FEATURES or not all(isfinite(number) for number in numbers):
        raise BrokenError("damaged")
    weights = {name: Weights(*map(float, row)) for name, row in document["weights"].items()}
    breach_base, time_base = document["base"]
    return ForecastModel(weights, float(breach_base), float(time_base), dict(document["about"]))
