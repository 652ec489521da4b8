"""What is known of a case and which cases it came of or brought about, in words."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.commands.links import Relative, children, parents
from engine.transaction import Tx
from locales.translation import label, translate, when

MONEY = frozenset(
    {"approved", "claimed", "compensation", "cost", "expected", "fine", "recovered", "recovery", "worth", "written_off"}
)
"""Known figures that are fen."""
HUNDREDTHS = frozenset({"actual", "after", "before", "target"})
"""Known figures that are hundredths of a percent or of a point."""
SORTS = {"confirmed_cause": "cause", "lead_department": "department", "commended_department": "department"}
"""Known codes whose words stand under another name than their own."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def kind_words(locale: str, kind: str, nature: str | None) -> str:
    """The kind of a case, and the nature of the contact if it is narrower (A2)."""
    name = label(locale, "", "kind", kind)
    return f"{name} · {label(locale, kind, 'nature', nature)}" if nature else name


def words_of(locale: str, kind: str, known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known, as pairs of name and value; what has no label stands as it is."""
    return [(label(locale, kind, "known", name), _shown(locale, kind, name, value)) for name, value in known.items()]


def _shown(locale: str, kind: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return translate(locale, "cli.desk.yes" if value else "cli.desk.no")
    if isinstance(value, int):
        return _figure(locale, name, value)
    if INSTANT.fullmatch(value):
        return when(datetime.fromisoformat(value))
    return label(locale, kind, SORTS.get(name, name), value)


def _figure(locale: str, name: str, value: int) -> str:
    if name in MONEY:
        return translate(locale, "cli.desk.yuan", amount=f"{value / 100:,.2f}")
    return f"{value / 100:.2f}" if name in HUNDREDTHS else str(value)


@dataclass(frozen=True, slots=True)
class LinkView:
    """A case that this one came of ("parent"), or that came of it ("child"), and as what."""

    case: str
    kind: str
    relation: str
    direction: str
    state: str
    closed: bool

    def document(self) -> dict[str, Any]:
        """The link as programs read it."""
        return asdict(self)

    def words(self, locale: str) -> tuple[str, str]:
        """Direction and relation, and where the other case stands."""
        how = label(locale, self.kind, "relation", self.relation)
        kind, state = label(locale, "", "kind", self.kind), label(locale, self.kind, "state", self.state)
        return translate(locale, f"cli.desk.{self.direction}", relation=how), f"{self.case} · {kind} · {state}"


def links_of(tx: Tx, case_id: int) -> list[LinkView]:
    """A case's relatives: first those it came of."""
    came_of = [_link(one, "parent") for one in parents(tx, case_id)]
    return [*came_of, *(_link(one, "child") for one in children(tx, case_id))]


def _link(one: Relative, direction: str) -> LinkView:
    return LinkView(one.number, one.kind, one.relation, direction, one.state, bool(one.closed))
