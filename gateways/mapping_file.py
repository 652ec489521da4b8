"""Load a mapping file (TOML, UTF-8) as a model, and report each mistake with its file, line and key.

The only loader: contact files (``ContactMapping``) and logs (``LogMapping``) differ in their model. What is wrong and
what to do stands in the catalogues under the problem's code, ``bad_mapping.*``.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateways.charset import read_text
from gateways.problems import Problem, Unreadable, excerpt
from models.contact import Channel
from models.toml_text import BadToml, parsed_toml

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str, ...]

_CODES = {
    "extra_forbidden": "bad_mapping.unknown_key",
    "missing": "bad_mapping.missing_key",
    "enum": "bad_mapping.unknown_channel",
    "unknown_zone": "bad_mapping.unknown_zone",
    "unknown_encoding": "bad_mapping.unknown_encoding",
    "bad_format": "bad_mapping.bad_format",
    "one_of_both": "bad_mapping.one_of_both",
    "word_twice": "bad_mapping.word_twice",
    "no_words": "bad_mapping.no_words",
    "wide_or_event": "bad_mapping.wide_or_event",
    "bad_rule": "bad_mapping.bad_rule",
}
"""The code of each error type, pydantic's and our validators'; any other is ``bad_mapping.wrong_value``."""
_TOML_CODES = {
    "": "bad_mapping.not_toml",
    "too_long": "bad_mapping.too_long",
    "too_deep": "bad_mapping.too_deep",
    "large_number": "bad_mapping.large_number",
}
"""The code of each fault of the parser of TOML."""
_WITHOUT_VALUE = frozenset({"bad_mapping.unknown_key", "bad_mapping.missing_key"})
_TABLE = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")


class BadMapping(Exception):
    """The mapping file cannot be used; the ``row`` of a problem is its line and the ``column`` its key."""

    def __init__(self, path: Path, *problems: Problem) -> None:
        super().__init__(str(path), *(f"{problem.column}: {problem.code}" for problem in problems))
        self.path = path
        self.problems = problems


def load_mapping(path: Path, model: type[Model]) -> Model:
    """Return the file as a model. Raises ``BadMapping`` with all mistakes."""
    text = _read(path)
    try:
        content = parsed_toml(text)
    except BadToml as error:
        at = re.search(r"line (\d+)", str(error))
        raise _unusable(path, _TOML_CODES[error.code], line=int(at[1]) if at else None) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = _lines(text)
        raise BadMapping(path, *(_problem(path, detail, lines) for detail in error.errors())) from error


def _read(path: Path) -> str:
    try:
        return read_text(path)[0]
    except FileNotFoundError as error:
        raise _unusable(path, "bad_mapping.missing_file") from error
    except Unreadable as error:
        irregular = error.problems[0].code in {"bad_file.not_a_file", "bad_file.too_large"}
        raise _unusable(path, "bad_mapping.unreadable" if irregular else "bad_mapping.not_toml") from error
    except (OSError, ValueError) as error:
        raise _unusable(path, "bad_mapping.unreadable") from error


def _unusable(path: Path, code: str, line: int | None = None) -> BadMapping:
    return BadMapping(path, Problem(line, None, code, {"file": excerpt(path.name)}))


def _lines(text: str) -> dict[KeyPath, int]:
    """Return the line of each table and key, from 1. A repeated table (``[[...]]``) has its index in the path.

    tomllib and tomlkit tell no positions. A key on the later lines of an inline value is found by its nearest parent.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _TABLE.fullmatch(line):
            table = tuple(_bare(part) for part in head[1].split("."))
            if line.lstrip().startswith("[["):
                table = (*table, str(sum(path[:-1] == table and path[-1].isdigit() for path in lines)))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, _bare(key[1])), number)
    return lines


def _bare(key: str) -> str:
    return key.strip().strip("\"'")


def _problem(path: Path, detail: ErrorDetails, lines: dict[KeyPath, int]) -> Problem:
    key = tuple(str(step) for step in detail["loc"])
    parents = (key[:end] for end in range(len(key), 0, -1))
    line = next((lines[parent] for parent in parents if parent in lines), None)
    code, choices = _CODES.get(detail["type"], "bad_mapping.wrong_value"), detail.get("ctx", {}).get("expected", "")
    if code == "bad_mapping.unknown_channel" and Channel.HOTLINE not in choices:
        code = "bad_mapping.unknown_choice"
    params: dict[str, str | int] = {"file": excerpt(path.name), "key": excerpt(".".join(key) or "*")}
    if code not in _WITHOUT_VALUE:
        params["value"] = excerpt(_wrong_value(detail))
    if code == "bad_mapping.unknown_channel":
        params["channels"] = ", ".join(Channel)
    if code == "bad_mapping.unknown_choice":
        params["choices"] = choices.replace("'", "").replace(" or ", ", ")
    return Problem(line, ".".join(key) or None, code, params)


def _wrong_value(detail: ErrorDetails) -> Any:
    """Return what a validator names as wrong, else the whole input."""
    return detail.get("ctx", {}).get("value", detail["input"])
