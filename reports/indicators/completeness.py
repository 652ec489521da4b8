"""What the record of a case lacks, as an expression in SQL: by the checklist of its kind in force when it ended (F1).

The lacks of a case are a number: bit ``n`` is set where it lacks item ``n`` of its checklist. Zero is a whole record,
and NULL the record of a case that no checklist judges. What was recorded after the instant is not read, and what was
mended before it counts. Whoever counts whole records and whoever lists what others lack reads this one expression.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, Sort
from engine.rules.record_checklists import Check, RecordChecklist, RecordItem
from reports.indicators.record_at import RecordAt, listed
from statemachines.kinds import lifecycle_of

FOREVER = 2**62
# One pass over the moves of a case finds all that it lacks; with the count it is one row whatever is looked for.
LACKS = "(SELECT {bits} + 0 * count(*) FROM transition m WHERE m.case_id = c.id AND m.recorded_at <= :as_of)"
BIT = "CASE WHEN {applies} AND NOT ({holds}) THEN {bit} ELSE 0 END"
MADE = "max(CASE WHEN {which} THEN 1 ELSE 0 END) = 1"
FIRST = "min(CASE WHEN m.move IN ({moves}) THEN m.occurred_at END)"
# A message that was returned is told again once it turns out to have arrived.
RETURNED = """
EXISTS (SELECT 1 FROM transition u WHERE u.case_id = m.case_id AND u.seq > m.seq AND u.recorded_at <= :as_of
           AND u.move IN ({undelivered}) AND {of_undelivered} = m.seq
           AND NOT EXISTS (SELECT 1 FROM transition a WHERE a.case_id = u.case_id AND a.seq > u.seq
                              AND a.recorded_at <= :as_of AND a.move IN ({arrived}) AND {of_arrived} = m.seq))
"""


def judging(rules: Rules) -> Iterator[tuple[int, int, RecordChecklist]]:
    """Yield from when until when, in microseconds, which checklist judges the cases of its kind that end."""
    changes = {edition.effective_from for edition in rules.editions if edition.sort == Sort.RECORD}
    begins = [-FOREVER, *sorted(changes)]
    for since, until in zip(begins, [*begins[1:], FOREVER], strict=True):
        for checklist in rules.record_checklists(since).values():
            yield since, until, checklist


def lacks(record: RecordAt, rules: Rules) -> str:
    """Return the lacks of ``cases c``, which ended with ``transition t``."""
    return _of_each(rules, lambda checklist: LACKS.format(bits=_bits(record, checklist)))


def edition(rules: Rules) -> str:
    """Return name and version of the checklist that judges ``cases c``, which ended with ``transition t``."""
    return _of_each(rules, lambda checklist: "'" + checklist.edition.replace("'", "''") + "'")


def _of_each(rules: Rules, value: Callable[[RecordChecklist], str]) -> str:
    whens = [
        f"WHEN c.kind = '{each.kind}' AND t.occurred_at >= {since} AND t.occurred_at < {until} THEN {value(each)}"
        for since, until, each in judging(rules)
    ]
    return f"CASE {' '.join(whens)} END" if whens else "NULL"


def _bits(record: RecordAt, checklist: RecordChecklist) -> str:
    return (
        " + ".join(
            BIT.format(
                applies=_applies(item, checklist.kind), holds=_holds(record, item, checklist.kind), bit=1 << number
            )
            for number, item in enumerate(checklist.items)
            if item.check is not Check.PEOPLE
        )
        or "0"
    )


def _applies(item: RecordItem, kind: str) -> str:
    """Return the condition that a case must hold the item."""
    conditions: list[str] = []
    if item.ends:
        names = lifecycle_of(kind).resolver
        conditions.append(f"t.dest IN ({listed({name for end in item.ends for name in names.names('state', end)})})")
    if item.after:
        conditions.append(_made(item.after))
    return " AND ".join(conditions) or "1 = 1"


def _holds(record: RecordAt, item: RecordItem, kind: str) -> str:
    """Return the condition that a record holds an item; it is never NULL."""
    match item.check:
        case Check.COLUMN:
            return " AND ".join(f"{record.column(name)} IS NOT NULL" for name in item.names)
        case Check.FIELD:
            moves = recorded_as("move", *_moves_with(kind, item.names))
            given = " OR ".join(f"{record.field('m.form', name)} IS NOT NULL" for name in item.names)
            return MADE.format(which=f"m.move IN ({moves}) AND ({given})")
        case Check.TOLD:
            return MADE.format(which=" OR ".join(_told(record, kind, move) for move in item.names))
        case Check.ORDER:
            return _in_order(item.names)
        case _:
            return _made(item.names)


def _made(moves: Sequence[str]) -> str:
    return MADE.format(which=f"m.move IN ({recorded_as('move', *moves)})")


def _moves_with(kind: str, fields: Sequence[str]) -> list[str]:
    return sorted({row.name for row in lifecycle_of(kind).moves if set(fields) & set(row.form.model_fields)})


def _told(record: RecordAt, kind: str, move: str) -> str:
    """Return the condition that transition ``m`` is this move, said something, and was not returned."""
    speech = lifecycle_of(kind).rows[move][0].speaks
    assert speech is not None, "a checklist is published only with moves that speak"
    said = " OR ".join(f"{record.field('m.form', name)} IS NOT NULL" for name in speech.fields)
    returned = RETURNED.format(
        undelivered=recorded_as("move", "message_undelivered"), of_undelivered=record.number("u.form", "message"),
        arrived=recorded_as("move", "message_arrived"), of_arrived=record.number("a.form", "message"),
    )  # fmt: skip
    words = "1 = 1" if speech.words_of else said
    return f"(m.move IN ({recorded_as('move', move)}) AND ({words}) AND NOT {returned})"


def _in_order(moves: Sequence[str]) -> str:
    """Return the condition that no move was first made before the opening, or before the move named before it."""
    firsts = ["c.opened_at", *(FIRST.format(moves=recorded_as("move", move)) for move in moves)]
    return " AND ".join(f"coalesce({later} >= {earlier}, 1 = 1)" for earlier, later in pairwise(firsts))
