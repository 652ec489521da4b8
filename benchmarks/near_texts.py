"""Measures how many reworded messages the search finds, and how many others: ``python -m benchmarks.near_texts FILE…``.

A FILE is .csv, .csv.gz or .xlsx with a column ``text`` or ``留言详情``. The threshold is chosen by the first table,
from one half of the messages; the second table is the other half's. docs/duplicates.md holds the results.
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

from benchmarks.rewordings import REWORDINGS, SEED
from benchmarks.stores import AT_ONCE, new_store
from engine.clock import system_now
from engine.commands.open_case import Opening, open_in
from engine.duplicates.fingerprints import MOST, NEAR, TextQuery, compared
from engine.duplicates.near_text import FEWEST, comparable_text
from engine.store import Store
from models.contact import Contact

COLUMNS = ("text", "留言详情")
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
Matches = list[tuple[float, str]]


def main() -> None:
    """Print two tables of the share found, and the pairs of different messages that are shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--each", type=int, default=500, help="so many messages of each half are reworded")
    options = parser.parse_args()
    texts = sorted({text for file in options.files for text in _read(file)})
    random.Random(SEED).shuffle(texts)  # noqa: S311
    short = sum(len(comparable_text(text).shingles) < FEWEST for text in texts)
    print(f"{len(texts)} different messages, {short} are too short")
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_store(Path(name), "sqlite") as settings,
        closing(settings.store()) as store,
    ):
        _measure(store, texts, options.each)


def _measure(store: Store, texts: list[str], each: int) -> None:
    numbers = dict(zip(texts, _open_cases(store, texts), strict=True))
    middle = len(texts) // 2
    console = Console(width=150)
    for title, half in (("the half that chose", texts[:middle]), ("the half that is reported", texts[middle:])):
        reworded = {name: list(_search_reworded(store, numbers, half[:each], texts, name)) for name in REWORDINGS}
        others = {text: _other_matches(store, text, numbers[text]) for text in half}
        console.print(_table(title, reworded, others))
    by_number = {number: text for text, number in numbers.items()}
    _print_pairs(others, by_number)


def _open_cases(store: Store, texts: list[str]) -> Iterator[str]:
    for first in range(0, len(texts), AT_ONCE):
        with store.writing() as tx:
            for text in texts[first : first + AT_ONCE]:
                at = system_now()
                yield open_in(tx, store.secret, Opening(Contact(row_id="0", at=at, text=text)), at).number


def _search_reworded(
    store: Store, numbers: dict[str, str], half: list[str], texts: list[str], name: str
) -> Iterator[tuple[str, Matches]]:
    """Reword each message and search for it; yield the number of its own case, and the matches."""
    dice = random.Random(f"{SEED} {name}")  # noqa: S311
    for text in half:
        other = dice.choice(texts)
        yield numbers[text], _search(store, REWORDINGS[name](text, other, dice))


def _other_matches(store: Store, text: str, own: str) -> Matches:
    return [(like, number) for like, number in _search(store, text) if number != own]


def _search(store: Store, text: str) -> Matches:
    with store.looking() as tx:
        rows = compared(tx, store.secret, TextQuery(text, None, None, 0))
        return sorted(((like, row.number) for like, row in rows), reverse=True)


def _table(title: str, reworded: dict[str, list[tuple[str, Matches]]], others: dict[str, Matches]) -> Table:
    heads = (f"{least:g}" for least in THRESHOLDS)
    table = Table("reworded with", *heads, title=f"{title}: share found from each threshold on")
    for name, searches in reworded.items():
        shares = (
            sum(_is_shown(own, matches, least) for own, matches in searches) / len(searches) for least in THRESHOLDS
        )
        table.add_row(name, *(f"{share:.1%}" for share in shares))
    shown = (sum(_count_shown(matches, least) for matches in others.values()) for least in THRESHOLDS)
    table.add_row(f"other cases shown to {len(others)} messages", *map(str, shown))
    return table


def _is_shown(own: str, matches: Matches, least: float) -> bool:
    return own in {number for like, number in matches[:MOST] if like >= least}


def _count_shown(matches: Matches, least: float) -> int:
    return sum(like >= least for like, _ in matches[:MOST])


def _print_pairs(others: dict[str, Matches], texts: dict[str, str]) -> None:
    """Print the different messages that are taken for near, the least near first, for a person to judge."""
    near = sorted((like, text, texts[number]) for text, matches in others.items() for like, number in matches)
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
