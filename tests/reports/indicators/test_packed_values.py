"""Numbers that were packed are the same, in order, and a text that was not packed is refused (E2)."""

from random import Random

import pytest

from reports.indicators.packed_values import pack, unpack

pytestmark = pytest.mark.requirement("E2")


@pytest.mark.parametrize("values", [[], [0], [-5, 3, 3, 2**61], [7] * 300, [-(2**61), 2**61]])
def test_what_is_packed_is_unpacked_in_order(values: list[int]):
    assert unpack(pack(reversed(values))) == sorted(values)


def test_many_durations_take_less_than_six_bytes_each():
    random = Random(83)
    durations = [round(random.expovariate(1 / 2e11)) for _ in range(20_000)]
    text = pack(durations)
    assert unpack(text) == sorted(durations)
    assert len(text) < 6 * len(durations)


@pytest.mark.parametrize("text", ["", "YWJj", "eJxLBAAAYgBi"])
def test_a_text_that_was_not_packed_is_refused(text: str):
    with pytest.raises(ValueError, match=r"Error|number"):
        unpack(text)
