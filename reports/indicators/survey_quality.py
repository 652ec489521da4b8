"""How far a figure of answers can be trusted: how many answered, and whether they are like all who were called."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_queries import QUERIES, Facts
from engine.transaction import Tx
from reports.indicators.cells import Reader
from reports.indicators.figures import spans_of
from reports.indicators.kept_questions import COUNTED, STRATA
from reports.indicators.periods import Period
from reports.indicators.statistics import Representativeness, representativeness


@dataclass(frozen=True, slots=True)
class SurveyQuality:
    """How many rounds were called and answered, and for each attribute whether the answered are like the called."""

    called: int
    answered: int
    strata: Mapping[str, Representativeness]


def rests_on_answers(indicator: Indicator) -> bool:
    """Return whether an indicator counts what customers answered."""
    return indicator.numerator is not None and QUERIES[indicator.numerator.query].facts is Facts.ANSWERS


def survey_quality(tx: Tx, rules: Rules, indicator: Indicator, period: Period, as_of: int) -> SurveyQuality | None:
    """Return the quality of the answers behind a figure; None for an indicator that does not rest on answers."""
    if indicator.numerator is None or not rests_on_answers(indicator):
        return None
    filters = indicator.filters_of(indicator.numerator)
    reader = Reader.at(tx, rules, as_of)
    cells = reader.cells(Facts.ANSWERS, spans_of(indicator, [period]), {*filters, *STRATA}, COUNTED)
    cells = [cell for cell in cells if cell.meets(filters)]
    strata: dict[str, Representativeness] = {}
    for name in STRATA:
        answered, called = Counter[str](), Counter[str]()
        for cell in cells:
            answered[cell.attributes[name]] += cell.sums["rounds_answered"]
            called[cell.attributes[name]] += cell.sums["rounds_called"]
        strata[name] = representativeness([(answered[value], called[value]) for value in sorted(called)])
    totals = [sum(cell.sums[query] for cell in cells) for query in COUNTED]
    return SurveyQuality(totals[0], totals[1], strata)
