"""What an agent asks on the phone: the steps of the script by the sort of contact, and what must be asked (A1).

The policy packs hold neither; what each step says stands in the catalogues (``contact.script``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.contact import Channel
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

BY_PHONE: Final = frozenset({Channel.HOTLINE})
WHO: Final = ("customer", "phone")
"""What must be asked of who calls; he may refuse to say it."""
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": ("text", "demand"),
    "inquiry": ("text",),
    "service_order": ("text", "demand", "requested_at"),
    "evaluation": ("text",),
}
"""What must be asked of the matter, by kind: A1 names the demand, and of a service the time at which it is wanted."""
STEPS: Final = ("opening", "identity", "matter", "reading_back", "closing")


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """A step of the script; ``sort`` is the kind or the nature whose words it has, empty where all share them."""

    name: str
    sort: str = ""


def steps_for(sort: str) -> list[ScriptStep]:
    """Return the steps of a call about a kind or a nature."""
    return [ScriptStep(name, sort if name == "matter" else "") for name in STEPS]


def must_ask(sort: str, *, who: bool = True) -> tuple[str, ...]:
    """Return the fields that must be filled in of a call about a kind or a nature; without ``who`` is calling."""
    return (*(WHO if who else ()), *ASKED.get(lifecycle_of(sort).kind, ("text",)))


def check_by_phone(channel: str, sort: str, given: Mapping[str, str], *, who: bool = True) -> None:
    """Raise ``Refused('form')`` where something that must be asked on the phone is missing."""
    if channel not in BY_PHONE:
        return
    missing = [name for name in must_ask(sort, who=who) if not given.get(name, "").strip()]
    if missing:
        faults = [{"field": name, "why": "missing", "text": "missing", "limits": {}} for name in missing]
        raise Refused("form", move="open", fields=faults)
