"""Measures the disk space of a new case, without its text: as the engine leaves it, against rows written once by SQL.

The engine opens each case in a transaction of its own, as a command does, under a key: party, case, transition,
statement, two timers, outbox event and key, and the fingerprint by which near texts are found. The reference is the
same rows copied target an empty store with the same indexes, table by table, without the fingerprint, which no move
needs. So the figure shows the cost of the engine's writes: rows written twice, pages left half full, and one index.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.measures import Measure, Target, new_measure
from benchmarks.stores import contact, new_stores
from engine.commands.open_case import Opening, open_case
from engine.store import Store

CASES = 3000
MOST = 1.2
TABLES = ("party", "cases", "transition", "statement", "timer", "outbox_event", "idempotency_key")
"""In the order of their foreign keys."""
ENGINE_ONLY = "fingerprint"
TEXT = "您好，我的包裹昨天下午签收时发现货物破损，外箱塌了一角，里面的两只杯子都碎了，请尽快处理并回电。"
"""A text that is long enough to get a fingerprint."""
SIZE = {
    True: "SELECT sum(pg_total_relation_size(oid))::bigint AS n FROM pg_class WHERE relname = ANY(:names)",
    False: "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size",
}
TEXTS = {
    True: "SELECT sum(octet_length(content)) AS n FROM statement",
    False: "SELECT sum(length(CAST(content AS BLOB))) AS n FROM statement",
}
OBSTACLE = "rows that are written, and written again when the first move is made"


def rows(database: str, cases: int = CASES) -> list[Measure]:
    """Return the bytes a case."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_stores(Path(name), database, 2) as [mine, other],
        closing(mine.store()) as store,
        closing(other.store()) as copy,
    ):
        empty = [_size(store), _size(copy)]
        _open_cases(store, cases)
        _copy_rows(store, copy)
        text_bytes = _text_bytes(store)
        sizes = zip((store, copy), empty, strict=True)
        ours, reference = ((_size(each) - initial - text_bytes) / cases for each, initial in sizes)
    texts = f"texts of {text_bytes // cases} bytes left out"
    how = f"{cases} cases, each opened by itself; the same rows copied in; {texts}"
    figure = new_measure("room of a new case", database, ours, reference, "bytes", how)
    return [Target(MOST, at_least=False, obstacle=OBSTACLE).judge(figure)]


def _open_cases(store: Store, cases: int) -> None:
    for number in range(cases):
        opening = Opening(contact(number).model_copy(update={"text": TEXT}), key=f"open:{number}")
        open_case(store, opening, opening.contact.at)


def _copy_rows(store: Store, copy: Store) -> None:
    for table in TABLES:
        with store.looking() as tx, copy.writing() as target:
            rows: list[dict[str, Any]] = [row._asdict() for row in tx.rows(f"SELECT * FROM {table}")]  # noqa: S608
            names = list(rows[0])
            marks = ", ".join(f":{name}" for name in names)
            target.run_all(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608


def _size(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(SIZE[tx.postgres], **({"names": [*TABLES, ENGINE_ONLY]} if tx.postgres else {})).n


def _text_bytes(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(TEXTS[tx.postgres]).n
