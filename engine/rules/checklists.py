"""Parse checklists of conduct, shipped in `policies/checklists/` or published: items by channel, weighted (F5).

A person judges each item of a contact; the system judges none.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import Field

from engine.calendars.calendar import POLICIES
from engine.rules.languages import language_faults
from engine.rules.limits import Row, Text
from engine.rules.rule_files import NamedRules, RuleFiles
from statemachines.form_model import Code
from statemachines.rule_faults import Fault, rule_fault

CHECKLISTS = POLICIES / "checklists"
WHOLE = 100
"""What the weights of a checklist add up to."""


class ConductChannel(StrEnum):
    """How staff and a customer were in contact. What the portal shows is the text of a mail."""

    PHONE = "phone"
    MAIL = "mail"
    CHAT = "chat"
    COUNTER = "counter"


class ChecklistItem(Row):
    """What is looked at, in each language; its weight; the clause that it comes from."""

    code: Code
    weight: Annotated[int, Field(gt=0, le=WHOLE, strict=True)]
    source: Text
    text: dict[str, Text]


class Checklist(NamedRules):
    """What is looked at in contacts of these channels."""

    channels: Annotated[tuple[Text, ...], Field(min_length=1)]
    items: Annotated[tuple[ChecklistItem, ...], Field(min_length=1, max_length=40)]


def covered_twice(checklist: Checklist, others: Iterable[Checklist]) -> Iterator[Fault]:
    """Yield a fault for each other checklist of one of the channels."""
    for other in others:
        if other.name != checklist.name and (twice := set(other.channels) & set(checklist.channels)):
            why = "{channels}: in checklist {other}, too; leave it to one of them"
            yield rule_fault("channels", "checklist.channel_twice", why, channels=sorted(twice), other=other.name)


def _doubts(checklist: Checklist) -> Iterator[Fault]:
    """Yield the faults that concern more than one field, and of unknown channels."""
    if unknown := sorted(set(checklist.channels) - set(ConductChannel)):
        why, known = "{channels}: no such channel; use one of: {known}", list(ConductChannel)
        yield rule_fault("channels", "checklist.unknown_channel", why, channels=unknown, known=known)
    codes = [item.code for item in checklist.items]
    for at, item in enumerate(checklist.items):
        if item.code in codes[:at]:
            why = "{item} ({clause}) stands twice; take one of them out"
            yield rule_fault(f"items.{at}.code", "checklist.item_twice", why, item=item.code, clause=item.source)
        yield from language_faults(f"items.{at}.text", item.text)
    if (total := sum(item.weight for item in checklist.items)) != WHOLE:
        why = "the weights of {clause} add up to {total}; make them add up to 100"
        yield rule_fault("items", "checklist.weights", why, clause=checklist.source, total=total)


_FILES = RuleFiles(Checklist, "bad_checklist", _doubts, covered_twice)
parsed_checklist = _FILES.parsed
checklists_in = _FILES.in_folder
bad_checklist = _FILES.refused


@cache
def checklists() -> Mapping[str, Checklist]:
    """Return the shipped checklists by name. Raises ``Refused('bad_checklist')``."""
    return checklists_in(CHECKLISTS)
