"""Draft the mapping of a log that nobody has mapped, as TOML, with a remark beside each guess."""

import tomllib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import tomlkit
from pydantic import ValidationError
from tomlkit.items import AoT, Table

from gateways.logs.draft.column_guess import ChosenColumns, ColumnGuess
from gateways.logs.draft.column_inference import guess_columns
from gateways.logs.draft.column_tables import (
    event_table,
    fill_table,
    opening_table,
    skipped_tables,
    sla_table,
    source_table,
)
from gateways.logs.draft.remarks import UNSURE, Remarks, Translate, quoted
from gateways.logs.draft.sample import Sample, object_types_of, read_sample
from gateways.logs.draft.wide_tables import promise_column, wide_tables, with_promise
from gateways.logs.draft.word_meanings import MeaningProposal, kind_of_log, propose, propose_columns
from gateways.logs.draft.word_statistics import WordStatistics, count_words
from gateways.logs.draft.word_tables import unplaced_words, word_table
from gateways.logs.events import events
from gateways.logs.mapping import LogMapping
from gateways.problems import AddNote, Unreadable, ignore
from models.log_event import LogEvent

TRIED = 1_000
"""So many events are read to try whether a draft can be used."""


class Draft(NamedTuple):
    """The draft of a mapping as TOML, and whether a log can be replayed by it as it is."""

    text: str
    usable: bool


def suggest(path: Path, translate: Translate, chosen: ChosenColumns | None = None, encoding: str | None = None) -> str:
    """Return the draft of a mapping for the log at ``path`` as TOML. Raises ``Unreadable``, ``UnknownColumn``."""
    return draft_of(path, translate, chosen, encoding).text


def draft_of(
    path: Path,
    translate: Translate,
    chosen: ChosenColumns | None = None,
    encoding: str | None = None,
    note: AddNote = ignore,
) -> Draft:
    """Return the draft of a mapping for the log at ``path``. Raises ``Unreadable``, ``UnknownColumn``.

    ``note`` takes the remarks on the file.
    Whether it can be used is tried: it is loaded, and the first event is read by it.
    """
    sample = read_sample(path, encoding)
    guess = guess_columns(sample, chosen or ChosenColumns())
    kind = kind_of_log(guess)
    statistics = count_words(path, guess, sample.missing, encoding, note)
    if guess.wide:
        proposals = propose_columns(sample, guess, kind)
    else:
        proposals = propose(statistics, kind, is_state=guess.is_state)
    remarks = Remarks(translate)
    document = _document(path, kind, sample, guess, statistics, proposals, remarks)
    usable = _usable(path, document)
    head, _, body = document.partition("\n")
    return Draft(f"{head}\n# {remarks.line('usable' if usable else 'unusable')}\n{body}", usable)


def _usable(path: Path, text: str) -> bool:
    """Return whether the log can be read by a mapping."""
    try:
        mapping = LogMapping.model_validate(tomllib.loads(text))
        return any(isinstance(event, LogEvent) for event in islice(events(path, mapping), TRIED))
    except (ValidationError, Unreadable):
        return False


def _document(
    path: Path,
    kind: str,
    sample: Sample,
    guess: ColumnGuess,
    statistics: WordStatistics,
    proposals: Sequence[MeaningProposal],
    remarks: Remarks,
) -> str:
    """Return the file as TOML. ``kind`` is the lifecycle that the log seems to belong to."""
    document = tomlkit.document()
    document.add(
        tomlkit.comment(remarks.line("head", file=path.name, events=statistics.events, cases=statistics.cases))
    )
    document.add(tomlkit.comment(remarks.line("look")))
    tables: dict[str, Table | AoT | None] = {
        "source": source_table(path.name, kind, sample, guess, remarks),
        "event": event_table(guess, object_types_of(path), remarks),
        "opening": opening_table(sample, guess, remarks),
        "fill": fill_table(sample, guess, remarks),
        "wide": wide_tables(guess, proposals, remarks),
        "sla": sla_table(guess, remarks),
        "skipped": skipped_tables(sample, guess, remarks),
    }
    for name in ("moves", "states", "ignored"):
        table = word_table(name, [each for each in proposals if each.table == name], remarks)
        tables[name] = with_promise(table, guess) if name == "moves" else table
    for name, table in tables.items():
        if table:
            document.add(tomlkit.nl()).add(name, table)
    unplaced = unplaced_words([each for each in proposals if not each.table], remarks)
    left_out = _left_out(sample, guess, remarks)
    for remark, lines in ((UNSURE + remarks.line("unplaced"), unplaced), (remarks.line("left_out"), left_out)):
        if found := list(lines):
            document.add(tomlkit.nl())
            for line in (remark, *found):
                document.add(tomlkit.comment(line))
    return tomlkit.dumps(document)


def _left_out(sample: Sample, guess: ColumnGuess, remarks: Remarks) -> Iterator[str]:
    """Yield a line for each column that the draft does not use, and why."""
    used = guess.used() - ({guess.further.get("deadline", "")} if guess.wide else set())
    used |= {promise_column(guess)}
    left = [(name, "repeated_column") for name in sorted(sample.repeated)]
    left += [
        (name, _reason_to_leave_out(name, guess))
        for name in sample.columns
        if name not in used and not name.startswith("ocel:")
    ]
    for name, reason in left:
        yield f"{quoted(name).as_string()}: {remarks.line(reason)}"


def _reason_to_leave_out(name: str, guess: ColumnGuess) -> str:
    if name in guess.told_by_times:
        return "status_told"
    return "unknown_time" if name in guess.times else "unused_column"
