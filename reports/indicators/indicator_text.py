"""What people read of a figure, wherever it is shown: value and unit, target, sample, and what qualifies it.

Note [Digits of a verdict]: one digit after the point is enough for most figures, but not where rounding would belie the
verdict: 0.46 % reaches a target of < 0.5 %, and "0.5 %" would not. A value is shown with as many digits as its target
has, and with more until what is shown compares with the target as the exact value does.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from engine.rules.indicator_definition import Indicator, Unit
from locales.translation import DEFAULT, label, translate
from reports.indicators.figures import COMPARED, Figure, Group
from reports.indicators.statistics import rounded
from reports.indicators.survey_quality import SurveyQuality

SIGNS = {">=": "≥", "<=": "≤"}
MOST_DIGITS = 12
"""After so many digits a value and its target are shown as equal."""


def label_of(indicator: Indicator, locale: str) -> str:
    """Return the name of an indicator in a language."""
    return indicator.label.get(locale) or indicator.label[DEFAULT]


def meaning_of(indicator: Indicator, locale: str) -> str:
    """Return what an indicator means, in a language."""
    return indicator.meaning.get(locale) or indicator.meaning[DEFAULT]


def figure_text(indicator: Indicator, figure: Figure, locale: str) -> str:
    """Return value and unit, with the interval of a share; where there is no value, why."""
    if figure.exact is None:
        return _text(locale, f"why.{figure.why}")
    digits = digits_of(indicator, figure)
    value = short(rounded(figure.exact * _shown_scale(indicator), digits), digits)
    text = _text(locale, f"unit.{indicator.unit.value}", value=value)
    if figure.low is None or figure.high is None:
        return text
    low, high = short(figure.low, digits), short(figure.high, digits)
    return _text(locale, "with_interval", value=text, low=low, high=high)


def digits_of(indicator: Indicator, figure: Figure) -> int:
    """Return with how many digits after the point a value is shown. See Note [Digits of a verdict]."""
    usual = _usual_digits(indicator)
    if figure.exact is None or figure.target is None:
        return usual
    scale, compare = _shown_scale(indicator), COMPARED[figure.target.operator]
    value, target = figure.exact * scale, Fraction(figure.target.amount) * scale
    least = max(usual, _decimals(target))
    enough = (n for n in range(least, MOST_DIGITS) if compare(Fraction(rounded(value, n)), target) == figure.on_target)
    return next(enough, MOST_DIGITS)


def numerator_of(indicator: Indicator, figure: Figure) -> Decimal | int | None:
    """Return the numerator in the unit of the indicator: sums of points are kept in hundredths."""
    if figure.numerator is None or indicator.unit is not Unit.POINTS:
        return figure.numerator
    return Decimal(figure.numerator) / 100


def target_text(indicator: Indicator, figure: Figure, locale: str) -> str:
    """Return the target and whether it is reached; a dash without one."""
    if figure.target is None:
        return "–"
    amount = Fraction(figure.target.amount) * _shown_scale(indicator)
    digits = max(_usual_digits(indicator), _decimals(amount))
    text = _text(locale, f"unit.{indicator.unit.value}", value=short(rounded(amount, digits), digits))
    sign = f"{SIGNS.get(figure.target.operator, figure.target.operator)} {text}"
    if figure.on_target is None:
        return sign
    return _text(locale, "reached" if figure.on_target else "missed", target=sign)


def sample_text(figure: Figure, locale: str) -> str:
    """Return on how many facts a figure rests, and that these are few."""
    return _text(locale, "small_sample" if figure.small else "sample", count=figure.sample)


def group_text(group: Group, locale: str) -> str:
    """Return the attributes of a group with their values, in words where the catalogue has them."""
    return " · ".join(value_text(name, value, locale) for name, value in group)


def value_text(name: str, value: str, locale: str) -> str:
    """Return the value of an attribute in words; a person, a category and what has no words by its code."""
    if not value:
        return _text(locale, "nothing", name=_text(locale, f"attribute.{name}"))
    if name in {"stage", "lateness"}:
        return _text(locale, f"{name}.{value}")
    if name in {"person", "pack"}:
        return value
    return label(locale, "complaint" if name in {"clause", "cause"} else "", name, value)


def filters_text(filters: Mapping[str, Sequence[str]], locale: str) -> str:
    """Return filters in words."""
    return "; ".join(
        f"{_text(locale, f'attribute.{name}')}: {', '.join(value_text(name, value, locale) for value in values)}"
        for name, values in filters.items()
    )


def quality_texts(quality: SurveyQuality | None, locale: str) -> list[str]:
    """Return how many of those who were called answered, and whether they are like them."""
    if quality is None:
        return []
    rate = short(Decimal(quality.answered * 100) / quality.called) if quality.called else "–"
    texts = [_text(locale, "response", rate=rate, answered=quality.answered, called=quality.called)]
    for name, found in quality.strata.items():
        p = "–" if found.p is None else f"{found.p:.3f}"
        attribute = _text(locale, f"attribute.{name}")
        texts.append(_text(locale, f"sample_is.{found.verdict}", attribute=attribute, p=p))
    return texts


def short(number: Decimal, digits: int = 1) -> str:
    """Return a number as people read it: grouped, with so many digits after the point."""
    return f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def _shown_scale(indicator: Indicator) -> Fraction:
    """Return what a value is multiplied by where people read it: fen are shown in yuan."""
    return Fraction(1, 100) if indicator.unit is Unit.FEN else Fraction(1)


def _usual_digits(indicator: Indicator) -> int:
    return 2 if indicator.unit is Unit.FEN else 1


def _decimals(amount: Fraction) -> int:
    """Return how many digits after the point an amount has, at most ``MOST_DIGITS``."""
    exact = (digits for digits in range(MOST_DIGITS) if (amount * 10**digits).denominator == 1)
    return next(exact, MOST_DIGITS)


def _text(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"cli.kpi.{key}", **params)
