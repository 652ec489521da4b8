"""Read JSON of a request strictly: no key twice, no NaN, bounded depth and numbers. What is ambiguous is refused."""

import json
from typing import Any

from statemachines.refused import Refused

MOST_LEVELS = 32
"""The deepest nesting of any body that the API takes; a deeper one is an attack or a mistake."""
MOST_DIGITS = 400
"""The longest number. Python takes quadratic time for the digits of an integer."""


def strict_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises ``Refused('bad_json' | 'repeated_json_key' | 'json_too_deep')``.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole, parse_float=_decimal
        )
    except RecursionError:
        raise Refused("json_too_deep", most=MOST_LEVELS) from None
    except ValueError:
        raise Refused("bad_json") from None
    _refuse_deep(value)
    return value


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return
    raise Refused("json_too_deep", most=MOST_LEVELS)


def _inner(value: Any) -> list[Any]:
    """Return the arrays and objects directly inside a value."""
    if isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, dict | list)]
    return [each for each in value if isinstance(each, dict | list)] if isinstance(value, list) else []


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Refused("repeated_json_key")
    return document


def _constant(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity are no JSON


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("a number of too many digits")
    return int(text)


def _decimal(text: str) -> float:
    if len(text) > MOST_DIGITS or (value := float(text)) in (float("inf"), float("-inf")):
        raise ValueError("a number out of range")
    return value
