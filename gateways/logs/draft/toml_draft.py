"""Draft the mapping of a log that nobody has mapped, as TOML, with a remark beside each guess."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import tomlkit
from tomlkit.items import AoT, InlineTable, Item, KeyType, SingleKey, Table

from gateways.logs.draft.column_inference import ColumnGuess, guess_columns
from gateways.logs.draft.sample import Sample, read_sample
from gateways.logs.draft.word_list import key_of, sorts_of, word_list
from gateways.logs.draft.word_meanings import MeaningProposal, kind_of_log, propose, propose_columns
from gateways.logs.draft.word_statistics import WordStatistics, count_words

PROMISED, KEPT = "promised", "promise kept"
"""The words of the two events that a column of deadlines becomes in a log of wide rows."""
KEEPING = frozenset({"resolved", "closed", "delivered", "signed_for"})
"""The sorts of words that keep such a promise."""
UNSURE = "? "
"""Begins each remark on a guess."""


class Translate(Protocol):
    """Return a message in the reader's language; the keys are ``draft.*``."""

    def __call__(self, key: str, /, **params: Any) -> str: ...


def suggest(path: Path, translate: Translate, encoding: str | None = None) -> str:
    """Return the draft of a mapping for the log at ``path`` as TOML, ready to load. Raises ``Unreadable``."""
    sample = read_sample(path, encoding)
    guess = guess_columns(sample)
    kind = kind_of_log(guess)
    statistics = count_words(path, guess, sample.missing, encoding)
    if guess.wide:
        proposals = propose_columns(sample, guess, kind)
    else:
        proposals = propose(statistics, kind, is_state=guess.is_state)
    return _Draft(path.name, kind, sample, guess, translate).toml(statistics, proposals)


