"""Greetings as documents for programs: the same at the command line and in the API (D3)."""

from dataclasses import asdict
from typing import Any

from reports.care import CareFigures
from reports.greeting_list import GreetingsOfPeriod


def care_figures_document(figures: CareFigures) -> dict[str, Any]:
    """Return the figures: by occasion what became of the greetings, and who agrees and withdrew."""
    return {
        **{name: getattr(figures, name) for name in ("agreed", "withdrawn", "opt_outs")},
        "occasions": [{**asdict(each), "withheld": dict(each.withheld)} for each in figures.occasions],
    }


def greetings_document(seen: GreetingsOfPeriod) -> dict[str, Any]:
    """Return the greetings of a period, with its figures and those of its months."""
    return {
        "period": seen.period.name,
        **care_figures_document(seen.total),
        "months": [{"month": month.name, **care_figures_document(each)} for month, each in seen.months],
        "greetings": [asdict(each) for each in seen.greetings],
        "withdrawals": [asdict(each) for each in seen.withdrawals],
    }
