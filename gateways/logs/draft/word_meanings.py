"""Propose a meaning for each word of a log: a move, states, to ignore it, or nothing; with a remark if unsure."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateways.logs.draft.column_guess import ColumnGuess
from gateways.logs.draft.sample import Sample
from gateways.logs.draft.word_list import Sense, WordGroup, plain, sorts_of
from gateways.logs.draft.word_statistics import WordStatistics

BEGINS, LATE = 0.2, 0.4
"""The share of its positions in which a word must begin a case, or end it, to mean its beginning or its end."""
ENDS = ("resolved", "closed", "signed_for", "delivered")
UNTIMED_ENDS = ("cancelled", "refused")
"""The ends that a table of times tells only by its column of states."""
DELIVERED = frozenset({"delivered", "signed_for"})
ASSIGNED, WORKING = "assigned", "working"
PLAIN = "note"
"""The move of an activity that does not move the case on."""

ORDERS = frozenset({"order", "shipment", "waybill", "consignment", "订单", "訂單", "运单", "運單", "单号"})
"""Words in the name of the case column that show a log of service orders."""


TICKETS = frozenset({"工单", "工單"})
"""Words in the name of the case column that look like an order's and mean a ticket."""


@dataclass(frozen=True, slots=True)
class MeaningProposal:
    """A word and the proposal for it; ``table`` is its table in the mapping, empty if it has none.

    ``remark`` is the key of the remark beside it; empty if the proposal is sure. ``column`` is the column of its times
    in a log of wide rows.
    """

    word: str
    count: int
    table: str
    names: tuple[str, ...] = ()
    form: Mapping[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])
    remark: str = ""
    column: str = ""


def propose(statistics: WordStatistics, kind: str, *, is_state: bool) -> list[MeaningProposal]:
    """Return a proposal for each word, the most frequent first."""
    proposals = {word: _proposal(word, statistics, kind, is_state) for word, _ in statistics.words.most_common()}
    if not is_state and not any(_ends(word, statistics) for word in proposals):
        name = "resolve" if kind == "complaint" else "complete"
        for word in (word for word, proposal in proposals.items() if proposal.names == (PLAIN,)):
            if statistics.share(statistics.ends, word) > 0.5 and statistics.ends[word] > 0.1 * statistics.ends.total():
                proposals[word] = MeaningProposal(word, statistics.words[word], "moves", (name,), remark="last")
    return [_narrowed(proposal, statistics) for proposal in proposals.values()]


def _narrowed(proposal: MeaningProposal, statistics: WordStatistics) -> MeaningProposal:
    """If a log has a word for assigning, return a word for working without the state of assigning.

    One case with both is enough: with the state of assigning as good, that case would wait there and fit no more, and
    one that jumps over the assigning does not fit either way.
    """
    sort = sort_of(proposal.word, statistics)
    if proposal.table != "states" or sort is None:
        return proposal
    if sort.name == WORKING and statistics.ever_after(proposal.word, _words_of(ASSIGNED, statistics)):
        return replace(proposal, names=proposal.names[:1])
    if sort.name == ASSIGNED and statistics.ever_again(proposal.word, _words_of(WORKING, statistics)):
        return replace(proposal, remark=proposal.remark or "assigned_again")
    return proposal


def _words_of(name: str, statistics: WordStatistics) -> list[str]:
    """Return the words of the log that are of a sort."""
    return [word for word in statistics.words if (sort := sort_of(word, statistics)) and sort.name == name]


def kind_of_log(guess: ColumnGuess) -> str:
    """Return the kind of case that the name of the case column shows, or a time of delivery among those of a row."""
    name = plain(guess.case)
    delivered = any(sort.name in DELIVERED for column in guess.wide for sort in sorts_of(column))
    ticket = any(word in name for word in TICKETS)
    return "service_order" if delivered or (not ticket and any(word in name for word in ORDERS)) else "complaint"


def propose_columns(sample: Sample, guess: ColumnGuess, kind: str) -> list[MeaningProposal]:
    """Return a proposal for each column of times in a log of wide rows, and for each value of its column of states.

    The words of the times are the names of their columns.
    """
    states = _of_status(sample, guess, kind)
    proposals = [proposal for name in guess.wide if name != guess.at and (proposal := _of_column(sample, name, kind))]
    guess.wide = [proposal.column for proposal in proposals]
    values = {proposal.word for proposal in states}
    return [*(_told_apart(proposal, values) for proposal in proposals), *states]


