"""A model's file is read whole or not at all, and nothing in it is run."""

import hashlib
import json
from pathlib import Path

import pytest

from classifier.versioned_files import BrokenError
from forecast.model import ForecastModel, Weights
from forecast.model_file import forecast_bytes, newest_forecast, put_forecast, read_forecast
from forecast.training import in_use

pytestmark = pytest.mark.requirement("K1")

MODEL = ForecastModel({"used=50": Weights(1.5, -0.25, 0.5)}, -0.5, 0.75, {"adopted": True})


def test_what_is_written_is_read(tmp_path: Path):
    assert put_forecast(tmp_path, MODEL) == "forecast-0001"
    found = newest_forecast(tmp_path).found
    assert found is not None
    assert (found.weights, found.breach_base, found.time_base) == (MODEL.weights, -0.5, 0.75)
    assert (found.version, found.adopted) == ("forecast-0001", True)


def test_a_newer_model_that_is_not_good_enough_ends_the_forecasts(tmp_path: Path):
    assert in_use(tmp_path).why == "no_model"
    put_forecast(tmp_path, MODEL)
    assert in_use(tmp_path).model is not None
    put_forecast(tmp_path, ForecastModel(MODEL.weights, 0.0, 0.0, {"adopted": False}))
    assert (in_use(tmp_path).model, in_use(tmp_path).why) == (None, "not_better")


def test_a_damaged_file_is_passed_over(tmp_path: Path):
    put_forecast(tmp_path, MODEL)
    (tmp_path / "models" / put_forecast(tmp_path, MODEL)).with_suffix(".model").write_bytes(b"closeloop-forecast\n")
    found = newest_forecast(tmp_path)
    assert (found.name, found.broken) == ("forecast-0001.model", (("forecast-0002.model", "damaged"),))


def forged(**changes: object) -> bytes:
    document = json.loads(forecast_bytes(MODEL).split(b"\n", 2)[2]) | changes
    body = json.dumps(document).encode()
    return b"\n".join([b"closeloop-forecast", hashlib.sha256(body).hexdigest().encode(), body])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": 2}, "other_format"),
        ({"features": 99}, "other_format"),
        ({"weights": {"used=50": [1.0]}}, "damaged"),
        ({"weights": {"used=50": [1.0, float("nan"), 0.0]}}, "damaged"),
        ({"weights": []}, "damaged"),
        ({"base": [1.0]}, "damaged"),
        ({"about": None}, "damaged"),
    ],
)
def test_a_forged_file_is_refused(changes: dict[str, object], code: str):
    with pytest.raises(BrokenError, match=code):
        read_forecast(forged(**changes))


def test_any_changed_byte_is_noticed():
    content = forecast_bytes(MODEL)
    for place in range(0, len(content), 7):
        with pytest.raises(BrokenError):
            read_forecast(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
