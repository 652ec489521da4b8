"""Evaluations by third parties as a principal may hand them in and read them, for any such door (E1)."""

from datetime import datetime
from pathlib import Path
from typing import Final

from apps.file_problems import file_problem_text
from apps.principal_reports import refuse_others
from engine.access.moves import check_move, refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.departments import departments
from engine.store import Store
from engine.third_party import GivenScores, RecordedScores, criteria_of, record_scores
from gateways.problems import AddNote, Unreadable
from gateways.third_party_scores import KnownNames, scores_in
from locales.translation import label, locales
from models.columns import to_micros
from reports.third_party_list import ThirdPartyEvaluation, third_party_evaluations
from statemachines.refused import Refused
from statemachines.third_party_evaluation import COLLECTING

COLLECTS: Final = frozenset(COLLECTING)


def names_known(store: Store, pack: str, at: datetime) -> KnownNames:
    """Return by what a file may name departments and the criteria of a pack: codes, and names in any language.

    Raises ``Refused('unknown_pack' | 'no_criteria')``.
    """
    with store.looking() as tx:
        codes, criteria = departments(tx), criteria_of(tx, pack, to_micros(at))
    named = {label(locale, "", "department", code): code for code in codes for locale in locales()}
    labelled = {text: code for code, names in criteria.items() for text in names.values()}
    return KnownNames({**named, **{code: code for code in codes}}, {**labelled, **{code: code for code in criteria}})


def scores_of_file(
    store: Store, path: Path, pack: str, at: datetime, locale: str, note: AddNote, encoding: str | None = None
) -> list[str]:
    """Return the scores of a file by the criteria of a pack; an ``encoding`` is guessed unless one is given.

    Raises ``Refused('bad_scores')``, whose problems are in the language of ``locale``, and as ``names_known``.
    """
    try:
        return scores_in(path, names_known(store, pack, at), encoding, note)
    except Unreadable as error:
        problems = [file_problem_text(locale, problem) for problem in error.problems]
        raise Refused("bad_scores", file=path.name, count=len(problems), problems=problems) from None


def scores_recorded(store: Store, principal: Principal, given: GivenScores, at: datetime) -> RecordedScores:
    """Record scores for a principal who collects them.

    Raises ``Refused('not_in_charge' | 'scope_missing' | 'unknown_case')`` and what ``record_scores`` raises.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    if principal.kind not in UNLIMITED:
        refuse_others(principal, COLLECTS)
    if given.number is not None:
        number = given.number
        store.ask(lambda tx: check_move(tx, principal, number, "record_scores", {}, at))
    return record_scores(store, given, principal.actor.handle, principal.via, at)


def evaluations_seen(
    store: Store, principal: Principal, at: datetime, period: str | None = None
) -> list[ThirdPartyEvaluation]:
    """Return the evaluations that the principal may read, the newest first."""
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        return third_party_evaluations(tx, cases_in_scope(principal, at), period)
