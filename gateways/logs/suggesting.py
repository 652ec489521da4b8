"""Drafting a mapping for a log that nobody has mapped: what the columns hold, what the words mean, what is unsure."""

from pathlib import Path

from gateways.logs.column_inference import Guess, guess
from gateways.logs.counting import counted
from gateways.logs.mapping_draft import Draft, Say
from gateways.logs.meanings import Proposal, placed, proposals
from gateways.logs.sampling import Sample, sampled
from gateways.logs.words import plain, sorts_of

ORDERS = frozenset({"order", "shipment", "waybill", "consignment", "订单", "訂單", "运单", "運單", "单号"})
"""Words of a case's column by which a log is thought to be one of orders."""


def suggest(path: Path, translate: Say) -> str:
    """The draft of a mapping for the log at ``path`` as TOML, ready to be used and to be corrected.

    ``say`` gives the remarks in the reader's language (keys ``draft.*``). Raises ``Unreadable``.
    """
    sample = sampled(path)
    found = guess(sample)
    kind = _kind(found)
    told = counted(path, found, sample.missing)
    words = _columns(sample, found) if found.wide else proposals(told, kind, is_state=found.is_state)
    return Draft(path.name, kind, sample, found, translate).written(told, words)


def _kind(found: Guess) -> str:
    name = plain(found.case)
    return "service_order" if any(word in name for word in ORDERS) else "complaint"


def _columns(sample: Sample, found: Guess) -> list[Proposal]:
    """In a log of wide rows the words are the names of the columns of times."""
    return [_column(sample, name, _kind(found)) for name in found.wide]


def _column(sample: Sample, name: str, kind: str) -> Proposal:
    count = sample.columns[name].filled
    sort = next(sorts_of(name), None)
    if sort is None:
        return Proposal(name, count, "ignored", remark="unknown_column")
    return placed(name, count, sort.service_order if kind == "service_order" else sort.complaint, sort)
