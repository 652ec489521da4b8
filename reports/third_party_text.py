"""Puts the comparison of a third party's scores with our own figures in the reader's words (E1)."""

from locales.translation import label, translate
from reports.indicators.names import IndicatorNames, indicator_name
from reports.third_party import RECORDED, ComparedScore, rows_read


def comparison_text(locale: str, recorded: str, names: IndicatorNames) -> str:
    """Return recorded rows as one text; what is none of them, as it is."""
    if not RECORDED.fullmatch(recorded):
        return recorded
    return _word(locale, "between").join(_text(locale, row, names) for row in rows_read(recorded))


def row_texts(locale: str, row: ComparedScore, names: IndicatorNames) -> tuple[str, str, str, str, str, str]:
    """Return department, criterion, both scores, their difference and the verdict, for a table."""
    return (
        label(locale, "", "department", row.department),
        indicator_name(names, locale, row.criterion),
        points(row.theirs),
        points(row.ours),
        points(row.difference),
        _word(locale, f"verdict.{row.verdict}"),
    )


def points(hundredths: int | None) -> str:
    """Return hundredths as points."""
    return "–" if hundredths is None else f"{hundredths / 100:.2f}"


def _text(locale: str, row: ComparedScore, names: IndicatorNames) -> str:
    columns = ("department", "criterion", "theirs", "ours", "difference", "verdict")
    words = dict(zip(columns, row_texts(locale, row, names), strict=True))
    return _word(locale, "row", sample=row.sample, **words)


def _word(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"third_party_evaluation.comparison.{key}", **params)
