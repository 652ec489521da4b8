"""Keeps what indicators count, so that reading them takes no pass over the record, and compares the two (E2).

Each question is read in one snapshot and written in one transaction, whole and as of the same instant: a night that is
killed, repeated or made twice at once counts nothing twice. See Note [Settled] in ``engine/kept_counts.py``.
"""

import orjson

from engine.audit.verify import Fault
from engine.kept_counts import KeptCount, forget_others, keep_count, kept_count, kept_instants, questions_kept
from engine.ledger.anchoring import settled
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from flows.run_text import RunText
from flows.work import Work, off_loop
from reports.indicators.kept_cells import carried_forward, counted_anew
from reports.indicators.kept_durations import durations_anew, durations_carried, same_durations
from reports.indicators.kept_questions import Question, month_ends, questions
from reports.indicators.record_cells import RecordReader

WEEK = 7 * 24 * 3_600_000_000


async def keep_counts(work: Work) -> None:
    """Bring every count forward to the last anchor."""
    work.log(RunText("log.counts_kept", count=await off_loop(count_questions, work.store)))


async def compare_counts(work: Work) -> list[Fault]:
    """Compare every count with the record, and keep what the record says."""
    return await off_loop(recount, work.store)


def count_questions(store: Store) -> int:
    """Count the questions of the indicators in force as of the settled instant; return of how many cells are kept."""
    with store.looking() as tx:
        at = settled(tx)
    return 0 if at is None else count_as_of(store, at)


def count_as_of(store: Store, at: int) -> int:
    """Count the questions as of an instant, in microseconds, before which nothing is recorded any more.

    Where nothing was anchored since the last night, all of them are kept as of that instant, and nothing is written:
    what a killed night left is deleted by the next one that keeps something.
    """
    with store.looking() as tx:
        asked = {_key(tx, question): question for question in questions(rules_in(tx), at)}
        done = questions_kept(tx, at)
    if asked.keys() <= done:
        return len(asked)
    brought = [(key if key in done else _brought_to(store, each, at), each) for key, each in asked.items()]
    kept = {key: month_ends(question.zone, at) for key, question in brought if key is not None}
    with store.writing() as tx:
        forget_others(tx, kept, at)
    return len(kept)


def recount(store: Store) -> list[Fault]:
    """Count anew what is kept as of the last night, and as of one other instant, each week the next of them.

    Keep what the record says, and return a fault for each count that was another one.
    """
    with store.looking() as tx:
        at = settled(tx)
        asked = [] if at is None else questions(rules_in(tx), at)
        compared = [(each, instant) for each in asked for instant in _to_compare(tx, each, at or 0)]
    return [fault for each, instant in compared if (fault := _compared(store, each, instant)) is not None]


def _brought_to(store: Store, question: Question, at: int) -> str | None:
    """Keep the count of a question as of an instant, and as of the ends of months that were over by then.

    Return its key; None where it has too many cells.
    """
    with store.looking() as tx:
        key = _key(tx, question)
        kept = kept_count(tx, key)
    ends = month_ends(question.zone, at)
    since = ends[-1] - 1 if kept is None else kept.as_of
    for instant in sorted({end for end in (*ends, at) if since < end}):
        with store.looking() as tx:
            reader = RecordReader.at(tx, rules_in(tx), instant)
            count = _counted(reader, question) if kept is None else _carried(reader, question, kept)
        if count is None:
            return None
        with store.writing() as tx:
            keep_count(tx, count)
        if not question.of_durations:  # of these, a row of the end of a month is not all that the next one needs
            kept = count
    return key


def _compared(store: Store, question: Question, at: int) -> Fault | None:
    with store.looking() as tx:
        kept = kept_count(tx, _key(tx, question), at)
        if kept is None:
            return None
        count = _counted(RecordReader.at(tx, rules_in(tx), at), question)
    if count is None or _same(question, count, kept):
        return None
    with store.writing() as tx:
        keep_count(tx, count)
    return Fault("", 0, f"count_wrong {question.facts}")


def _counted(reader: RecordReader, question: Question) -> KeptCount | None:
    return (durations_anew if question.of_durations else counted_anew)(reader, question)


def _carried(reader: RecordReader, question: Question, kept: KeptCount) -> KeptCount | None:
    return (durations_carried if question.of_durations else carried_forward)(reader, question, kept)


def _same(question: Question, one: KeptCount, other: KeptCount) -> bool:
    if question.of_durations:
        return same_durations(one, other)
    return orjson.dumps(one.cells) == orjson.dumps(other.cells)


def _to_compare(tx: Tx, question: Question, at: int) -> list[int]:
    """Return the newest instant as of which a question is kept, and one of the others by the number of the week."""
    *others, newest = kept_instants(tx, _key(tx, question)) or [0]
    return [newest, others[at // WEEK % len(others)]] if others else [newest]


def _key(tx: Tx, question: Question) -> str:
    return question.key(rules_in(tx), postgres=tx.postgres)
