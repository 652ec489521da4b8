"""Members of staff and asking cases without a store, for tests of whom a case asks."""

from dataclasses import dataclass
from datetime import datetime

from tests.case_actions import START

AT = START


@dataclass(frozen=True)
class Member:
    """A row of ``actor``, who is always there."""

    handle: str
    roles: str
    department: str | None = None
    deputy: str | None = None

    def available(self, at: datetime) -> bool:
        return True


@dataclass(frozen=True)
class AskingCase:
    """A case, as far as it decides whom it asks."""

    kind: str
    state: str
    department: str | None
    owner: str | None


def asking(kind: str, state: str, department: str | None = None, owner: str | None = None) -> AskingCase:
    """Return a case of a kind in a state."""
    return AskingCase(kind, state, department, owner)
