"""House rule: small (STYLE 10). Most files and functions are short, and none exceeds the bounds."""

from collections.abc import Iterator, Sequence
from math import ceil

import pytest

from tests.house.sources import ROOMS, Function, Source, findings, functions, hold, sources

FILE_P90, FILE_MOST = 250, 600
FUNCTION_P90, FUNCTION_MOST = 30, 80


def file_lines(source: Source) -> int:
    return len(source.text.splitlines())


def function_lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def p90(sizes: Sequence[int]) -> int:
    """Return the size that nine of ten do not exceed."""
    return sorted(sizes)[ceil(len(sizes) * 0.9) - 1]


def too_big(source: Source) -> Iterator[str]:
    if file_lines(source) > FILE_MOST:
        yield source.at(source.tree, f"has {file_lines(source)} lines, over {FILE_MOST}")
    for function in functions(source):
        if function_lines(function) > FUNCTION_MOST:
            lines = function_lines(function)
            yield source.at(function, f"{function.name} has {lines} lines, over {FUNCTION_MOST}")


def test_nothing_exceeds_the_bounds():
    hold(too_big, sources(*ROOMS))


def test_most_files_are_short():
    assert p90([file_lines(source) for source in sources(*ROOMS) if source.text.strip()]) <= FILE_P90


def test_most_functions_are_short():
    lines = [function_lines(function) for source in sources(*ROOMS) for function in functions(source)]
    assert p90(lines) <= FUNCTION_P90


def function_of(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize("bad", ["x = 1\n" * 601, function_of(81), "async " + function_of(81)])
def test_a_size_over_the_bounds_is_caught(bad: str):
    assert findings(too_big, [Source("apps/bad.py", bad)])


@pytest.mark.parametrize("good", ["x = 1\n" * 600, function_of(80)])
def test_a_size_at_the_bounds_is_allowed(good: str):
    assert findings(too_big, [Source("apps/good.py", good)]) == []


def test_p90_ignores_one_in_ten_and_no_more():
    assert p90([1] * 9 + [999]) == 1
    assert p90([1] * 8 + [999] * 2) == 999
    assert p90([7]) == 7
