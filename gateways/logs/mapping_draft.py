"""Writing the draft of a mapping as TOML, each guess with a remark beside it in the reader's language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from gateways.logs.column_inference import Guess
from gateways.logs.counting import Counted
from gateways.logs.meanings import Proposal
from gateways.logs.sampling import Sample
from gateways.logs.words import one_of, sorts_of, word_list

PROMISED, KEPT = "promised", "promise kept"
KEEPING = frozenset({"resolved", "closed", "delivered", "signed_for"})
UNSURE = "# ?"
"""Before every remark that somebody should look at."""


class Say(Protocol):
    """The words of a message in the reader's language."""

    def __call__(self, key: str, /, **params: Any) -> str: ...


class Draft:
    """A mapping that is being written. ``kind`` is the lifecycle that the log is thought to belong to."""

    def __init__(self, file: str, kind: str, sample: Sample, guess: Guess, translate: Say) -> None:
        self._file, self.kind = file, kind
        self._sample, self._guess = sample, guess
        self._translate = translate

    def written(self, counted: Counted, proposals: Sequence[Proposal]) -> str:
        """The whole file."""
        parts = [
            self._head(counted),
            self._source(),
            self._event(),
            self._opening(),
            self._fill(),
            self._wide(),
            *self._words(proposals),
        ]
        return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"

    def _remark(self, key: str, **params: Any) -> str:
        return f"{UNSURE} {self._translate(f'draft.{key}', **params)}"

    def _plain(self, key: str, **params: Any) -> str:
        return f"# {self._translate(f'draft.{key}', **params)}"

    def _head(self, counted: Counted) -> Iterator[str]:
        yield self._plain("head", file=self._file, events=counted.events, cases=counted.cases)
        yield self._plain("look")

    def _source(self) -> Iterator[str]:
        guess = self._guess
        used = [
            guess.times[name]
            for name in (guess.at, *guess.wide, guess.further.get("opened", ""))
            if name in guess.times
        ]
        forms = list(dict.fromkeys(writing.form for writing in used if writing.form))
        yield "[source]"
        yield f"name = {text(_stem(self._file))}"
        yield f"kind = {text(self.kind)}  {self._remark('kind')}"
        yield f'pack = "logistics"  {self._remark("pack")}'
        if all(writing.offset for writing in used):
            yield 'zone = "UTC"'
        else:
            yield f'zone = "UTC"  {self._remark("zone")}'
        if forms:
            rivals = any(writing.rival for writing in used)
            yield f"formats = {listed(forms)}" + (f"  {self._remark('day_first')}" if rivals else "")
        if epoch := next((writing.epoch for writing in used if writing.epoch), None):
            yield f"epoch = {text(epoch)}"
        if self._sample.missing:
            yield f"missing = {listed(self._sample.missing)}"

    def _event(self) -> Iterator[str]:
        guess = self._guess
        yield "[event]"
        yield f"case = {text(guess.case)}" + ("" if guess.case else f"  {self._remark('no_case')}")
        if guess.wide:
            return
        yield f"word = {text(guess.word)}" + ("" if guess.word else f"  {self._remark('no_word')}")
        yield f"at = {text(guess.at)}" + ("" if guess.at else f"  {self._remark('no_time')}")
        order = ["at", *([guess.order] if guess.order else []), "-row" if guess.backwards else "row"]
        yield f"order = {listed(order)}" + (f"  # {self._translate('draft.backwards')}" if guess.backwards else "")
        for name in ("who", "department"):
            if column := guess.further.get(name):
                yield f"{name} = {text(column)}"

    def _opening(self) -> Iterator[str]:
        further = self._guess.further
        yield "[opening]"
        if "text" not in further:
            yield f"text = {text(self._translate('draft.no_text'))}"
        for name in ("text", "subject", "customer"):
            if column := further.get(name):
                yield f"{name} = {{ column = {text(column)} }}"
        if column := further.get("channel"):
            yield f"channel = {self._valued(column, word_list().channels, 'file')}"
        if column := further.get("opened"):
            yield f"{self._remark('opened', column=column)}"
            yield f"# at = {text(column)}"
        if (column := further.get("deadline")) and not self._guess.wide:
            yield self._remark("deadline", column=column)

    def _fill(self) -> Iterator[str]:
        further = self._guess.further
        yield self._plain("fill")
        yield "[fill]"
        if column := further.get("category"):
            yield f'category = {{ column = {text(column)}, as = "code" }}  {self._remark("category")}'
        else:
            yield 'category = "unclassified"'
        if column := further.get("severity"):
            yield f"severity = {self._valued(column, word_list().severities, 'normal')}  {self._remark('severity')}"
        else:
            yield 'severity = "normal"'
        if column := further.get("department"):
            yield f'department = {{ column = {text(column)}, as = "code" }}'

    def _valued(self, column: str, table: Mapping[str, tuple[str, ...]], otherwise: str) -> str:
        """A column with a table of the values that are known."""
        seen = [value for value, _ in self._sample.columns[column].values.most_common(30)]
        known = {value: key for value in sorted(seen) if (key := one_of(value, table))}
        pairs = ", ".join(f"{text(value)} = {text(key)}" for value, key in known.items())
        values = f"values = {{ {pairs} }}, " if pairs else ""
        return f"{{ column = {text(column)}, {values}otherwise = {text(otherwise)} }}"

    def _wide(self) -> Iterator[str]:
        for name in self._guess.wide:
            yield "[[wide]]"
            yield f"column = {text(name)}"
            yield f"word = {text(name)}"
        deadline = self._guess.further.get("deadline")
        if self._guess.wide and deadline:
            yield from self._promise(deadline)

    def _promise(self, deadline: str) -> Iterator[str]:
        """The day that each row names is a promise, made when the case begins and kept when it is delivered."""
        wide = self._guess.wide
        kept = [name for name in wide if any(sort.name in KEEPING for sort in sorts_of(name))]
        yield self._remark("promise", column=deadline)
        for column, word in ((wide[0], PROMISED), (kept[-1] if kept else wide[-1], KEPT)):
            yield from ("[[wide]]", f"column = {text(column)}", f"word = {text(word)}")
        due = f'{{ column = {text(deadline)}, as = "time" }}'
        yield from (
            f'[moves."{PROMISED}"]',
            'move = "promise"',
            f"form = {{ promise = {text(deadline)}, due_at = {due} }}",
        )
        yield from (f'[moves."{KEPT}"]', 'move = "keep_promise"', "form = { promise = 1 }")

    def _words(self, proposals: Sequence[Proposal]) -> Iterator[Iterator[str]]:
        if self._guess.steps and len(self._sample.columns[self._guess.steps].values) > 1:
            yield self._skipped()
        for table in ("moves", "states", "ignored"):
            rows = [one for one in proposals if one.table == table]
            if rows:
                yield self._table(table, rows)
        if unplaced := [one for one in proposals if not one.table]:
            yield self._unplaced(unplaced)

    def _skipped(self) -> Iterator[str]:
        steps = self._guess.steps
        values = [value for value in self._sample.columns[steps].values if value.casefold() != "complete"]
        yield "[[skipped]]"
        yield f"column = {text(steps)}"
        yield f"values = {listed(sorted(values))}"
        yield f"reason = {text(self._translate('draft.step'))}"

    def _table(self, table: str, rows: Sequence[Proposal]) -> Iterator[str]:
        yield self._plain(table)
        yield f"[{table}]"
        for one in rows:
            count = self._translate("draft.count", count=one.count)
            yield f"{text(one.word)} = {self._meaning(one)}  # {count}{self._doubt(one)}"

    def _doubt(self, one: Proposal) -> str:
        """What is unsure of a word; of one that is passed over the reason has said it already."""
        if one.table == "ignored":
            return ", ?" if one.remark in {"begins", "unknown_column"} else ""
        return f", ? {self._translate(f'draft.word.{one.remark}')}" if one.remark else ""

    def _meaning(self, one: Proposal) -> str:
        if one.table == "ignored":
            return text(self._translate(f"draft.word.{one.remark}"))
        if not one.form:
            return text(one.names[0]) if len(one.names) == 1 else listed(one.names)
        also = f", also = {listed(one.names[1:])}" if one.names[1:] else ""
        form = ", ".join(f"{name} = {json.dumps(value)}" for name, value in one.form.items())
        return f"{{ move = {text(one.names[0])}{also}, form = {{ {form} }} }}"

    def _unplaced(self, rows: Sequence[Proposal]) -> Iterator[str]:
        yield self._remark("unplaced")
        for one in rows:
            yield f'# {text(one.word)} = ""  # {self._translate("draft.count", count=one.count)}'


def text(value: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(values: Sequence[str]) -> str:
    """A list of texts as TOML writes it."""
    return f"[{', '.join(map(text, values))}]"


def _stem(file: str) -> str:
    return file.split(".", 1)[0] or "log"
