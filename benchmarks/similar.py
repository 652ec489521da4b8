"""Measures the search for the cases that a contact may concern, among ten thousand and among a million of them.

The cases are rows written by SQL, with only what the search reads. One in ten has a text of the usual length, as the
texts of the others are never compared; one in a hundred is the same form letter, so that ten thousand share a
fingerprint. A contact repeats the text of an open case with typing errors, or holds a new text; each search looks up
a telephone number and a waybill as well.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, p99
from benchmarks.rewordings import SEED, typo
from benchmarks.stores import contact, new_store
from engine.clock import system_now
from engine.commands.open_case import Opening, open_in
from engine.duplicates.fingerprints import SHIFT
from engine.duplicates.near_text import BITS, comparable_text, lanes
from engine.duplicates.similar import similar
from engine.store import Store
from models.columns import to_micros
from models.contact import Contact

SIZES = (10_000, 1_000_000)
SEARCHES = 400
AT_MOST = 20.0
"""Milliseconds."""
CHUNK = 100_000
OBSTACLE = "the reading of pages that are in no cache, and a machine that others use"
SYLLABLES = "快递包裹外箱破损签收物流信息停滞客服电话无人接听赔偿保价运费发票仓库留海关提货司机态度恶劣送上门驿站代"
"""The characters of a made-up text."""

_IDS = "WITH RECURSIVE n(id) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT id + 1 FROM n WHERE id < :last)"
CASES = """
INSERT INTO cases (id, number, kind, pack, state, previous_state, closed, version, head, cycle, level, attempts,
                   variables, channel, shipment, opened_at, changed_at)
SELECT id, 'cp-20-' || id, 'complaint', 'logistics', 'received', '', FALSE, 1, '', 1, 0, 0,
       '{}', 'file', 'shipment ' || id, :at, :at FROM n
"""
TEXTS = """
INSERT INTO statement (case_id, seq, field, content)
SELECT id, 1, 'text', CASE WHEN id / 100 * 100 = id THEN :letter WHEN id / 10 * 10 = id THEN :long || id ELSE '-' END
  FROM n
"""
# Multipliers (Knuth's and other odd ones) whose products collide as seldom as the fingerprints of different texts.
_SPREAD = {"a": 2_654_435_761, "b": 2_246_822_519, "c": 3_266_489_917, "d": 668_265_263}
_NUMBERS = ", ".join(
    f"(CASE WHEN id / 100 * 100 = id THEN :{lane} ELSE (id * {by}) & {(1 << BITS) - 1} END) * {SHIFT} + id"
    for lane, by in _SPREAD.items()
)
FINGERPRINTS = f"INSERT INTO fingerprint (case_id, a, b, c, d) SELECT id, {_NUMBERS} FROM n"  # noqa: S608
SIZE = {
    True: "SELECT pg_total_relation_size('fingerprint') AS n",
    False: "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size",
}


def rows(database: str, sizes: tuple[int, ...] = SIZES, searches: int = SEARCHES) -> list[Measure]:
    """Return the median and the 99th percentile at each size, for usual texts and for the form letter; bytes a case."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_store(Path(name), database) as settings,
        closing(settings.store()) as store,
    ):
        return list(_measure(store, database, sizes, searches))


def _measure(store: Store, database: str, sizes: tuple[int, ...], searches: int) -> Iterator[Measure]:
    dice = random.Random(SEED)  # noqa: S311
    letter = _text(dice)
    before, room = 1, 0.0
    for size in sizes:
        room = _fill(store, before, size, letter, _text(dice))
        known = _open_cases(store, [_text(dice) for _ in range(searches // 2)])
        usual = [typo(text, letter, dice) for text in known] + [_text(dice) for _ in known]
        dice.shuffle(usual)
        _time_searches(store, usual[:20])
        yield from _judge(database, size, "", _time_searches(store, usual))
        letters = [typo(letter, letter, dice) for _ in usual]
        yield from _judge(database, size, ", of a form letter", _time_searches(store, letters))
        before = size + searches
    yield new_measure("room of a fingerprint", database, room, None, "bytes", f"with its indexes, among {sizes[-1]:,}")


def _judge(database: str, size: int, what: str, millis: list[float]) -> Iterator[Measure]:
    name = f"similar cases among {size:,}{what}"
    how = f"{len(millis)} contacts, text, telephone number and waybill; the whole search; {machine_load()}"
    yield new_measure(f"{name}, p50", database, p50(millis), None, "ms", how)
    slowest = new_measure(f"{name}, p99", database, p99(millis), None, "ms", how)
    yield Target(AT_MOST, at_least=False, obstacle=OBSTACLE).judge(slowest)


def _fill(store: Store, first: int, last: int, letter: str, long: str) -> float:
    """Add the cases from the first to the last key; return the bytes of a fingerprint."""
    letter_lanes = lanes(store.secret, comparable_text(letter))
    assert letter_lanes is not None
    numbers = dict(zip(_SPREAD, (lane[0] for lane in letter_lanes), strict=True))
    used = 0
    for low in range(first, last + 1, CHUNK):
        ids = {"first": low, "last": min(low + CHUNK - 1, last)}
        with store.writing() as tx:
            tx.run(_IDS + CASES, **ids, at=to_micros(system_now()))
            tx.run(_IDS + TEXTS, **ids, letter=letter, long=long)
        before = _size(store)
        with store.writing() as tx:
            tx.run(_IDS + FINGERPRINTS, **ids, **numbers)
        used += _size(store) - before
    with store.writing() as tx:
        if tx.postgres:
            tx.rows("SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases")
            tx.run("ANALYZE")
    return used / (last - first + 1)


def _size(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(SIZE[tx.postgres]).n


def _open_cases(store: Store, texts: list[str]) -> list[str]:
    with store.writing() as tx:
        for text in texts:
            at = system_now()
            open_in(tx, store.secret, Opening(Contact(row_id="0", at=at, text=text)), at)
    return texts


def _text(dice: random.Random) -> str:
    """Return 300 random characters in clauses of a dozen."""
    return "，".join("".join(dice.choices(SYLLABLES, k=12)) for _ in range(23))


def _time_searches(store: Store, texts: list[str]) -> list[float]:
    """Return the milliseconds of each search, the transaction that reads included."""
    millis: list[float] = []
    for number, text in enumerate(texts):
        searched = contact(number).model_copy(
            update={"text": text, "phone": f"138{number:08d}", "shipment": f"SF{number}"}
        )
        began = time.perf_counter()
        with store.looking() as tx:
            similar(tx, store.secret, searched, {"complaint"})
        millis.append((time.perf_counter() - began) * 1000)
    return millis
