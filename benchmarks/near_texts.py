"""How many are found who say the same again, and who else is shown: ``python -m benchmarks.near_texts FILE…``.

A FILE is .csv, .csv.gz or .xlsx with a column ``text`` or ``留言详情``. The threshold is chosen by the first table,
from one half of the messages; the second table is the other half's. docs/duplicates.md tells what came of it.
"""

import argparse
import csv
import gzip
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from rich.console import Console
from rich.table import Table

from benchmarks.retold import SEED, WAYS
from benchmarks.stores import AT_ONCE, founded
from engine.clock import system_now
from engine.commands.open_case import Opening, open_in
from engine.duplicates.fingerprints import MOST, NEAR, TextQuery, compared
from engine.duplicates.near_text import FEWEST, comparable_text
from engine.store import Store
from models.contact import Contact

COLUMNS = ("text", "留言详情")
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
Found = list[tuple[float, str]]


def main() -> None:
    """Two tables of the share found, and the pairs of different messages that are shown."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("files", type=Path, nargs="+")
    asked.add_argument("--each", type=int, default=500, help="so many messages of each half are said again")
    given = asked.parse_args()
    texts = sorted({text for file in given.files for text in _read(file)})
    random.Random(SEED).shuffle(texts)  # noqa: S311
    short = sum(len(comparable_text(text).shingles) < FEWEST for text in texts)
    print(f"{len(texts)} different messages, {short} are too short")
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        founded(Path(name), "sqlite") as settings,
        closing(settings.store()) as store,
    ):
        _measure(store, texts, given.each)


def _measure(store: Store, texts: list[str], each: int) -> None:
    numbers = dict(zip(texts, _opened(store, texts), strict=True))
    middle = len(texts) // 2
    console = Console(width=150)
    for title, half in (("the half that chose", texts[:middle]), ("the half that is reported", texts[middle:])):
        again = {way: list(_again(store, numbers, half[:each], texts, way)) for way in WAYS}
        others = {text: _others(store, text, numbers[text]) for text in half}
        console.print(_table(title, again, others))
    by_number = {number: text for text, number in numbers.items()}
    _pairs(others, by_number)


def _opened(store: Store, texts: list[str]) -> Iterator[str]:
    for first in range(0, len(texts), AT_ONCE):
        with store.writing() as tx:
            for text in texts[first : first + AT_ONCE]:
                at = system_now()
                yield open_in(tx, store.secret, Opening(Contact(row_id="0", at=at, text=text)), at).number


def _again(
    store: Store, numbers: dict[str, str], half: list[str], texts: list[str], way: str
) -> Iterator[tuple[str, Found]]:
    """Each message said again, its own case's number, and what is found for it."""
    dice = random.Random(f"{SEED} {way}")  # noqa: S311
    for text in half:
        other = dice.choice(texts)
        yield numbers[text], _found(store, WAYS[way](text, other, dice))


def _others(store: Store, text: str, own: str) -> Found:
    return [one for one in _found(store, text) if one[1] != own]


def _found(store: Store, text: str) -> Found:
    with store.looking() as tx:
        found = compared(tx, store.secret, TextQuery(text, None, None, 0))
        return sorted(((like, row.number) for like, row in found), reverse=True)


def _table(title: str, again: dict[str, list[tuple[str, Found]]], others: dict[str, Found]) -> Table:
    table = Table("said again with", *(f"{one:g}" for one in THRESHOLDS), title=f"{title}: share found from here on")
    for way, told in again.items():
        shares = (sum(_seen(own, found, least) for own, found in told) / len(told) for least in THRESHOLDS)
        table.add_row(way, *(f"{share:.1%}" for share in shares))
    shown = (sum(_shown(found, least) for found in others.values()) for least in THRESHOLDS)
    table.add_row(f"other cases shown to {len(others)} messages", *map(str, shown))
    return table


def _seen(own: str, found: Found, least: float) -> bool:
    return own in {number for like, number in found[:MOST] if like >= least}


def _shown(found: Found, least: float) -> int:
    return sum(like >= least for like, _ in found[:MOST])


def _pairs(others: dict[str, Found], texts: dict[str, str]) -> None:
    """For the eye: which different messages are taken for near, the least near first."""
    near = sorted((like, text, texts[number]) for text, found in others.items() for like, number in found)
    spread = Counter(round(like, 1) for like, _, _ in near)
    print("how near the others are:", dict(sorted(spread.items())))
    for like, text, other in near:
        if like >= NEAR - 0.2:
            print(f"{like:.2f}  {text[:90]!r}\n      {other[:90]!r}")


def _read(file: Path) -> Iterable[str]:
    rows = _sheet(file) if file.suffix == ".xlsx" else _lines(file)
    for row in rows:
        if text := next((str(row[name]).strip() for name in COLUMNS if row.get(name)), ""):
            yield text


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _sheet(file: Path) -> Iterator[dict[str, Any]]:
    heads, *rows = load_workbook(file, read_only=True).worksheets[0].values
    yield from (dict(zip(map(str, heads), row, strict=True)) for row in rows)


if __name__ == "__main__":
    main()
