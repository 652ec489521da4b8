"""Puts the comparison of a third party's scores with our own figures in the reader's words (E1)."""

from engine.rules.indicators import indicators
from locales.translation import label, translate
from reports.third_party import RECORDED, ComparedScore, rows_read


def comparison_text(locale: str, recorded: str) -> str:
    """Return recorded rows as one text; what is none of them, as it is."""
    if not RECORDED.fullmatch(recorded):
        return recorded
    return _word(locale, "between").join(_text(locale, row) for row in rows_read(recorded))


def row_texts(locale: str, row: ComparedScore) -> tuple[str, str, str, str, str, str]:
    """Return department, criterion, both scores, their difference and the verdict, for a table."""
    return (
        label(locale, "", "department", row.department),
        criterion_name(locale, row.criterion),
        points(row.theirs),
        points(row.ours),
        points(row.difference),
        _word(locale, f"verdict.{row.verdict}"),
    )


def criterion_name(locale: str, name: str) -> str:
    """Return what a criterion is called: as the indicator; one that the house has published itself has its code."""
    known = indicators().get(name)
    return name if known is None else known.label[locale]


def points(hundredths: int | None) -> str:
    """Return hundredths as points."""
    return "–" if hundredths is None else f"{hundredths / 100:.2f}"


def _text(locale: str, row: ComparedScore) -> str:
    names = ("department", "criterion", "theirs", "ours", "difference", "verdict")
    words = dict(zip(names, row_texts(locale, row), strict=True))
    return _word(locale, "row", sample=row.sample, **words)


def _word(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"third_party_evaluation.comparison.{key}", **params)
