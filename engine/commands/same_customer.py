"""Joins the customers of two cases, or parts them, as a person decides; both cases record it (A9).

Note [Joined and parted]: each case keeps the party it came with, so nothing is lost by joining: the parties of one
person are brought to the other one, and the answer names them. To part the customers of two cases takes back the last
joining that brought them together; where the number or the address did, the one case's party becomes a person of its
own. Two cases of one and the same party part by a copy of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ValidationError

from engine.actors import Acting, in_charge
from engine.commands.case_context import context_of
from engine.commands.load import load_cases, lock_cases
from engine.commands.plan import begin, plan_until
from engine.commands.write import write
from engine.contention import in_transaction
from engine.entry_checks import check_case_number
from engine.ledger.journal import journal_party_of, journal_row
from engine.ledger.record import TransitionDraft, append, case_by_number
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_faults import form_faults
from statemachines.form_model import KNOWN_CASE, Form, Number, Personal
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused
from statemachines.roles import DESK, MANAGERS

SAME: Final = "same_customer"
OTHER: Final = "other_customer"
"""What the record calls the two decisions; they are no moves of a lifecycle, because they concern no state."""

PARTY: Final = "SELECT party_id FROM cases WHERE number = :number"
PEOPLE: Final = """
SELECT id, person_id FROM party WHERE id IN (SELECT coalesce(person_id, id) FROM party WHERE id IN (:a, :b))
    OR person_id IN (SELECT coalesce(person_id, id) FROM party WHERE id IN (:a, :b)) ORDER BY id
"""
PERSON: Final = "UPDATE party SET person_id = :person WHERE id = :id"
ANSWERED: Final = """
INSERT INTO same_person (party_id, other_id, why, asked_at, same, answered_at, answered_by, joined)
VALUES (:younger, :older, '', :at, :same, :at, :by, :joined)
ON CONFLICT (party_id, other_id) DO UPDATE SET same = :same, answered_at = :at, answered_by = :by, joined = :joined
"""
OPEN_QUESTIONS: Final = """
UPDATE same_person SET same = :same, answered_at = :at, answered_by = :by
 WHERE same IS NULL AND ((party_id = ANY(:one) AND other_id = ANY(:other))
    OR (party_id = ANY(:other) AND other_id = ANY(:one)))
"""
JOINED: Final = """
SELECT party_id, other_id, joined FROM same_person
 WHERE same AND joined IS NOT NULL AND (party_id = ANY(:ids) OR other_id = ANY(:ids)) ORDER BY answered_at DESC
"""
TAKEN_BACK: Final = """
UPDATE same_person SET same = :same, answered_at = :at, answered_by = :by, joined = NULL
 WHERE party_id = :party_id AND other_id = :other_id
"""
COPY: Final = """
INSERT INTO party (name, phone, email, locale, phone_key, email_key, person_id)
SELECT name, phone, email, locale, phone_key, email_key, NULL FROM party WHERE id = :id RETURNING id
"""
# Who says the same once more may be either of the two: so it is asked anew.
UNNAMED: Final = "UPDATE party SET identity = NULL WHERE id = :id"
GIVE: Final = "UPDATE cases SET party_id = :party WHERE number = :number"


class CustomerDecision(Form):
    """The other case, by its number, and why its customer is the same person, or another one."""

    case: Annotated[Number, KNOWN_CASE]
    reason: Personal


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides of the customers of two cases, and why."""

    number: str
    other: str
    reason: str
    actor: str
    via: str = "cli"


@dataclass(slots=True)
class _Two:
    """The parties of two cases, and those of the person of each, while a decision is carried out."""

    tx: Tx
    mine: int
    other: int
    people: dict[int, int]
    """Each party of the two persons, and the party that stands for its person."""
    by: Acting
    at: int

    def of_person(self, party: int) -> list[int]:
        """Return the parties of the person of a party."""
        return [each for each, person in self.people.items() if person == self.people[party]]

    @property
    def one_person(self) -> bool:
        return self.people[self.mine] == self.people[self.other]


def join_customers(store: Store, decision: Decision, at: datetime) -> bool:
    """Make the customers of two cases one person; return False where they were one.

    Raises ``Refused('unknown_case' | 'same_case' | 'no_customer' | 'form' | 'not_in_charge')`` and what ``acting``
    raises.
    """
    return in_transaction(store, lambda tx: _decide(tx, decision, SAME, at))


def part_customers(store: Store, decision: Decision, at: datetime) -> bool:
    """Say that the customers of two cases are two people; return False where that was known. Raises as joining."""
    return in_transaction(store, lambda tx: _decide(tx, decision, OTHER, at))


