"""The health of one part of the system, as a code with facts, for programs and for people."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from locales.translation import page_key, translate, when_in_zone


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

    def text(self, locale: str, *, on_page: bool = False) -> str:
        """Return the text for people, of a command or a page; instants in the reader's zone, with its name."""
        shown = {name: when_in_zone(fact) if isinstance(fact, datetime) else fact for name, fact in self.facts.items()}
        keys = (f"{self.messages or self.part}_{self.code}", *self.notes)
        messages = (page_key(locale, f"cli.status.{key}") if on_page else f"cli.status.{key}" for key in keys)
        return "; ".join(translate(locale, message, **shown) for message in messages)

    def document(self) -> dict[str, Any]:
        """Return the document for programs; instants in UTC."""
        facts = {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in self.facts.items()}
        return {"ok": self.ok, "code": self.code, **facts}
