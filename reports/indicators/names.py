"""What indicators are called in each language: the shipped ones, and those that the house has published (E2)."""

from collections.abc import Mapping
from datetime import datetime

from engine.rules.in_force import rules_in
from engine.rules.indicators import indicators
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

IndicatorNames = Mapping[str, Mapping[str, str]]
"""The names of indicators by code and language."""


def shipped_names() -> IndicatorNames:
    """Return the names of the indicators that are shipped."""
    return {code: each.label for code, each in indicators().items()}


def indicator_names(tx: Tx, at: int) -> IndicatorNames:
    """Return the names of the indicators in force at an instant, in microseconds."""
    return {code: each.label for code, each in rules_in(tx).indicators(at).items()}


def indicator_names_at(store: Store, at: datetime) -> IndicatorNames:
    """Return the names of the indicators in force at an instant."""
    with store.looking() as tx:
        return indicator_names(tx, to_micros(at))


def indicator_name(names: IndicatorNames, locale: str, code: str) -> str:
    """Return the name of an indicator; one that is not in force any more has its code."""
    return names.get(code, {}).get(locale, code)
