"""Draft the tables of a log in which each row is a whole case: what happened when, and what was promised."""

from collections.abc import Sequence

import tomlkit
from tomlkit.items import AoT, Table

from gateways.logs.draft.column_guess import ColumnGuess
from gateways.logs.draft.remarks import UNSURE, Remarks, inline, quoted
from gateways.logs.draft.word_list import sorts_of
from gateways.logs.draft.word_meanings import MeaningProposal

PROMISED, KEPT = "promised", "promise kept"
"""The words of the two events that a column of deadlines becomes in a log of wide rows."""
KEEPING = frozenset({"resolved", "delivered", "signed_for"})
"""The sorts of words that keep such a promise; without one of them the end of the case does."""
ENDING = frozenset({"closed"})


def wide_tables(guess: ColumnGuess, proposals: Sequence[MeaningProposal], remarks: Remarks) -> AoT | None:
    """Return a ``[[wide]]`` table for each column of times, and two for a column of deadlines.

    None where each row is an event. Of events at one time the first table comes first: the promise is kept before the
    word that may end the case.
    """
    wide = guess.wide
    if not wide:
        return None
    words = {proposal.column: proposal.word for proposal in proposals if proposal.column}
    tables = [tomlkit.table().add("column", name).add("word", words[name]) for name in wide]
    if deadline := promise_column(guess):
        kept = _keeping(guess)
        tables.insert(wide.index(kept), tomlkit.table().add("column", kept).add("word", KEPT))
        promised = tomlkit.table().add(tomlkit.comment(UNSURE + remarks.line("promise", column=deadline)))
        tables.insert(0, promised.add("column", wide[0]).add("word", PROMISED))
    return AoT(tables)


def with_promise(moves: Table, guess: ColumnGuess) -> Table:
    """Add the promise of each row: made when the case begins, due at the deadline, kept by the delivery."""
    if deadline := promise_column(guess):
        due = inline(column=deadline, **{"as": "time"})
        moves.add(quoted(PROMISED), inline(move="promise", form=inline(promise=deadline, due_at=due)))
        moves.add(quoted(KEPT), inline(move="keep_promise", form=inline(promise=1)))
    return moves


def _keeping(guess: ColumnGuess) -> str:
    """Return the column of the time that keeps the promise of a row."""
    wide = guess.wide
    for sorts in (KEEPING, ENDING):
        for name in reversed(wide):
            if any(sort.name in sorts for sort in sorts_of(name)):
                return name
    return wide[-1]


def promise_column(guess: ColumnGuess) -> str:
    """Return the column of deadlines if a promise can be drafted: made at one time, kept at a later one."""
    wide = guess.wide
    return guess.further.get("deadline", "") if wide and _keeping(guess) != wide[0] else ""
