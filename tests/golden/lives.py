"""A golden life: what one case went through once, in a small JSON file, and what was decided at each step.

``rewritten`` names the decisions (a page in ``docs/adr/``) by which a life may end otherwise than it once did.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "lives"
PACK = Path(__file__).parent / "logistics.toml"
"""The pack under which all of them lived: a limit that changes tomorrow changes nothing of the past."""


@dataclass(frozen=True)
class Step:
    """One transition. Instants are microseconds after the beginning; ``form`` holds the words as they were said."""

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
    """What somebody tried when the case had made so many moves, and the code of why not."""

    after: int
    actor: str
    move: str
    form: Mapping[str, Any]
    at: int
    code: str


@dataclass(frozen=True)
class Life:
    """A case from its beginning to ``until``: its steps, what was refused, its rungs, and how its clocks ended."""

    kind: str
    lifecycle: str
    limits: Mapping[str, Any]
    until: int
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    rungs: tuple[tuple[str, int, int], ...]
    clocks: tuple[tuple[str, int, str | None], ...]
    rewritten: tuple[str, ...] = field(default=())


def read(path: Path) -> Life:
    """A life from its file."""
    told = json.loads(path.read_text("utf-8"))
    told |= {"steps": tuple(Step(**step) for step in told["steps"])}
    told |= {"refusals": tuple(Refusal(**refusal) for refusal in told["refusals"])}
    told |= {name: tuple(tuple(row) for row in told[name]) for name in ("rungs", "clocks")}
    return Life(**told | {"rewritten": tuple(told["rewritten"])})


def write(path: Path, life: Life) -> None:
    """A life into its file: one line for each step, so that a difference can be read."""
    lines: list[str] = []
    for name, value in asdict(life).items():
        if isinstance(value, tuple) and value:
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            lines.append(f"  {json.dumps(name)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
