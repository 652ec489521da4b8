"""The room that a new case takes, without its text: as the engine leaves it, against its rows written once by raw SQL.

Ours opens each case in a transaction of its own, as a door does, under a key: party, case, transition, statement, two
clocks, moment and key, and the numbers by which near texts are found. The reference is the same rows copied into an
empty store with the same indexes, table by table, without those numbers: no move needs them. So the figure shows what
the engine's way of writing costs: rows that are written twice, pages left half full, and an index more.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.measures import Measure, Target, recorded
from benchmarks.stores import contact, several
from engine.commands.open_case import Opening, open_case
from engine.store import Store

CASES = 3000
MOST = 1.2
TABLES = ("party", "cases", "transition", "statement", "timer", "outbox_event", "idempotency_key")
"""In the order of their foreign keys."""
OURS_ALONE = "fingerprint"
TEXT = "您好，我的包裹昨天下午签收时发现货物破损，外箱塌了一角，里面的两只杯子都碎了，请尽快处理并回电。"
"""Long enough to be found again by its words."""
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
    """Bytes a case."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        several(Path(name), database, 2) as [mine, other],
        closing(mine.store()) as store,
        closing(other.store()) as copy,
    ):
        empty = [_size(store), _size(copy)]
        _opened(store, cases)
        _copied(store, copy)
        texts = _texts(store)
        ours, reference = ((_size(one) - was - texts) / cases for one, was in zip((store, copy), empty, strict=True))
    how = f"{cases} cases, each opened by itself; the same rows copied in; texts of {texts // cases} bytes left out"
    one = recorded("room of a new case", database, ours, reference, "bytes", how)
    return [Target(MOST, at_least=False, obstacle=OBSTACLE).judge(one)]


def _opened(store: Store, cases: int) -> None:
    for number in range(cases):
        opening = Opening(contact(number).model_copy(update={"text": TEXT}), key=f"open:{number}")
        open_case(store, opening, opening.contact.at)


def _copied(store: Store, copy: Store) -> None:
    for table in TABLES:
        with store.looking() as tx, copy.writing() as into:
            found: list[dict[str, Any]] = [row._asdict() for row in tx.rows(f"SELECT * FROM {table}")]  # noqa: S608
            names = list(found[0])
            marks = ", ".join(f":{name}" for name in names)
            into.run_all(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", found)  # noqa: S608


def _size(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(SIZE[tx.postgres], **({"names": [*TABLES, OURS_ALONE]} if tx.postgres else {})).n


def _texts(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(TEXTS[tx.postgres]).n
