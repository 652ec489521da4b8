"""What ``verify`` does not cover: the one list, of which docs/tampering.md and the tampering tests are made."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What of a table can be changed unnoticed, and why: columns, and whole rows (deleted, inserted, exchanged)."""

    why: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


UNCOVERED: Mapping[str, Uncovered] = {}
