"""A golden case: the recorded history of one case in a small JSON file, with the decision at each step.

``rewritten`` names the decisions (a page in ``docs/adr/``) that changed the outcome after it was first recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "lives"
PACK = Path(__file__).parent / "logistics.toml"
"""The pack under which all of them were recorded, so that later changes of the shipped pack have no effect on them."""


@dataclass(frozen=True)
class Step:
    """One transition. Instants are microseconds after the beginning; ``form`` holds the texts in plain."""

    move: str
    source: str
    dest: str
    cycle: int
    level: int
    via: str
    actor: str
    occurred: int
    recorded: int
    form: Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """A move that was refused after so many transitions, with the code of the refusal."""

    after: int
    actor: str
    move: str
    form: Mapping[str, Any]
    at: int
    code: str


@dataclass(frozen=True)
class GoldenCase:
    """A case until the instant ``until``: its transitions, refusals, escalation steps and timers with outcomes."""

    kind: str
    lifecycle: str
    limits: Mapping[str, Any]
    until: int
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    escalation_steps: tuple[tuple[str, int, int], ...]
    timers: tuple[tuple[str, int, str | None], ...]
    rewritten: tuple[str, ...] = field(default=())


FILE_KEYS = {"escalation_steps": "rungs", "timers": "clocks"}
"""Fields with another name in the files, which are never rewritten for a new name."""


def read(path: Path) -> GoldenCase:
    """Read a golden case from its file."""
    document = json.loads(path.read_text("utf-8"))
    values = document | {"steps": tuple(Step(**step) for step in document["steps"])}
    values |= {"refusals": tuple(Refusal(**refusal) for refusal in document["refusals"])}
    values |= {name: tuple(tuple(row) for row in values.pop(key)) for name, key in FILE_KEYS.items()}
    return GoldenCase(**values | {"rewritten": tuple(document["rewritten"])})


def write(path: Path, case: GoldenCase) -> None:
    """Write a golden case to its file: one line for each step, so that a difference can be read."""
    lines: list[str] = []
    for field_name, value in asdict(case).items():
        name = FILE_KEYS.get(field_name, field_name)
        if isinstance(value, tuple) and value:
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            lines.append(f"  {json.dumps(name)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
