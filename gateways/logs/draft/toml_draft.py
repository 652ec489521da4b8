"""Draft the mapping of a log that nobody has mapped, as TOML, with a remark beside each guess."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import tomlkit
from pydantic import ValidationError
from tomlkit.items import AoT, InlineTable, Item, KeyType, SingleKey, Table

from gateways.logs.draft.column_guess import ChosenColumns, ColumnGuess
from gateways.logs.draft.column_inference import guess_columns
from gateways.logs.draft.sample import Sample, object_types_of, read_sample
from gateways.logs.draft.word_list import key_of, sorts_of, word_list
from gateways.logs.draft.word_meanings import MeaningProposal, kind_of_log, propose, propose_columns
from gateways.logs.draft.word_statistics import WordStatistics, count_words
from gateways.logs.events import events
from gateways.logs.mapping import LogMapping
from gateways.problems import AddNote, Unreadable, ignore
from models.log_event import LogEvent

PROMISED, KEPT = "promised", "promise kept"
"""The words of the two events that a column of deadlines becomes in a log of wide rows."""
KEEPING = frozenset({"resolved", "delivered", "signed_for"})
"""The sorts of words that keep such a promise; without one of them the end of the case does."""
ENDING = frozenset({"closed"})
TRIED = 1_000
"""So many events are read to try whether a draft can be used."""
UNSURE = "? "
"""Begins each remark on a guess."""


class Translate(Protocol):
    """Return a message in the reader's language; the keys are ``draft.*``."""

    def __call__(self, key: str, /, **params: Any) -> str: ...


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
    types = object_types_of(path)
    text = _Writer(path.name, kind, sample, guess, translate, types).toml(statistics, proposals)
    usable = _usable(path, text)
    remark = " ".join(translate("draft.usable" if usable else "draft.unusable").split())
    head, _, body = text.partition("\n")
    return Draft(f"{head}\n# {remark}\n{body}", usable)


def _usable(path: Path, text: str) -> bool:
    """Return whether the log can be read by a mapping."""
    try:
        mapping = LogMapping.model_validate(tomllib.loads(text))
        return any(isinstance(event, LogEvent) for event in islice(events(path, mapping), TRIED))
    except (ValidationError, Unreadable):
        return False


