"""Check one case's record: its chain of hashes, the continuity of its history, its texts and its shipment.

A check yields the sequence number of the transition and a code. A value of another type raises ``TypeError`` or
``ValueError``, which ``verify`` reports as unreadable.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from engine.audit.related_rows import erasure_key
from engine.audit.row_check import parsed_form
from engine.duplicates.recognition import shipment_key
from engine.ledger.chain import GENESIS, chain_hash, digest
from engine.ledger.journal import row_digest
from engine.ledger.record import CaseRow, record_of


def chain_faults(number: str, head: str, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield the transitions whose hash does not follow from the previous one and their own row."""
    before = GENESIS
    for at, row in enumerate(history, start=1):
        columns = {name: value for name, value in row.items() if name != "hash"}
        if row["seq"] != at:
            yield row["seq"], "gap"
        if not _hashes_to(row["hash"], before, number, columns):
            yield row["seq"], "hash"
        before = row["hash"]
    if before != head:
        yield len(history), "head"


def _hashes_to(expected: Any, before: str, number: str, columns: dict[str, Any]) -> bool:
    try:
        return chain_hash(before, record_of(number, columns)) == expected
    except (TypeError, ValueError):  # a column holds a value of another type, or a text that is no UTF-8
        return False


def history_faults(case: CaseRow, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield where the history is not continuous, or does not end in the state of the case."""
    state, recorded = "", 0
    for row in history:
        if row["source"] != state:
            yield row["seq"], "skipped_state"
        if row["recorded_at"] < recorded:
            yield row["seq"], "recorded_earlier"
        if row["occurred_at"] > row["recorded_at"]:
            yield row["seq"], "occurred_later"
        state, recorded = row["dest"], row["recorded_at"]
    last = history[-1] if history else {"seq": 0, "cycle": 0, "level": 0}
    end = (state, last["seq"], last["cycle"], last["level"])
    if end != (case.state, case.version, case.cycle, case.level):
        yield case.version, "row"


def statement_faults(
    history: list[dict[str, Any]], statements: Iterable[Any], erasures: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Yield personal texts that are missing, altered, erased without an entry, or belong to no transition."""
    stored = {(row.seq, row.field): row for row in statements}
    for row in history:
        for name, value in parsed_form(row["form"]).items():
            if not isinstance(value, dict):
                continue
            text = stored.pop((row["seq"], name), None)
            if not _matches(text, cast("Mapping[str, Any]", value)):
                yield row["seq"], f"statement_{name}"
            elif text.erased_at is not None and erasures.get(erasure_key(text) or "") != row_digest("erasure", text):
                yield row["seq"], f"statement_{name}_erased"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in stored)


def _matches(row: Any, recorded: Mapping[str, Any]) -> bool:
    """Return whether a text matches its digest in the record, or was erased and says when.

    Whether somebody erased it who may is told by the journal.
    """
    if row is None or (row.content is None and row.salt is None):
        return row is not None and row.erased_at is not None
    if not isinstance(row.salt, bytes) or not isinstance(row.content, str):
        return False
    try:
        there = row.erased_at is None and row.erasure_reason is None
        return there and digest(bytes(row.salt), row.content) == recorded.get("sha256")
    except ValueError:  # a text that is no UTF-8
        return False


def shipment_faults(secret: bytes, case: CaseRow, statements: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Yield that the key of the shipment is not that of the text; of an erased text it cannot be told."""
    text = next((row for row in statements if (row.seq, row.field) == (1, "shipment")), None)
    erased = text is not None and text.content is None
    key = None if text is None or erased else shipment_key(secret, text.content)
    if not erased and key != case.shipment:
        yield 1, "row_shipment"
