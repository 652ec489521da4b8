"""What people read of a figure, wherever it is shown: value and unit, target, sample, and what qualifies it."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from engine.rules.indicator_definition import Indicator, Unit
from locales.translation import DEFAULT, label, translate
from reports.indicators.figures import Figure, Group
from reports.indicators.survey_quality import SurveyQuality

SIGNS = {">=": "≥", "<=": "≤"}


def label_of(indicator: Indicator, locale: str) -> str:
    """Return the name of an indicator in a language."""
    return indicator.label.get(locale) or indicator.label[DEFAULT]


def meaning_of(indicator: Indicator, locale: str) -> str:
    """Return what an indicator means, in a language."""
    return indicator.meaning.get(locale) or indicator.meaning[DEFAULT]


def figure_text(indicator: Indicator, figure: Figure, locale: str) -> str:
    """Return value and unit, with the interval of a share; where there is no value, why."""
    if figure.value is None:
        return _text(locale, f"why.{figure.why}")
    text = amount_text(indicator, figure.value, locale)
    if figure.low is None or figure.high is None:
        return text
    low, high = short(figure.low), short(figure.high)
    return _text(locale, "with_interval", value=text, low=low, high=high)


def numerator_of(indicator: Indicator, figure: Figure) -> Decimal | int | None:
    """Return the numerator in the unit of the indicator: sums of points are kept in hundredths."""
    if figure.numerator is None or indicator.unit is not Unit.POINTS:
        return figure.numerator
    return Decimal(figure.numerator) / 100


def amount_text(indicator: Indicator, amount: Decimal, locale: str) -> str:
    """Return an amount with the unit of an indicator; fen are shown in yuan."""
    if indicator.unit is Unit.FEN:
        return _text(locale, "unit.fen", value=short(amount / 100, 2))
    return _text(locale, f"unit.{indicator.unit.value}", value=short(amount))


def target_text(indicator: Indicator, figure: Figure, locale: str) -> str:
    """Return the target and whether it is reached; a dash without one."""
    if figure.target is None:
        return "–"
    operator, amount = figure.target.operator, amount_text(indicator, figure.target.amount, locale)
    sign = f"{SIGNS.get(operator, operator)} {amount}"
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
    if name == "stage":
        return _text(locale, f"stage.{value}")
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


def _text(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"cli.kpi.{key}", **params)
