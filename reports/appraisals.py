"""Compute a person's appraisal for a period (E6) by the weights of his pack: from indicators and scores of conduct.

An indicator of which nothing was observed has no weight: silence neither raises nor lowers the score. Nobody is
compared with anybody, so there is no rank.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules, rules_in
from engine.rules.indicator_definition import Indicator, Unit
from engine.rules.pack_sections import CONDUCT, AppraisalFormula
from engine.store import Store
from engine.transaction import Tx
from reports.appraisal_parts import AppraisedPart, PartNote
from reports.conduct_figures import ConductScore, scores_of_person
from reports.indicators.cells import Reader
from reports.indicators.figures import Figure, figures, spans_of
from reports.indicators.periods import Period, period_of
from reports.wilson import wilson_interval
from statemachines.refused import Refused

PERSON = "person"
LISTED = 20
"""How many of the cases behind the figures are named."""
OF_HUNDRED = frozenset({Unit.PERCENT, Unit.POINTS})
"""The units of figures from 0 to 100, which alone can be weighed against each other."""
NUMBERS = "SELECT number FROM cases WHERE id = ANY(:ids) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The figures of a person: the edition of the pack whose weights were used, the parts, the cases behind them."""

    edition: str
    parts: tuple[AppraisedPart, ...]
    cases: tuple[str, ...]

    @property
    def observed(self) -> int:
        """Return the weight of what was observed, of 100."""
        return sum(part.weight for part in self.parts if part.exact is not None)

    @property
    def score(self) -> int | None:
        """Return the weighted mean of what was observed, in hundredths of a point; None where nothing was."""
        if not self.observed:
            return None
        values = (part.exact * part.weight for part in self.parts if part.exact is not None)
        mean = sum(values, Fraction()) / self.observed
        hundredths = Decimal(mean.numerator * 100) / Decimal(mean.denominator)
        return int(hundredths.quantize(Decimal(1), ROUND_HALF_EVEN))


def appraise(store: Store, pack: str, handle: str, period: str, as_of: int) -> Appraisal:
    """Return the appraisal of a person from what was recorded by an instant, in microseconds.

    Raises ``Refused('no_formula' | 'not_of_hundred' | 'unknown_indicator' | 'unknown_group' | 'bad_period')``.
    """
    with store.looking() as tx:
        return _appraised(tx, pack, handle, period_of(period), as_of)


def _appraised(tx: Tx, pack_name: str, handle: str, period: Period, as_of: int) -> Appraisal:
    rules = rules_in(tx)
    pack = rules.pack(pack_name, as_of)
    if pack.appraisal is None:
        raise Refused("no_formula", pack=pack.edition)
    weights = pack.appraisal.weights
    indicators = [_of_hundred(rules.indicator(name, as_of)) for name in weights if name != CONDUCT]
    found = figures(tx, rules, indicators, [period], as_of, by=(PERSON,))
    own = {name: next((f for f in found[name] if f.group == ((PERSON, handle),)), None) for name in found}
    zone = ZoneInfo(pack.zone)
    span = period.begins(zone), period.ends(zone)
    scores = scores_of_person(tx, handle, span, as_of) if CONDUCT in weights else []
    parts = tuple(
        _conduct_part(weight, scores, pack.appraisal) if name == CONDUCT else _part(name, weight, own[name])
        for name, weight in weights.items()
    )
    behind = {score.case_id for score in scores if score.hundredths is not None}
    return Appraisal(pack.edition, parts, _cases(tx, rules, indicators, period, handle, as_of, behind))


def _part(name: str, weight: int, figure: Figure | None) -> AppraisedPart:
    if figure is None or figure.exact is None:
        return AppraisedPart(name, weight)
    note = PartNote.SMALL if figure.small else PartNote.NONE
    return AppraisedPart(name, weight, figure.exact, figure.sample, figure.low, figure.high, note)


def _conduct_part(weight: int, scores: Sequence[ConductScore], formula: AppraisalFormula) -> AppraisedPart:
    """Return the mean of the scores of contacts; too few are left out, and said. What was not observed is no score."""
    points = [score.hundredths for score in scores if score.hundredths is not None]
    if len(points) < formula.conduct_samples:
        return AppraisedPart(CONDUCT, weight, sample=len(points), note=PartNote.FEW if points else PartNote.NONE)
    mean = Fraction(sum(points), len(points) * 100)
    low, high = (Decimal(100 * bound) for bound in wilson_interval(float(mean / 100), len(points)))
    return AppraisedPart(CONDUCT, weight, mean, len(points), low, high)


def _of_hundred(indicator: Indicator) -> Indicator:
    if indicator.unit not in OF_HUNDRED:
        raise Refused("not_of_hundred", indicator=indicator.name, unit=indicator.unit)
    return indicator


def _cases(
    tx: Tx, rules: Rules, indicators: Iterable[Indicator], period: Period, handle: str, as_of: int, behind: set[int]
) -> tuple[str, ...]:
    """Return the numbers of the cases that the figures count, and of those ``behind`` the scores of conduct."""
    reader, ids = Reader.at(tx, rules, as_of), set(behind)
    for indicator in indicators:
        side = indicator.denominator or indicator.numerator
        if side is not None:
            filters: Mapping[str, tuple[str, ...]] = {**indicator.filters_of(side), PERSON: (handle,)}
            [span] = spans_of(indicator, [period])
            ids.update(row.case_id for row in reader.by_case(side.query, span, filters, "TRUE", {}))
    return tuple(row.number for row in tx.rows_among(NUMBERS, ids=sorted(ids)))