class _Draft:
    """The TOML document of one draft. ``kind`` is the lifecycle that the log seems to belong to."""

    def __init__(self, file: str, kind: str, sample: Sample, guess: ColumnGuess, translate: Translate) -> None:
        self._file, self._kind = file, kind
        self._sample, self._guess = sample, guess
        self._translate = translate
        self._document = tomlkit.document()

    def toml(self, statistics: WordStatistics, proposals: Sequence[MeaningProposal]) -> str:
        """Return the whole file."""
        self._comment("head", file=self._file, events=statistics.events, cases=statistics.cases)
        self._comment("look")
        self._add("source", self._source())
        self._add("event", self._event())
        self._add("opening", self._opening())
        self._add("fill", self._fill())
        self._add_wide()
        self._add_skipped()
        for name in ("moves", "states", "ignored"):
            table = self._words(name, [proposal for proposal in proposals if proposal.table == name])
            if name == "moves":
                self._add_promise_moves(table)
            if table:
                self._add(name, table)
        self._add_unplaced([proposal for proposal in proposals if not proposal.table])
        return tomlkit.dumps(self._document)

    def _message(self, key: str, **params: Any) -> str:
        """Return a message on one line, as a comment needs it."""
        return " ".join(self._translate(f"draft.{key}", **params).split())

    def _comment(self, key: str, unsure: str = "", **params: Any) -> None:
        self._document.add(tomlkit.comment(unsure + self._message(key, **params)))

    def _add(self, name: str, table: Table | AoT) -> None:
        self._document.add(tomlkit.nl())
        self._document.add(name, table)

    def _noted(self, value: Any, key: str, **params: Any) -> Item:
        """Return the value with a remark that it is a guess."""
        item = cast("Item", tomlkit.item(value))
        return item.comment(UNSURE + self._message(key, **params))

    def _source(self) -> Table:
        guess = self._guess
        columns = (guess.at, *guess.wide, guess.further.get("opened", ""))
        formats = [guess.times[name] for name in columns if name in guess.times]
        patterns = list(dict.fromkeys(format_.pattern for format_ in formats if format_.pattern))
        table = tomlkit.table()
        table.add("name", self._file.split(".", 1)[0] or "log")
        table.add("kind", self._noted(self._kind, "kind"))
        table.add("pack", self._noted("logistics", "pack"))
        table.add("zone", "UTC" if all(format_.offset for format_ in formats) else self._noted("UTC", "zone"))
        if patterns:
            ambiguous = any(format_.rival for format_ in formats)
            table.add("formats", self._noted(patterns, "day_first") if ambiguous else patterns)
        if epoch := next((format_.epoch for format_ in formats if format_.epoch), None):
            table.add("epoch", epoch)
        if self._sample.encoding:
            table.add("encoding", self._sample.encoding)
        if self._sample.missing:
            table.add("missing", self._sample.missing)
        return table

    def _event(self) -> Table:
        guess = self._guess
        table = tomlkit.table()
        table.add("case", guess.case or self._noted("", "no_case"))
        if guess.wide:
            return table
        table.add("word", guess.word or self._noted("", "no_word"))
        table.add("at", guess.at or self._noted("", "no_time"))
        order = tomlkit.item(["at", *([guess.order] if guess.order else []), "-row" if guess.backwards else "row"])
        table.add("order", order.comment(self._message("backwards")) if guess.backwards else order)
        for name in ("who", "department"):
            if column := guess.further.get(name):
                table.add(name, column)
        return table

    def _opening(self) -> Table:
        further = self._guess.further
        table = tomlkit.table()
        if "text" not in further:
            table.add("text", self._translate("draft.no_text"))
        for name in ("text", "subject", "customer"):
            if column := further.get(name):
                table.add(name, _inline(column=column))
        if column := further.get("channel"):
            table.add("channel", self._translated_column(column, word_list().channels, "file"))
        if column := further.get("opened"):
            table.add(tomlkit.comment(UNSURE + self._message("opened", column=column)))
            table.add(tomlkit.comment(f"at = {tomlkit.item(column).as_string()}"))
        if (column := further.get("deadline")) and not self._guess.wide:
            table.add(tomlkit.comment(UNSURE + self._message("deadline", column=column)))
        return table

    def _fill(self) -> Table:
        further = self._guess.further
        table = tomlkit.table()
        table.add(tomlkit.comment(self._message("fill")))
        if column := further.get("category"):
            table.add("category", self._noted(_inline(column=column, **{"as": "code"}), "category"))
        else:
            table.add("category", "unclassified")
        if column := further.get("severity"):
            value = self._translated_column(column, word_list().severities, "normal")
            table.add("severity", self._noted(value, "severity"))
        else:
            table.add("severity", "normal")
        if column := further.get("department"):
            table.add("department", _inline(column=column, **{"as": "code"}))
        return table

    def _translated_column(self, column: str, table: Mapping[str, tuple[str, ...]], otherwise: str) -> InlineTable:
        """Return a value from a column, with the values of the sample that the word list knows."""
        frequent = sorted(value for value, _ in self._sample.columns[column].values.most_common(30))
        values = _inline(**{value: key for value in frequent if (key := key_of(value, table))})
        return _inline(column=column, **({"values": values} if values else {}), otherwise=otherwise)

    def _add_wide(self) -> None:
        """Add a ``[[wide]]`` table for each column of times, and two for a column of deadlines."""
        wide = self._guess.wide
        if not wide:
            return
        tables = [tomlkit.table().add("column", name).add("word", name) for name in wide]
        if deadline := self._guess.further.get("deadline"):
            keeping = [name for name in wide if any(sort.name in KEEPING for sort in sorts_of(name))]
            promised = tomlkit.table().add(tomlkit.comment(UNSURE + self._message("promise", column=deadline)))
            tables.append(promised.add("column", wide[0]).add("word", PROMISED))
            tables.append(tomlkit.table().add("column", keeping[-1] if keeping else wide[-1]).add("word", KEPT))
        self._add("wide", AoT(tables))

    def _add_promise_moves(self, moves: Table) -> None:
        """Draft the promise of each row: made when the case begins, due at the deadline, kept by the delivery."""
        deadline = self._guess.further.get("deadline")
        if not self._guess.wide or not deadline:
            return
        due = _inline(column=deadline, **{"as": "time"})
        promise = _inline(move="promise", form=_inline(promise=deadline, due_at=due))
        for word, meaning in ((PROMISED, promise), (KEPT, _inline(move="keep_promise", form=_inline(promise=1)))):
            moves.add(_quoted(word), meaning)

    def _add_skipped(self) -> None:
        steps = self._guess.steps
        if not steps or len(self._sample.columns[steps].values) < 2:
            return
        values = sorted(value for value in self._sample.columns[steps].values if value.casefold() != "complete")
        table = tomlkit.table().add("column", steps).add("values", values).add("reason", self._message("step"))
        self._add("skipped", AoT([table]))

    def _words(self, name: str, proposals: Sequence[MeaningProposal]) -> Table:
        table = tomlkit.table()
        table.add(tomlkit.comment(self._message(name)))
        for proposal in proposals:
            count = self._message("count", count=proposal.count)
            table.add(_quoted(proposal.word), self._meaning(proposal).comment(count + self._doubt(proposal)))
        return table

    def _doubt(self, proposal: MeaningProposal) -> str:
        """Return the remark on a word; for an ignored word the reason is its value already."""
        if proposal.table == "ignored":
            return ", ?" if proposal.remark in {"begins", "unknown_column"} else ""
        return f", ? {self._message(f'word.{proposal.remark}')}" if proposal.remark else ""

    def _meaning(self, proposal: MeaningProposal) -> Item:
        names = list(proposal.names)
        if proposal.table == "ignored":
            return tomlkit.item(self._message(f"word.{proposal.remark}"))
        if not proposal.form:
            return tomlkit.item(names[0] if len(names) == 1 else names)
        also = {"also": names[1:]} if names[1:] else {}
        return _inline(move=names[0], **also, form=_inline(**proposal.form))

    def _add_unplaced(self, proposals: Sequence[MeaningProposal]) -> None:
        """Add a comment with the words that have no proposal, to be moved to their table by a person."""
        if not proposals:
            return
        self._document.add(tomlkit.nl())
        self._comment("unplaced", unsure=UNSURE)
        for line in self._unplaced(proposals):
            self._document.add(tomlkit.comment(line))

    def _unplaced(self, proposals: Sequence[MeaningProposal]) -> Iterator[str]:
        for proposal in proposals:
            yield f'{_quoted(proposal.word).as_string()} = "" # {self._message("count", count=proposal.count)}'


def _quoted(word: str) -> SingleKey:
    """Return a word of a log as a key, always between quotation marks."""
    return SingleKey(word, KeyType.Basic)


def _inline(**values: Any) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        table.add(key, value)
    return table
