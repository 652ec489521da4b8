"""How long it takes to find the cases that a contact may be about, among ten thousand and among a million of them.

The cases are rows written by SQL: what the search reads of them, and no more. One in ten has a text of the usual
length, as the others' are never compared; one in a hundred is the same form letter, so that ten thousand share a
number. Who asks says again what an open case said, with typing errors, or says something new; each time a telephone
number and a waybill are looked up, too.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.retold import SEED, typo
from benchmarks.stores import contact, founded
from benchmarks.told import Measure, Target, load, p50, p99, recorded
from engine.clock import system_now
from engine.commands.open_case import Opening, open_in
from engine.duplicates.fingerprints import SHIFT
from engine.duplicates.near_text import BITS, comparable_text, lanes
from engine.duplicates.similar import similar
from engine.store import Store
from models.columns import to_micros
from models.contact import Contact

SIZES = (10_000, 1_000_000)
ASKED = 400
AT_MOST = 20.0
"""Milliseconds."""
CHUNK = 100_000
OBSTACLE = "the reading of pages that are in no cache, and a machine that others use"
SYLLABLES = "快递包裹外箱破损签收物流信息停滞客服电话无人接听赔偿保价运费发票仓库留海关提货司机态度恶劣送上门驿站代"
"""Of what a made-up text is made."""

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
# Numbers that meet as seldom as those of different texts; Knuth's and other odd multipliers.
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


def rows(database: str, sizes: tuple[int, ...] = SIZES, asked: int = ASKED) -> list[Measure]:
    """The median and the 99th percentile at each size, of usual texts and of the form letter; bytes a case."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        founded(Path(name), database) as settings,
        closing(settings.store()) as store,
    ):
        return list(_measured(store, database, sizes, asked))


def _measured(store: Store, database: str, sizes: tuple[int, ...], asked: int) -> Iterator[Measure]:
    dice = random.Random(SEED)  # noqa: S311
    letter = _text(dice)
    before, room = 1, 0.0
    for size in sizes:
        room = _filled(store, before, size, letter, _text(dice))
        known = _opened(store, [_text(dice) for _ in range(asked // 2)])
        usual = [typo(text, letter, dice) for text in known] + [_text(dice) for _ in known]
        dice.shuffle(usual)
        _took(store, usual[:20])
        yield from _told(database, size, "", _took(store, usual))
        yield from _told(
            database, size, ", of a form letter", _took(store, [typo(letter, letter, dice) for _ in usual])
        )
        before = size + asked
    yield recorded("room of a fingerprint", database, room, None, "bytes", f"with its indexes, among {sizes[-1]:,}")


def _told(database: str, size: int, what: str, took: list[float]) -> Iterator[Measure]:
    name = f"similar cases among {size:,}{what}"
    how = f"{len(took)} contacts, text, telephone number and waybill; the whole search; {load()}"
    yield recorded(f"{name}, p50", database, p50(took), None, "ms", how)
    slowest = recorded(f"{name}, p99", database, p99(took), None, "ms", how)
    yield Target(AT_MOST, at_least=False, obstacle=OBSTACLE).judge(slowest)


def _filled(store: Store, first: int, last: int, letter: str, long: str) -> float:
    """Add the cases from the first to the last key; bytes of a fingerprint."""
    found = lanes(store.secret, comparable_text(letter))
    assert found is not None
    numbers = dict(zip(_SPREAD, (lane[0] for lane in found), strict=True))
    taken = 0
    for low in range(first, last + 1, CHUNK):
        ids = {"first": low, "last": min(low + CHUNK - 1, last)}
        with store.writing() as tx:
            tx.run(_IDS + CASES, **ids, at=to_micros(system_now()))
            tx.run(_IDS + TEXTS, **ids, letter=letter, long=long)
        before = _size(store)
        with store.writing() as tx:
            tx.run(_IDS + FINGERPRINTS, **ids, **numbers)
        taken += _size(store) - before
    with store.writing() as tx:
        if tx.postgres:
            tx.rows("SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases")
            tx.run("ANALYZE")
    return taken / (last - first + 1)


def _size(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(SIZE[tx.postgres]).n


def _opened(store: Store, texts: list[str]) -> list[str]:
    with store.writing() as tx:
        for text in texts:
            at = system_now()
            open_in(tx, store.secret, Opening(Contact(row_id="0", at=at, text=text)), at)
    return texts


def _text(dice: random.Random) -> str:
    """300 signs in clauses of a dozen, as no customer would write them."""
    return "，".join("".join(dice.choices(SYLLABLES, k=12)) for _ in range(23))


def _took(store: Store, texts: list[str]) -> list[float]:
    """Milliseconds of each search, the transaction that reads included."""
    took: list[float] = []
    for number, text in enumerate(texts):
        asked = contact(number).model_copy(
            update={"text": text, "phone": f"138{number:08d}", "shipment": f"SF{number}"}
        )
        began = time.perf_counter()
        with store.looking() as tx:
            similar(tx, store.secret, asked, {"complaint"})
        took.append((time.perf_counter() - began) * 1000)
    return took
