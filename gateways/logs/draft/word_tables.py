"""Draft the tables of a mapping that say what each word of the log means."""

from collections.abc import Iterator, Sequence

import tomlkit
from tomlkit.items import Item, Table

from gateways.logs.draft.remarks import Remarks, inline, quoted
from gateways.logs.draft.word_meanings import MeaningProposal


def word_table(name: str, proposals: Sequence[MeaningProposal], remarks: Remarks) -> Table:
    """Return what the words of one table mean: ``moves``, ``states`` or ``ignored``."""
    table = tomlkit.table()
    table.add(tomlkit.comment(remarks.line(name)))
    for proposal in proposals:
        count = remarks.line("count", count=proposal.count)
        table.add(quoted(proposal.word), _meaning(proposal, remarks).comment(count + _doubt(proposal, remarks)))
    return table


def _doubt(proposal: MeaningProposal, remarks: Remarks) -> str:
    """Return the remark on a word; for an ignored word the reason is its value already."""
    if proposal.table == "ignored":
        return ", ?" if proposal.remark in {"begins", "told_by_times"} else ""
    return f", ? {remarks.line(f'word.{proposal.remark}')}" if proposal.remark else ""


def _meaning(proposal: MeaningProposal, remarks: Remarks) -> Item:
    names = list(proposal.names)
    if proposal.table == "ignored":
        return tomlkit.item(remarks.line(f"word.{proposal.remark}"))
    if not proposal.form:
        return tomlkit.item(names[0] if len(names) == 1 else names)
    also = {"also": names[1:]} if names[1:] else {}
    return inline(move=names[0], **also, form=inline(**proposal.form))


def unplaced_words(proposals: Sequence[MeaningProposal], remarks: Remarks) -> Iterator[str]:
    """Yield a line for each word without a proposal, to be moved to its table by a person."""
    for proposal in proposals:
        yield f'{quoted(proposal.word).as_string()} = "" # {remarks.line("count", count=proposal.count)}'
