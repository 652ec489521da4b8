"""What people read at any door of a figure that was read before: what it was then, and the cases that changed it."""

from collections.abc import Iterable

from apps.principal_indicators import Reread
from engine.rules.indicator_definition import Indicator
from locales.translation import label, translate, when
from reports.indicators.indicator_text import figure_text

LISTED = 10
"""The most changed cases that are shown."""


def reread_texts(indicator: Indicator, reread: Reread | None, locale: str) -> list[str]:
    """Return the figure of the other instant, and the cases that made the difference with what was recorded of them."""
    if reread is None:
        return []
    texts = [reread_text(indicator, reread, locale)]
    for each in reread.corrections.listed[:LISTED]:
        moves = ", ".join(_move_text(each.number, move, locale) for move in _distinct(move for move, _ in each.moves))
        texts.append(f"  {each.number}: {moves or _text(locale, 'another_case')}")
    return texts


def reread_text(indicator: Indicator, reread: Reread | None, locale: str) -> str:
    """Return the figure of the other instant, and how many cases count otherwise; empty without one."""
    if reread is None:
        return ""
    value = figure_text(indicator, reread.figure, locale)
    return _text(locale, "reread", as_of=when(reread.as_of), value=value, cases=reread.corrections.cases)


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _move_text(number: str, move: str, locale: str) -> str:
    if move == "import_orders":
        return _text(locale, "import_orders")
    from statemachines.kinds import lifecycles

    kind = next((kind for kind, table in lifecycles().items() if number.startswith(f"{table.prefix}-")), "")
    return label(locale, kind, "move", move)


def _text(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"cli.kpi.{key}", **params)
