"""Find what a night kept that answers a question as of an instant, near enough to be read with the difference (E2)."""

from collections.abc import Sequence
from typing import Any

import orjson

from engine.kept_counts import KeptCount, kept_count, kept_of
from engine.rules.indicator_queries import Facts
from engine.transaction import Tx
from reports.indicators.kept_questions import Question, begins_month
from reports.indicators.record_at import CHANGED
from reports.indicators.record_cells import RecordReader, Span

MOVED = "SELECT count(*) AS n FROM ({changed} LIMIT :most) moved"
CASES = "SELECT max(id) AS n FROM cases"
ALWAYS_FEW, PART = 1_000, 8
"""So many cases, or one in so many, are read twice in less time than all of them once."""

MOST_KEPT = 50_000
"""The most cells that are kept of a question: some megabytes. Where there are more, the record is read."""


def kept_near(
    reader: RecordReader, facts: Facts, spans: Sequence[Span], names: Sequence[str], queries: Sequence[str]
) -> KeptCount | None:
    """Return what is kept of these facts by these attributes and queries; None where the record must be read."""
    for row in kept_of(reader.tx, facts):
        question = _question_of(facts, row)
        if question is None or not question.answers(names, queries):
            continue
        if question.key(reader.rules, postgres=reader.tx.postgres) != row.question:
            continue
        if not _whole_months(question.zone, spans):
            continue
        kept = kept_count(reader.tx, row.question, reader.as_of)
        if kept is None or min(spans)[0] < kept.since:
            kept = kept_count(reader.tx, row.question)
        if kept is not None and min(spans)[0] >= kept.since and _is_near(reader, kept):
            return kept
    return None


def few_moved(tx: Tx, since: int) -> bool:
    """Return whether so few cases moved since an instant that reading them twice is less work than reading all."""
    most = max(ALWAYS_FEW, (tx.row(CASES).n or 0) // PART)
    moved: int = tx.row(MOVED.format(changed=CHANGED.format(since="since")), since=since, most=most + 1).n
    return moved <= most


def period_of_month(month: int, spans: Sequence[Span]) -> int | None:
    """Return the number of the period in which a month begins; None where it is none of them."""
    return next((number for number, (begin, end) in enumerate(spans) if begin <= month < end), None)


def _is_near(reader: RecordReader, kept: KeptCount) -> bool:
    return kept.as_of == reader.as_of or few_moved(reader.tx, min(kept.as_of, reader.as_of))


def _whole_months(zone: str, spans: Sequence[Span]) -> bool:
    return all(begins_month(zone, instant) for span in spans for instant in span)


def _question_of(facts: Facts, row: Any) -> Question | None:
    """Return the question that a row says it answers; None where it cannot be read."""
    try:
        names, queries = (tuple(map(str, orjson.loads(text))) for text in (row.names, row.queries))
        return Question(facts, row.zone, names, queries)
    except (TypeError, ValueError):
        return None
