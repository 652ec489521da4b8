"""The health of one part of the system, as a code with facts, for programs and for people."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from locales.translation import translate, when_in_zone


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one part; ``notes`` name further messages about it, which do not make it better or worse.

    ``messages`` names the part whose messages it shares; without it, it has its own.
    """

    part: str
    ok: bool
    code: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()
    messages: str = ""

    def text(self, locale: str) -> str:
        """Return the text for people; instants in the reader's zone, with its name."""
        shown = {name: when_in_zone(fact) if isinstance(fact, datetime) else fact for name, fact in self.facts.items()}
        keys = (f"{self.messages or self.part}_{self.code}", *self.notes)
        return "; ".join(translate(locale, f"cli.status.{key}", **shown) for key in keys)

    def document(self) -> dict[str, Any]:
        """Return the document for programs; instants in UTC."""
        facts = {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in self.facts.items()}
        return {"ok": self.ok, "code": self.code, **facts}