def _decide(tx: Tx, decision: Decision, act: str, at: datetime) -> bool:
    now, numbers = to_micros(at), (decision.number, decision.other)
    for number in numbers:
        check_case_number(number)
    actor = in_charge(tx, decision.actor, (*DESK, *MANAGERS), now)
    if decision.number == decision.other:
        raise Refused("same_case", number=decision.number)
    lock_cases(tx, numbers)
    ids = [case_by_number(tx, number).id for number in numbers]
    try:
        CustomerDecision(case=decision.other, reason=decision.reason)
    except ValidationError as error:
        raise Refused("form", move=act, fields=form_faults(error)) from None
    mine, other = (_party_of(tx, number) for number in numbers)
    two = _Two(tx, mine, other, _people(tx, mine, other), actor, now)
    changed = _join(two) if act == SAME else _part(two, decision.number)
    if changed:
        _record(tx, decision, act, ids, actor, now)
    return changed


def _party_of(tx: Tx, number: str) -> int:
    if lifecycle_of(case_by_number(tx, number).kind).internal:
        raise Refused("no_customer", number=number)
    party: int | None = tx.row(PARTY, number=number).party_id
    if party is None:
        raise Refused("no_customer", number=number)
    return party


def _people(tx: Tx, mine: int, other: int) -> dict[int, int]:
    lock = "FOR UPDATE" if tx.postgres else ""
    rows = tx.rows(f"{PEOPLE} {lock}", a=mine, b=other)
    return {row.id: row.id if row.person_id is None else row.person_id for row in rows}


def _join(two: _Two) -> bool:
    if two.one_person:
        return False
    mine, other = two.of_person(two.mine), two.of_person(two.other)
    moved, stay = (mine, other) if min(mine) > min(other) else (other, mine)
    _answer_questions(two, mine, other, same=True)
    _regroup(two.tx, [*moved, *stay])
    _answer(two, same=True, joined=" ".join(map(str, moved)))
    return True


def _part(two: _Two, number: str) -> bool:
    if two.mine == two.other:
        copy: int = two.tx.row(COPY, id=two.mine).id
        two.tx.run(UNNAMED, id=two.mine)
        two.tx.run(GIVE, party=copy, number=number)
        journal_party_of(two.tx, case_by_number(two.tx, number).id, two.by.handle, two.at)
        two.mine = copy
        _answer(two, same=False)
        return True
    if not two.one_person:
        mine, other = two.of_person(two.mine), two.of_person(two.other)
        return _answer_questions(two, mine, other, same=False) > 0
    group = two.of_person(two.mine)
    leaving = _brought_by_joining(two, group) or [two.mine]
    staying = [party for party in group if party not in leaving]
    _regroup(two.tx, leaving)
    _regroup(two.tx, staying)
    _answer(two, same=False)
    return True


def _brought_by_joining(two: _Two, group: Sequence[int]) -> list[int]:
    """Take back the last joining that brought the two together, and return the parties that it brought."""
    for row in two.tx.rows_among(JOINED, ids=list(group)):
        brought = [party for party in map(int, row.joined.split()) if party in group]
        if (two.mine in brought) != (two.other in brought):
            ids = {"party_id": row.party_id, "other_id": row.other_id}
            two.tx.run(TAKEN_BACK, **ids, same=False, at=two.at, by=two.by.id)
            journal_row(two.tx, "same_person", (row.party_id, row.other_id), two.by.handle, two.at)
            return brought
    return []


def _regroup(tx: Tx, parties: Sequence[int]) -> None:
    """Make the parties one person, for whom the oldest stands."""
    oldest = min(parties)
    for party in parties:
        tx.run(PERSON, id=party, person=None if party == oldest else oldest)


def _answer_questions(two: _Two, mine: Sequence[int], other: Sequence[int], *, same: bool) -> int:
    values = {"one": list(mine), "other": list(other), "same": same, "at": two.at, "by": two.by.id}
    answered = two.tx.rows_among(f"{OPEN_QUESTIONS} RETURNING party_id, other_id", **values)
    for row in answered:
        journal_row(two.tx, "same_person", row, two.by.handle, two.at)
    return len(answered)


def _answer(two: _Two, *, same: bool, joined: str | None = None) -> None:
    younger, older = max(two.mine, two.other), min(two.mine, two.other)
    values = {"same": same, "at": two.at, "by": two.by.id, "joined": joined}
    two.tx.run(ANSWERED, younger=younger, older=older, **values)
    journal_row(two.tx, "same_person", (younger, older), two.by.handle, two.at)


def _record(tx: Tx, decision: Decision, act: str, ids: Sequence[int], actor: Acting, now: int) -> None:
    """Record the decision in both cases, each naming the other one."""
    plans: list[Any] = []
    others = {decision.number: decision.other, decision.other: decision.number}
    for loaded in load_cases(tx, ids, now, complete=True):
        context = context_of(loaded)
        plan, case = begin(context), context.case
        plan_until(context, plan, context.now - 1)
        form = CustomerDecision(case=others[case.number], reason=decision.reason)
        draft = TransitionDraft(act, case.state, form, actor.id, decision.via, context.now, context.recorded_at)
        plan.steps_only = False
        plan.transitions.append(append(case, context.table, draft, plan.statements))
        plans.append(plan)
    write(tx, plans)
