"""Draft the tables of a mapping that say what each column of the log is."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from gateways.logs.draft.column_guess import ColumnGuess
from gateways.logs.draft.remarks import UNSURE, Remarks, inline
from gateways.logs.draft.sample import Sample
from gateways.logs.draft.word_list import key_of, word_list


def source_table(file: str, kind: str, sample: Sample, guess: ColumnGuess, remarks: Remarks) -> Table:
    """Return how the log is read: its zone, formats of times, encoding and missing values."""
    columns = (guess.at, *guess.wide, guess.further.get("opened", ""))
    formats = [guess.times[name] for name in columns if name in guess.times]
    patterns = list(dict.fromkeys(format_.pattern for format_ in formats if format_.pattern))
    table = tomlkit.table()
    table.add("name", file.split(".", 1)[0] or "log")
    table.add("kind", remarks.noted(kind, "kind"))
    table.add("pack", remarks.noted("logistics", "pack"))
    table.add("zone", "UTC" if all(format_.offset for format_ in formats) else remarks.noted("UTC", "zone"))
    if patterns:
        ambiguous = any(format_.rival for format_ in formats)
        table.add("formats", remarks.noted(patterns, "day_first") if ambiguous else patterns)
    if epoch := next((format_.epoch for format_ in formats if format_.epoch), None):
        table.add("epoch", epoch)
    if sample.encoding:
        table.add("encoding", sample.encoding)
    if sample.missing:
        table.add("missing", sample.missing)
    return table


def event_table(guess: ColumnGuess, types: Sequence[str], remarks: Remarks) -> Table:
    """Return which columns make an event; ``types`` are the types of the objects of an OCEL log."""
    table = tomlkit.table()
    table.add("case", _choice(guess, remarks, "case", guess.case, "no_case"))
    if others := [f"ocel:type:{name}" for name in types if f"ocel:type:{name}" != guess.case]:
        table.add(tomlkit.comment(UNSURE + remarks.line("object_types", types=", ".join(others))))
    words = guess.word if len(guess.words) < 2 else list(guess.words)
    if guess.wide:
        if words:
            table.add("word", words if guess.chosen.words else remarks.noted(words, "status"))
            _add_status_time(table, guess, remarks)
        return table
    table.add("word", _choice(guess, remarks, "word", words, "no_word"))
    table.add("at", _choice(guess, remarks, "at", guess.at, "no_time"))
    order = tomlkit.item(["at", *([guess.order] if guess.order else []), "-row" if guess.backwards else "row"])
    table.add("order", order.comment(remarks.line("backwards")) if guess.backwards else order)
    for name in ("who", "department"):
        if column := guess.further.get(name):
            table.add(name, _choice(guess, remarks, name, column))
    return table


def _add_status_time(table: Table, guess: ColumnGuess, remarks: Remarks) -> None:
    """Add the column of the time of the states; where none is known, a remark which time they get."""
    at = guess.at
    if at:
        table.add("at", at if guess.chosen.at else remarks.noted(at, "status_time"))
    else:
        table.add(tomlkit.comment(UNSURE + remarks.line("status_without_time")))


def _choice(guess: ColumnGuess, remarks: Remarks, name: str, value: str | list[str], missing: str = "") -> Any:
    """Return the column of a choice, with a remark where there is none or where only its values speak for it."""
    if not value:
        return remarks.noted("", missing)
    if name not in guess.doubts:
        return value
    return remarks.noted(value, "lone_case" if name == "case" and guess.lone else "unsure_column")


def opening_table(sample: Sample, guess: ColumnGuess, remarks: Remarks) -> Table:
    """Return what a case is opened with."""
    further = guess.further
    table = tomlkit.table()
    if "text" not in further:
        table.add("text", remarks.text("no_text"))
    for name in ("text", "subject", "customer"):
        if column := further.get(name):
            value = inline(column=column)
            table.add(name, remarks.noted(value, "unsure_column") if name in guess.doubts else value)
    if column := further.get("customer_id"):
        table.add("customer_id", remarks.noted(inline(column=column), "customer_id"))
    if column := further.get("channel"):
        table.add("channel", _translated_column(sample, column, word_list().channels, "file"))
    if column := further.get("opened"):
        table.add(tomlkit.comment(UNSURE + remarks.line("opened", column=column)))
        table.add(tomlkit.comment(f"at = {tomlkit.item(column).as_string()}"))
    if (column := further.get("deadline")) and not guess.wide:
        table.add(tomlkit.comment(UNSURE + remarks.line("deadline", column=column)))
    return table


def fill_table(sample: Sample, guess: ColumnGuess, remarks: Remarks) -> Table:
    """Return what is filled in where a move demands it and the log does not say it."""
    further = guess.further
    table = tomlkit.table()
    table.add(tomlkit.comment(remarks.line("fill")))
    if column := further.get("category"):
        table.add("category", remarks.noted(inline(column=column, **{"as": "code"}), "category"))
    else:
        table.add("category", "unclassified")
    if column := further.get("severity"):
        value = _translated_column(sample, column, word_list().severities, "normal")
        table.add("severity", remarks.noted(value, "severity"))
    else:
        table.add("severity", "normal")
    if column := further.get("department"):
        table.add("department", inline(column=column, **{"as": "code"}))
    return table


def _translated_column(
    sample: Sample, column: str, table: Mapping[str, tuple[str, ...]], otherwise: str
) -> InlineTable:
    """Return a value from a column, with the values of the sample that the word list knows."""
    frequent = sorted(value for value, _ in sample.columns[column].values.most_common(30))
    values = inline(**{value: key for value in frequent if (key := key_of(value, table))})
    return inline(column=column, **({"values": values} if values else {}), otherwise=otherwise)


def sla_table(guess: ColumnGuess, remarks: Remarks) -> Table | None:
    """Return the log's own answer whether it kept its promise; None where no column has it."""
    if not (sla := guess.sla):
        return None
    table = tomlkit.table().add("column", remarks.noted(sla.column, "sla"))
    return table.add("kept", list(sla.kept)).add("broken", list(sla.broken))


def skipped_tables(sample: Sample, guess: ColumnGuess, remarks: Remarks) -> AoT | None:
    """Return which steps of an activity, as XES tells them, are no events of their own; None where there are none."""
    steps = guess.steps
    if not steps or len(sample.columns[steps].values) < 2:
        return None
    values = sorted(value for value in sample.columns[steps].values if value.casefold() != "complete")
    table = tomlkit.table().add("column", steps).add("values", values).add("reason", remarks.line("step"))
    return AoT([table])
