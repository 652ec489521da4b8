"""Reads cases in the order of a list, page by page: along an index, or sorted where few of them are shown.

Note [Stable pages]: a page begins after the last row of the one before it, by a key that is unique, so cases that are
opened or moved meanwhile shift no page. Sorted by opening, which never changes, every case is listed once. Sorted by
its last change or its next due instant, a case that moves takes its new place: before the cursor it is not seen again,
after it once more.
"""

from collections.abc import Sequence
from typing import Any, Final

from engine.access.condition import EVERY_CASE, Condition, both
from engine.ledger.record import NAMES, CaseRow, current_case_of
from engine.transaction import Tx
from reports.case_lists import FEW, MANY, STEPS, STEPS_TO_CASES, CaseList, CaseLists
from reports.case_parts import BY_CHANGE, CASES, RESTS_SPENT, SPENT, Part, Place, Rank
from reports.text_search import read_once

COLUMNS: Final = ", ".join(f"c.{name}" for name in NAMES)
STEP: Final = (
    "SELECT e_.{column} FROM timer e_ WHERE e_.case_id = {case_id} AND e_.fires_at IS NOT NULL"
    " ORDER BY e_.fires_at, e_.id LIMIT 1"
)
SPENT_ID: Final = f"(SELECT min(s_.id) FROM timer s_ WHERE s_.case_id = c.id AND {RESTS_SPENT.format(k='s_')})"  # noqa: S608
NO_ID: Final = "CAST(NULL AS BIGINT)"
# The keys are those of the parts. What is materialised is asked for once for each case, in both databases.
SORTED: Final = f"""
WITH listed AS MATERIALIZED ({{cases}}), timed AS MATERIALIZED (
  SELECT c.id, {{spent}} AS spent_id, ({STEP.format(column="fires_at", case_id="c.id")}) AS step_at
    FROM listed CROSS JOIN cases c WHERE c.id = listed.id AND {{whole}}
), placed AS MATERIALIZED (
  SELECT id, CASE WHEN spent_id IS NOT NULL THEN {{first}} WHEN step_at IS NOT NULL THEN {{running}}
                  ELSE {{resting}} END AS part,
         coalesce(spent_id, step_at, id) AS key_0,
         CASE WHEN spent_id IS NULL AND step_at IS NOT NULL
              THEN ({STEP.format(column="id", case_id="timed.id")}) ELSE 0 END AS key_1 FROM timed
), page AS MATERIALIZED (
  SELECT * FROM placed WHERE (part, key_0, key_1) > (:find_after_0, :find_after_1, :find_after_2)
   ORDER BY part, key_0, key_1 LIMIT :find_limit
)
SELECT {{columns}}, page.part, page.key_0, page.key_1 FROM page CROSS JOIN cases c WHERE c.id = page.id
 ORDER BY page.part, page.key_0, page.key_1
"""  # noqa: S608

_Reached = tuple[Place, CaseRow]


def cases_in_order(
    tx: Tx, order: Sequence[Rank], condition: Condition, place: Place, limit: int
) -> list[tuple[Place, CaseRow]]:
    """Return the cases that meet the condition after a place, each with its own place, at most ``limit``."""
    lists, found = CaseLists(tx, condition), list[_Reached]()
    for rank in order:
        if len(found) < limit and place.part < rank.first + len(rank.parts):
            found += _of_rank(tx, rank, lists, found[-1][0] if found else place, limit - len(found))
    return found


def _of_rank(tx: Tx, rank: Rank, lists: CaseLists, place: Place, limit: int) -> list[_Reached]:
    """Return the cases of a rank. See Note [Order of the queue] in ``reports/queue_order.py``."""
    whole = both(rank.condition, lists.condition)
    if not rank.timed:
        return _by_key(tx, rank, whole, place, limit)
    shortest, along = lists.shortest(whole), list[_Reached]()
    if shortest.size > FEW:
        along, whole_page = _along_indexes(tx, rank, whole, place, limit, shortest)
        if whole_page:
            return along
        place, limit = along[-1][0] if along else place, limit - len(along)
        if shortest.size > MANY and (shortest := lists.every_case()).size > MANY:
            return along + _along_indexes(tx, rank, read_once(whole), place, limit)[0]
    return along + _sorted(tx, rank, whole, lists.read(shortest, whole), place, limit)