class _Writer:
    """The TOML document of one draft. ``kind`` is the lifecycle that the log seems to belong to."""

    def __init__(
        self,
        file: str,
        kind: str,
        sample: Sample,
        guess: ColumnGuess,
        translate: Translate,
        types: Sequence[str] = (),
    ) -> None:
        self._file, self._kind, self._types = file, kind, types
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
        self._add_wide(proposals)
        self._add_sla()
        self._add_skipped()
        for name in ("moves", "states", "ignored"):
            table = self._words(name, [proposal for proposal in proposals if proposal.table == name])
            if name == "moves":
                self._add_promise_moves(table)
            if table:
                self._add(name, table)
        self._add_unplaced([proposal for proposal in proposals if not proposal.table])
        self._add_left_out()
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
        table.add("case", self._choice("case", guess.case, "no_case"))
        if others := [f"ocel:type:{name}" for name in self._types if f"ocel:type:{name}" != guess.case]:
            table.add(tomlkit.comment(UNSURE + self._message("object_types", types=", ".join(others))))
        words = guess.word if len(guess.words) < 2 else list(guess.words)
        if guess.wide:
            if words:
                table.add("word", words if guess.chosen.words else self._noted(words, "status"))
                self._add_status_time(table)
            return table
        table.add("word", self._choice("word", words, "no_word"))
        table.add("at", self._choice("at", guess.at, "no_time"))
        order = tomlkit.item(["at", *([guess.order] if guess.order else []), "-row" if guess.backwards else "row"])
        table.add("order", order.comment(self._message("backwards")) if guess.backwards else order)
        for name in ("who", "department"):
            if column := guess.further.get(name):
                table.add(name, self._choice(name, column))
        return table

    def _add_status_time(self, table: Table) -> None:
        """Add the column of the time of the states; where none is known, a remark which time they get."""
        at = self._guess.at
        if at:
            table.add("at", at if self._guess.chosen.at else self._noted(at, "status_time"))
        else:
            table.add(tomlkit.comment(UNSURE + self._message("status_without_time")))

    def _choice(self, name: str, value: str | list[str], missing: str = "") -> Any:
        """Return the column of a choice, with a remark where there is none or where only its values speak for it."""
        if not value:
            return self._noted("", missing)
        if name not in self._guess.doubts:
            return value
        return self._noted(value, "lone_case" if name == "case" and self._guess.lone else "unsure_column")

    def _opening(self) -> Table:
        further = self._guess.further
        table = tomlkit.table()
        if "text" not in further:
            table.add("text", self._translate("draft.no_text"))
        for name in ("text", "subject", "customer"):
            if column := further.get(name):
                value = _inline(column=column)
                table.add(name, self._noted(value, "unsure_column") if name in self._guess.doubts else value)
        if column := further.get("customer_id"):
            table.add("customer_id", self._noted(_inline(column=column), "customer_id"))
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

    def _add_wide(self, proposals: Sequence[MeaningProposal]) -> None:
        """Add a ``[[wide]]`` table for each column of times, and two for a column of deadlines.

        Of events at one time the first table comes first: the promise is kept before the word that may end the case.
        """
        wide = self._guess.wide
        if not wide:
            return
        words = {proposal.column: proposal.word for proposal in proposals if proposal.column}
        tables = [tomlkit.table().add("column", name).add("word", words[name]) for name in wide]
        if deadline := self._promise():
            kept = self._keeping()
            tables.insert(wide.index(kept), tomlkit.table().add("column", kept).add("word", KEPT))
            promised = tomlkit.table().add(tomlkit.comment(UNSURE + self._message("promise", column=deadline)))
            tables.insert(0, promised.add("column", wide[0]).add("word", PROMISED))
        self._add("wide", AoT(tables))

    def _keeping(self) -> str:
        """Return the column of the time that keeps the promise of a row."""
        wide = self._guess.wide
        for sorts in (KEEPING, ENDING):
            for name in reversed(wide):
                if any(sort.name in sorts for sort in sorts_of(name)):
                    return name
        return wide[-1]

    def _promise(self) -> str:
        """Return the column of deadlines if a promise can be drafted: made at one time, kept at a later one."""
        wide = self._guess.wide
        return self._guess.further.get("deadline", "") if wide and self._keeping() != wide[0] else ""

    def _add_promise_moves(self, moves: Table) -> None:
        """Draft the promise of each row: made when the case begins, due at the deadline, kept by the delivery."""
        deadline = self._promise()
        if not deadline:
            return
        due = _inline(column=deadline, **{"as": "time"})
        promise = _inline(move="promise", form=_inline(promise=deadline, due_at=due))
        for word, meaning in ((PROMISED, promise), (KEPT, _inline(move="keep_promise", form=_inline(promise=1)))):
            moves.add(_quoted(word), meaning)

    def _add_sla(self) -> None:
        """Add the log's own answer whether it kept its promise, where a column has it."""
        if sla := self._guess.sla:
            table = tomlkit.table().add("column", self._noted(sla.column, "sla"))
            self._add("sla", table.add("kept", list(sla.kept)).add("broken", list(sla.broken)))

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
            return ", ?" if proposal.remark in {"begins", "told_by_times"} else ""
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

    def _reason_to_leave_out(self, name: str) -> str:
        if name in self._guess.told_by_times:
            return "status_told"
        return "unknown_time" if name in self._guess.times else "unused_column"

    def _add_left_out(self) -> None:
        """Add a comment with each column that the draft does not use, and why."""
        used = self._guess.used() - ({self._guess.further.get("deadline", "")} if self._guess.wide else set())
        used |= {self._promise()}
        left = [(name, "repeated_column") for name in sorted(self._sample.repeated)]
        left += [
            (name, self._reason_to_leave_out(name))
            for name in self._sample.columns
            if name not in used and not name.startswith("ocel:")
        ]
        if not left:
            return
        self._document.add(tomlkit.nl())
        self._comment("left_out")
        for name, reason in left:
            self._document.add(tomlkit.comment(f"{_quoted(name).as_string()}: {self._message(reason)}"))


def _quoted(word: str) -> SingleKey:
    """Return a word of a log as a key, always between quotation marks."""
    return SingleKey(word, KeyType.Basic)


def _inline(**values: Any) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        table.add(key, value)
    return table
