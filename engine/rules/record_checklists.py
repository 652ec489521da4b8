"""Parse checklists of records, shipped in `policies/records/` or published: what a closed case must hold (F1).

There is one for each kind of case. Each item names the clause that it comes from and the check that finds out whether a
record holds it; an item that no query can judge says so, and people look at it.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from engine.calendars.calendar import POLICIES
from engine.rules.languages import language_faults
from engine.rules.limits import Row, Text
from engine.rules.rule_files import NamedRules, RuleFiles
from statemachines.form_model import Code
from statemachines.rule_faults import Fault, rule_fault

if TYPE_CHECKING:
    from statemachines.lifecycle import Lifecycle

RECORDS = POLICIES / "records"
COLUMNS = ("category", "severity", "department")
"""What a case is filed under."""
Names = Annotated[tuple[Text, ...], Field(max_length=20)]


class Check(StrEnum):
    """How a query finds out whether a record holds an item.

    ``column``: the case is filed under each of the names. ``move``: one of the moves was made. ``field``: one of the
    fields was filled in. ``told``: one of the moves said something to the customer, and it was not returned as
    undelivered. ``order``: none of the moves was first made before the case was opened, or before the one named before
    it. ``people``: no query can tell.
    """

    COLUMN = "column"
    MOVE = "move"
    FIELD = "field"
    TOLD = "told"
    ORDER = "order"
    PEOPLE = "people"


class RecordItem(Row):
    """What a record must hold, in each language, and the clause that it comes from.

    With ``after`` only a case in which one of these moves was made must hold it, with ``ends`` only a case that ended
    in one of these states.
    """

    code: Code
    source: Text
    check: Check
    names: Names = ()
    after: Names = ()
    ends: Names = ()
    text: dict[str, Text]


class MeasureDate(Row):
    """Within how many days a department says what it will do against what its records lack."""

    days: Annotated[int, Field(gt=0, le=366, strict=True)]
    source: Text


class RecordChecklist(NamedRules):
    """What the record of a closed case of one kind must hold."""

    kind: Text
    measure: MeasureDate
    items: Annotated[tuple[RecordItem, ...], Field(min_length=1, max_length=40)]

    @property
    def edition(self) -> str:
        """Return name and version."""
        return f"{self.name}@{self.version}"


def audited_twice(checklist: RecordChecklist, others: Iterable[RecordChecklist]) -> Iterator[Fault]:
    """Yield a fault for each other checklist of the same kind."""
    for other in others:
        if other.name != checklist.name and other.kind == checklist.kind:
            why = "{kind}: audited by {other}, too; leave it to one of them"
            yield rule_fault("kind", "record.kind_twice", why, kind=checklist.kind, other=other.name)


def _doubts(checklist: RecordChecklist) -> Iterator[Fault]:
    """Yield the faults that concern more than one field, and of names that the lifecycle of the kind does not have."""
    from statemachines.kinds import lifecycles  # loads all tables, which whoever reads packs alone does not need

    table = lifecycles().get(checklist.kind)
    if table is None:
        why = "{kind}: no such kind of case; use one of: {known}"
        yield rule_fault("kind", "record.unknown_kind", why, kind=checklist.kind, known=sorted(lifecycles()))
        return
    if table.readers:
        why = "cases of the kind {kind} are confidential, and a finding would list them; its readers look at them"
        yield rule_fault("kind", "record.confidential", why, kind=checklist.kind)
    codes = [item.code for item in checklist.items]
    for at, item in enumerate(checklist.items):
        if item.code in codes[:at]:
            why = "{item} ({clause}) stands twice; take one of them out"
            yield rule_fault(f"items.{at}.code", "record.item_twice", why, item=item.code, clause=item.source)
        yield from language_faults(f"items.{at}.text", item.text)
        yield from _unknown_names(f"items.{at}", item, table)


def _unknown_names(field: str, item: RecordItem, table: "Lifecycle") -> Iterator[Fault]:
    """Yield the moves, fields and states that an item names and the lifecycle does not have."""
    least = {Check.PEOPLE: 0, Check.ORDER: 2}.get(item.check, 1)
    if len(item.names) < least or (item.names and not least):
        why = "{item} ({clause}): the check {check} needs {least} names at least, and people none; correct them"
        params = {"item": item.code, "clause": item.source, "check": item.check.value, "least": least}
        yield rule_fault(f"{field}.names", "record.names", why, **params)
    finals = sorted(state.name for state in table.states if state.final)
    moves = sorted(table.rows)
    for part, names, known in (
        ("names", item.names, _known_names(item.check, table, moves)),
        ("after", item.after, moves),
        ("ends", item.ends, finals),
    ):
        if unknown := sorted(set(names) - set(known)):
            why = "{names} ({clause}): not known there; use one of: {known}"
            yield rule_fault(f"{field}.{part}", "record.unknown", why, names=unknown, clause=item.source, known=known)


def _known_names(check: Check, table: "Lifecycle", moves: list[str]) -> list[str]:
    """Return what a check can name: columns, fields of the forms, moves that speak, or moves."""
    match check:
        case Check.COLUMN:
            return list(COLUMNS)
        case Check.FIELD:
            return sorted({field for row in table.moves for field in row.form.model_fields})
        case Check.TOLD:
            return sorted({row.name for row in table.moves if row.speaks})
        case _:
            return moves


_FILES = RuleFiles(RecordChecklist, "bad_record_checklist", _doubts, audited_twice)
parsed_record_checklist = _FILES.parsed
record_checklists_in = _FILES.in_folder
bad_record_checklist = _FILES.refused


@cache
def record_checklists() -> Mapping[str, RecordChecklist]:
    """Return the shipped checklists of records by name. Raises ``Refused('bad_record_checklist')``."""
    return record_checklists_in(RECORDS)
