"""Records the scores of a third party's evaluation (E1): the case and its scores in one transaction, twice as once."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.commands.advance import advance_in
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_in
from engine.contention import in_transaction
from engine.departments import check_department
from engine.ledger.chain import canonical
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Channel, Contact
from statemachines.refused import Refused
from statemachines.third_party_evaluation import MOST_SCORES, THIRD_PARTY_EVALUATION


@dataclass(frozen=True, slots=True)
class GivenScores:
    """What somebody hands in: ``scores`` as ``department:criterion:hundredths``; ``number`` of a planned evaluation.

    With a number the scores are recorded in that evaluation, in place of those before; without one, one is opened.
    """

    pack: str
    assessor: str
    announcement: str
    period: str
    scores: Sequence[str]
    number: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedScores:
    """The evaluation that holds the scores; ``new`` is False where the same scores had been recorded before."""

    number: str
    new: bool


def criteria_of(tx: Tx, pack_name: str, at: int) -> Mapping[str, Mapping[str, str]]:
    """Return the criteria of a pack with their names in each language. Raises ``Refused('no_criteria')``."""
    rules = rules_in(tx)
    pack = rules.pack(pack_name, at)
    if pack.third_party is None:
        raise Refused("no_criteria", pack=pack.edition)
    known = rules.indicators(at)
    return {name: known[name].label if name in known else {} for name in pack.third_party.criteria}


def record_scores(store: Store, given: GivenScores, by: str, via: str, at: datetime) -> RecordedScores:
    """Open the evaluation, unless it is named, and record its scores; all of it or nothing.

    Raises ``Refused('no_criteria' | 'unknown_department' | 'unknown_criterion' | 'scored_twice' | 'too_many_scores' |
    'form' | 'role' | 'not_now' | 'unknown_case')``.
    """
    if len(given.scores) > MOST_SCORES:
        raise Refused("too_many_scores", count=len(given.scores), most=MOST_SCORES)
    form = {
        "assessor": given.assessor, "announcement": given.announcement, "period": given.period,
        "scores": " ".join(given.scores),
    }  # fmt: skip
    digest = hashlib.sha256(canonical({**form, "pack": given.pack, "case": given.number or ""}).encode()).hexdigest()
    key = f"third_party:{digest[:40]}"

    def write(tx: Tx) -> RecordedScores:
        _check(tx, given, to_micros(at))
        number = given.number or _opened(tx, store, given, key, by, via, at)
        command = Command(number, "record_scores", form, actor=by, via=via, key=f"{key}:scores")
        return RecordedScores(number, new=not advance_in(tx, store.secret, command, at).again)

    return in_transaction(store, write)


def _check(tx: Tx, given: GivenScores, at: int) -> None:
    """Refuse scores of what is not scored, and a second score of the same."""
    criteria, seen = criteria_of(tx, given.pack, at), set[tuple[str, str]]()
    for score in given.scores:
        department, criterion, _ = score.split(":")
        check_department(tx, department)
        if criterion not in criteria:
            raise Refused("unknown_criterion", criterion=criterion[:40], known=sorted(criteria))
        if (department, criterion) in seen:
            raise Refused("scored_twice", department=department, criterion=criterion)
        seen.add((department, criterion))


def _opened(tx: Tx, store: Store, given: GivenScores, key: str, by: str, via: str, at: datetime) -> str:
    text = f"{given.assessor} · {given.period}"
    contact = Contact.model_validate({"row_id": key, "at": at, "text": text, "channel": Channel.API})
    opening = Opening(contact, THIRD_PARTY_EVALUATION.kind, given.pack, by, via, key)
    return open_in(tx, store.secret, opening, at).number
