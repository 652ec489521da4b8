"""Keeps what indicators count, so that reading them takes no pass over the record, and compares the two (E2).

Each question is read in one snapshot and written in one transaction, whole and as of the same instant: a night that is
killed, repeated or made twice at once counts nothing twice. See Note [Settled] in ``engine/kept_counts.py``.
"""

import orjson

from engine.audit.verify import Fault
from engine.kept_counts import KeptCount, forget_others, keep_count, kept_count, settled
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from flows.run_text import RunText
from flows.work import Work, off_loop
from reports.indicators.kept_cells import carried_forward, counted_anew
from reports.indicators.kept_questions import Question, questions
from reports.indicators.record_cells import RecordReader


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
        asked = [] if at is None else questions(rules_in(tx), at)
    kept = {key for question in asked if at is not None and (key := _brought_to(store, question, at))}
    with store.writing() as tx:
        forget_others(tx, kept)
    return len(kept)


def recount(store: Store) -> list[Fault]:
    """Count anew what is kept, and keep that; return a fault for each count that was another one."""
    with store.looking() as tx:
        at = settled(tx)
        asked = [] if at is None else questions(rules_in(tx), at)
    return [fault for question in asked if (fault := _compared(store, question)) is not None]


def _brought_to(store: Store, question: Question, at: int) -> str | None:
    """Keep the count of a question as of an instant and return its key; None where it has too many cells."""
    with store.looking() as tx:
        key, kept = _kept(tx, question)
        if kept is not None and kept.as_of >= at:
            return key
        reader = RecordReader.at(tx, rules_in(tx), at)
        count = counted_anew(reader, question) if kept is None else carried_forward(reader, question, kept)
    if count is None:
        return None
    with store.writing() as tx:
        keep_count(tx, count)
    return key


def _compared(store: Store, question: Question) -> Fault | None:
    with store.looking() as tx:
        _, kept = _kept(tx, question)
        if kept is None:
            return None
        count = counted_anew(RecordReader.at(tx, rules_in(tx), kept.as_of), question)
    if count is None or orjson.dumps(count.cells) == orjson.dumps(kept.cells):
        return None
    with store.writing() as tx:
        keep_count(tx, count)
    return Fault("", 0, f"count_wrong {question.facts}")


def _kept(tx: Tx, question: Question) -> tuple[str, KeptCount | None]:
    key = question.key(rules_in(tx), postgres=tx.postgres)
    return key, kept_count(tx, key)