def _by_key(tx: Tx, rank: Rank, whole: Condition, place: Place, limit: int) -> list[_Reached]:
    """Return the next cases of a rank in an order that is not that of timers.

    A word that many cases contain fills a page after some steps; for another one all texts are read once.
    """
    of_all = read_once(whole)
    if of_all == whole:
        return _along_indexes(tx, rank, whole, place, limit)[0]
    along, whole_page = _along_indexes(tx, rank, whole, place, limit, CaseList())
    if whole_page:
        return along
    place, limit = along[-1][0] if along else place, limit - len(along)
    return along + _along_indexes(tx, rank, of_all, place, limit)[0]


def _along_indexes(
    tx: Tx, rank: Rank, whole: Condition, place: Place, limit: int, cases: CaseList | None = None
) -> tuple[list[_Reached], bool]:
    """Return the next cases, and whether these are all that were wanted or that are there.

    Given the ``cases`` that hold them all, the index of a part is followed for a number of steps only: for many, as a
    short list tells by the index alone which steps lead to one of its cases.
    """
    steps = {True: STEPS, False: STEPS_TO_CASES, None: None}[cases and cases.size <= MANY]
    found = list[_Reached]()
    for number, part in enumerate(rank.parts, rank.first):
        if number < place.part or len(found) == limit:
            continue
        start = _side(part, ">", place.key if number == place.part else ())
        end = None if steps is None else _key_ahead(tx, part, start, steps)
        until = EVERY_CASE if end is None else _side(part, "<=", end)
        within = Condition(f"{part.case_id} IN ({cases.sql})") if cases and cases.size <= MANY else EVERY_CASE
        condition = both(within, whole, part.condition, start, until)
        found += _of_part(tx, part, number, condition, limit - len(found))
        if end is not None and len(found) < limit:
            return found, False
    return found, True


def _of_part(tx: Tx, part: Part, number: int, condition: Condition, limit: int) -> list[_Reached]:
    keys = ", ".join(f"{column} AS key_{n}" for n, column in enumerate(part.key))
    # A condition on cases may name columns of several indexes; SQLite would follow these and sort what it finds.
    cases = CASES if tx.postgres or part.key == BY_CHANGE else f"{CASES} NOT INDEXED"
    tables = cases if part.rows == CASES else f"{part.rows} CROSS JOIN {cases}"
    rows = tx.rows(
        f"SELECT {COLUMNS}, {keys} FROM {tables} WHERE {condition.sql} ORDER BY {part.order} LIMIT :find_limit",  # noqa: S608
        **condition.values,
        find_limit=limit,
    )
    return [_reached(row, number, len(part.key)) for row in rows]


def _key_ahead(tx: Tx, part: Part, start: Condition, steps: int) -> tuple[int, ...] | None:
    """Return the key of an index so many steps ahead; None where it ends before."""
    rows = both(Condition(part.indexed), start)
    row = tx.row(
        f"SELECT {', '.join(part.key)} FROM {part.rows} WHERE {rows.sql} ORDER BY {part.order} LIMIT 1 OFFSET :steps",  # noqa: S608
        **rows.values,
        steps=steps,
    )
    return None if row is None else tuple(row)


def _side(part: Part, sign: str, key: tuple[int, ...]) -> Condition:
    """Return the condition of the rows on one side of a key, in the order of the part; every row without a key."""
    if not key:
        return EVERY_CASE
    side = {">": "after", "<=": "until"}[sign]
    values = {f"find_{side}_{n}": value for n, value in enumerate(key)}
    names = ", ".join(f":{name}" for name in values)
    turned = {">": "<", "<=": ">="}[sign] if part.newest_first else sign
    return Condition(f"({', '.join(part.key)}) {turned} ({names})", values)


def _sorted(tx: Tx, rank: Rank, whole: Condition, cases: CaseList, place: Place, limit: int) -> list[_Reached]:
    """Return the next cases of a rank from a list that holds them all."""
    if not cases.size:
        return []
    last = rank.first + len(rank.parts) - 1
    after = (place.part, *place.key, 0, 0)[:3] if place.key and place.part >= rank.first else (rank.first, -1, 0)
    rows = tx.rows_among(
        SORTED.format(
            cases=cases.sql, columns=COLUMNS, whole=whole.sql, spent=SPENT_ID if SPENT in rank.parts else NO_ID,
            first=rank.first, running=last - 1, resting=last,
        ),
        **whole.values, **cases.values, find_limit=limit,
        **{f"find_after_{n}": value for n, value in enumerate(after)},
    )  # fmt: skip
    return [_reached(row, row.part, len(rank.parts[row.part - rank.first].key)) for row in rows]


def _reached(row: Any, part: int, columns: int) -> _Reached:
    return Place(part, tuple(getattr(row, f"key_{n}") for n in range(columns))), current_case_of(row)
