"""What is proposed for each word of an unknown log: a move, states, to pass over it, or nothing; and how surely."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateways.logs.counting import Counted
from gateways.logs.words import Sense, Sort, sorts_of

BEGINS, LATE = 0.2, 0.4
"""In such a share of its places a word must begin a case, or end it, to mean its beginning or its end."""
ENDS = ("resolved", "closed", "signed_for", "delivered")
ASSIGNED, WORKING = "assigned", "working"
PLAIN = "note"
"""The move of what is done beside, without the case going on."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A word and what is proposed for it; ``table`` is where it stands in the mapping, empty if nowhere.

    ``remark`` is the key of what the draft says beside it; empty where there is nothing to doubt.
    """

    word: str
    count: int
    table: str
    names: tuple[str, ...] = ()
    form: Mapping[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])
    remark: str = ""


def proposals(counted: Counted, kind: str, *, is_state: bool) -> list[Proposal]:
    """A proposal for each word, the most frequent first."""
    found = {word: _proposal(word, counted, kind, is_state) for word, _ in counted.words.most_common()}
    if not is_state and not any(_ends(word, counted) for word in found):
        name = "resolve" if kind == "complaint" else "complete"
        for word in (word for word, one in found.items() if one.names == (PLAIN,)):
            if counted.share(counted.ends, word) > 0.5 and counted.ends[word] > 0.1 * counted.ends.total():
                found[word] = Proposal(word, counted.words[word], "moves", (name,), remark="last")
    return [_told_apart(one, counted) for one in found.values()]


def _told_apart(one: Proposal, counted: Counted) -> Proposal:
    """Where a log has a word of its own for the step before, work that goes on is not that step."""
    sort = sort_of(one.word, counted)
    if one.table != "states" or sort is None or sort.name != WORKING:
        return one
    assigned = [word for word in counted.words if (other := sort_of(word, counted)) and other.name == ASSIGNED]
    return replace(one, names=one.names[:1]) if counted.usually_after(one.word, assigned) else one


def sort_of(word: str, counted: Counted) -> Sort | None:
    """The sort of a word, as far as where it stands in the cases bears it out."""
    return next(_borne_out(word, counted), None)


def _borne_out(word: str, counted: Counted) -> Iterator[Sort]:
    for sort in sorts_of(word):
        begins = not sort.first or counted.share(counted.begins, word) >= BEGINS
        if begins and (not sort.last or counted.share(counted.late, word) >= LATE):
            yield sort


def _ends(word: str, counted: Counted) -> bool:
    sort = sort_of(word, counted)
    return sort is not None and sort.name in ENDS


def _proposal(word: str, counted: Counted, kind: str, is_state: bool) -> Proposal:
    count = counted.words[word]
    if not word:
        return Proposal(word, count, "ignored", remark="blank")
    sort = sort_of(word, counted)
    if sort is None:
        return _unknown(word, counted, is_state)
    sense: Sense = sort.service_order if kind == "service_order" else sort.complaint
    if is_state:
        return (
            Proposal(word, count, "states", sense.state, remark=sort.unsure)
            if sense.state
            else _unknown(word, counted, is_state)
        )
    return placed(word, count, sense, sort)


def placed(word: str, count: int, sense: Sense, sort: Sort) -> Proposal:
    """A word of a log of activities."""
    if sense.ignored:
        return Proposal(word, count, "ignored", remark="opens")
    if sense.move:
        return Proposal(word, count, "moves", sense.move, sense.form, sort.unsure)
    return Proposal(word, count, "states", sense.state, remark=sort.unsure)


def _unknown(word: str, counted: Counted, is_state: bool) -> Proposal:
    """A state that nobody knows is left out, for a guess would move cases; an activity is a remark."""
    count = counted.words[word]
    if is_state:
        return Proposal(word, count, "", remark="unknown_state")
    if counted.share(counted.begins, word) > 0.5:
        return Proposal(word, count, "ignored", remark="begins")
    return Proposal(word, count, "moves", (PLAIN,), remark="unknown_activity")