def _told_apart(proposal: MeaningProposal, states: Container[str]) -> MeaningProposal:
    """Return a column's word under a name that no state of the log has."""
    return replace(proposal, word=f"{proposal.word} (time)") if proposal.word in states else proposal


def _of_status(sample: Sample, guess: ColumnGuess, kind: str) -> list[MeaningProposal]:
    """Return a proposal for each value of the column of states, where one says what no time of the log says.

    That is a cancelled or refused case; where no column of times tells an end, any end. Else the column is not used,
    unless the operator chose it: its values say nothing that the times do not.
    """
    if not guess.words:
        return []
    untold = UNTIMED_ENDS if _tells_an_end(guess) else (*UNTIMED_ENDS, *ENDS)
    words = Counter(word for row in sample.rows if (word := guess.word_of(row)))
    proposals = [_of_value(word, count, kind, untold, guess) for word, count in words.most_common()]
    if all(proposal.table == "ignored" for proposal in proposals) and not (guess.chosen.words or guess.chosen.at):
        guess.told_by_times, guess.words, guess.at, proposals = guess.words, (), "", []
    return proposals


def _tells_an_end(guess: ColumnGuess) -> bool:
    """Return whether a column of times tells when a case came to an end."""
    times = (name for name in guess.wide if name != guess.at)
    return any(sort.name in ENDS for name in times if (sort := next(sorts_of(name), None)))


def _of_value(word: str, count: int, kind: str, untold: Container[str], guess: ColumnGuess) -> MeaningProposal:
    """Return the proposal for a value of the column of states; ``untold`` are the sorts that no time tells."""
    sort = next(sorts_of(word), None)
    if sort is None or sort.name not in untold:
        return MeaningProposal(word, count, "ignored", remark="told_by_times")
    sense = sort.service_order if kind == "service_order" else sort.complaint
    return replace(_of_activity(word, count, sense, sort), remark="state_time" if guess.at else "untimed_end")


def _of_column(sample: Sample, name: str, kind: str) -> MeaningProposal | None:
    """Return the proposal for a column of times; None for one of which nothing is known: it would be a false event."""
    count = sample.columns[name].filled
    sort = next(sorts_of(name), None)
    if sort is None:
        return None
    sense = sort.service_order if kind == "service_order" else sort.complaint
    return replace(_of_activity(name, count, sense, sort), column=name)


def sort_of(word: str, statistics: WordStatistics) -> WordGroup | None:
    """Return the sort of a word that its positions in the cases confirm; None if there is none."""
    return next(_confirmed(word, statistics), None)


def _confirmed(word: str, statistics: WordStatistics) -> Iterator[WordGroup]:
    for sort in sorts_of(word):
        begins = not sort.first or statistics.share(statistics.begins, word) >= BEGINS
        if begins and (not sort.last or statistics.share(statistics.late, word) >= LATE):
            yield sort


def _ends(word: str, statistics: WordStatistics) -> bool:
    sort = sort_of(word, statistics)
    return sort is not None and sort.name in ENDS


def _proposal(word: str, statistics: WordStatistics, kind: str, is_state: bool) -> MeaningProposal:
    count = statistics.words[word]
    if not word:
        return MeaningProposal(word, count, "ignored", remark="blank")
    sort = sort_of(word, statistics)
    if sort is None:
        return _unknown(word, statistics, is_state)
    sense: Sense = sort.service_order if kind == "service_order" else sort.complaint
    if is_state:
        return (
            MeaningProposal(word, count, "states", sense.state, remark=sort.unsure)
            if sense.state
            else _unknown(word, statistics, is_state)
        )
    return _of_activity(word, count, sense, sort)


def _of_activity(word: str, count: int, sense: Sense, sort: WordGroup) -> MeaningProposal:
    """Return the proposal for a word of a log of activities."""
    if sense.ignored:
        return MeaningProposal(word, count, "ignored", remark="opens")
    if sense.move:
        return MeaningProposal(word, count, "moves", sense.move, sense.form, sort.unsure)
    return MeaningProposal(word, count, "states", sense.state, remark=sort.unsure)


def _unknown(word: str, statistics: WordStatistics, is_state: bool) -> MeaningProposal:
    """Return the proposal for an unknown word: none for a state, because a guess would move cases; else a note."""
    count = statistics.words[word]
    if is_state:
        return MeaningProposal(word, count, "", remark="unknown_state")
    if statistics.share(statistics.begins, word) > 0.5:
        return MeaningProposal(word, count, "ignored", remark="begins")
    return MeaningProposal(word, count, "moves", (PLAIN,), remark="unknown_activity")
