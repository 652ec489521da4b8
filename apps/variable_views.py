"""The variables and the relatives of a case as people read them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.commands.links import Relative, children, parents
from engine.transaction import Tx
from locales.translation import label, translate, when
from reports.appraisal_parts import figures_text
from reports.case_customer import unusable_text
from reports.indicators.names import IndicatorNames, indicator_name, shipped_names


def _comparison_text(locale: str, recorded: str, names: IndicatorNames) -> str:
    from reports.third_party_text import comparison_text  # the figures: only where scores were compared

    return comparison_text(locale, recorded, names)


MONEY = frozenset(
    {"approved", "claimed", "compensation", "cost", "expected", "fine", "recovered", "recovery", "worth", "written_off"}
)
"""Variables that are amounts in fen."""
MONEY_ENTERED = MONEY | {"amount", "cost_delta"}
"""Fields of forms that are amounts in fen."""
HUNDREDTHS = frozenset({"actual", "after", "appraisal_score", "before", "target"})
"""Variables in hundredths of a percent or of a point."""
SORTS = {
    "confirmed_cause": "cause", "confirmed_responsible": "responsible", "confirmed_degree": "degree",
    "lead_department": "department", "commended_department": "department", "cosigners": "department",
    "signed_by": "acceptor", "unset_limits": "clause",
}  # fmt: skip
"""Variables whose codes have their labels under another name."""
CODED = frozenset({
    *SORTS, "acceptor", "announcement", "asked_by", "category", "cause", "channel", "clause", "code", "customer_type",
    "degree", "department", "effect", "kind", "level", "lost_for", "medium", "nature", "opinion", "origin", "outcome",
    "penalty", "potential", "relation", "responsible", "severity", "sort", "tone", "trouble", "verdict", "way",
})  # fmt: skip
"""Fields of forms that hold a code, or several separated by blanks, which have their labels."""
WORDED: Mapping[tuple[str, str], Callable[[str, str, IndicatorNames], str]] = {
    ("appraisal", "figures"): figures_text,
    ("finding", "gaps"): _comparison_text,
    ("third_party_evaluation", "comparison"): _comparison_text,
}
"""Fields, each with its kind of case, that hold codes and numbers, and what makes words of them for a reader."""
INDICATOR = "indicator"
"""The field that holds the code of an indicator."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def kind_label(locale: str, kind: str, nature: str | None) -> str:
    """Return the kind of a case, and the nature of the contact if it is narrower (A2)."""
    name = label(locale, "", "kind", kind)
    return f"{name} · {label(locale, kind, 'nature', nature)}" if nature else name


def labelled(
    locale: str, kind: str, variables: Mapping[str, Any], names: IndicatorNames | None = None
) -> list[tuple[str, str]]:
    """Return the variables as pairs of name and value; a code without a label is returned as it is.

    ``names`` are those of the indicators in force; without them an indicator that the house published has its code.
    """
    known = shipped_names() if names is None else names
    return [
        (variable_label(locale, kind, name), _text(locale, kind, name, value, known))
        for name, value in variables.items()
    ]


def _text(locale: str, kind: str, name: str, value: Any, names: IndicatorNames) -> str:
    if isinstance(value, bool):
        return translate(locale, "cli.desk.yes" if value else "cli.desk.no")
    if isinstance(value, int):
        return _number(locale, name, value)
    if INSTANT.fullmatch(value):
        return when(datetime.fromisoformat(value))
    if (kind, name) in WORDED:
        return WORDED[kind, name](locale, value, names)
    if name == INDICATOR:
        return indicator_name(names, locale, value)
    return label(locale, kind, SORTS.get(name, name), value)


def yuan(locale: str, fen: int) -> str:
    """Return an amount in fen as yuan."""
    return translate(locale, "cli.desk.yuan", amount=f"{fen / 100:,.2f}")


def variable_label(locale: str, kind: str, name: str) -> str:
    """Return what a case variable is called: as a variable, else as the field of the form that set it."""
    return _first_label(locale, kind, name, ("known", "field"))


def field_label(locale: str, kind: str, name: str) -> str:
    """Return what a form's field is called: as a field, else as the case variable that it becomes."""
    return _first_label(locale, kind, name, ("field", "known"))


def _first_label(locale: str, kind: str, name: str, sorts: tuple[str, ...]) -> str:
    return next((text for sort in sorts if (text := label(locale, kind, sort, name)) != name), name)


def entered(locale: str, kind: str, name: str, value: Any, names: IndicatorNames | None = None) -> str:
    """Return the value of a form's field as the history shows it: codes by their labels, money in yuan.

    ``names`` as in ``labelled``.
    """
    if isinstance(value, bool):
        return translate(locale, "cli.desk.yes" if value else "cli.desk.no")
    if name in MONEY_ENTERED and isinstance(value, int):
        return yuan(locale, value)
    if (kind, name) in WORDED:
        return WORDED[kind, name](locale, str(value), shipped_names() if names is None else names)
    if name == INDICATOR:
        return indicator_name(shipped_names() if names is None else names, locale, str(value))
    if name == "unusable":
        return "; ".join(unusable_text(locale, code) for code in str(value).split())
    if name in CODED:
        return ", ".join(label(locale, kind, SORTS.get(name, name), code) for code in str(value).split())
    return when(datetime.fromisoformat(value)) if INSTANT.fullmatch(str(value)) else str(value)


def _number(locale: str, name: str, value: int) -> str:
    if name in MONEY:
        return yuan(locale, value)
    return f"{value / 100:.2f}" if name in HUNDREDTHS else str(value)


@dataclass(frozen=True, slots=True)
class LinkView:
    """A relative of a case, its relation, and its direction: "parent" or "child"."""

    case: str
    kind: str
    relation: str
    direction: str
    state: str
    closed: bool

    def document(self) -> dict[str, Any]:
        """Return the link for programs."""
        return asdict(self)

    def row(self, locale: str) -> tuple[str, str]:
        """Return the direction and relation, and the other case's number, kind and state."""
        relation = label(locale, self.kind, "relation", self.relation)
        kind, state = label(locale, "", "kind", self.kind), label(locale, self.kind, "state", self.state)
        return translate(locale, f"cli.desk.{self.direction}", relation=relation), f"{self.case} · {kind} · {state}"


def links_of(tx: Tx, case_id: int) -> list[LinkView]:
    """Return a case's relatives, parents first."""
    above = [_link(relative, "parent") for relative in parents(tx, case_id)]
    return [*above, *(_link(relative, "child") for relative in children(tx, case_id))]


def _link(relative: Relative, direction: str) -> LinkView:
    return LinkView(relative.number, relative.kind, relative.relation, direction, relative.state, bool(relative.closed))
