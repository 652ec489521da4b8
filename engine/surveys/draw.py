"""Draw the customers of a survey by a seed, record the draw, and decide that the survey goes out (E1).

As with samples of contacts (ADR 63) the program chooses the seed: whoever could name it could try seeds until he likes
the sample.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from engine.access.principal import Principal
from engine.actors import in_charge, system_actor
from engine.caches import Acting
from engine.conduct.sample import population_digest
from engine.contention import in_transaction
from engine.kept_answers import answered_once, keyed_request
from engine.ledger.chain import canonical
from engine.ledger.journal import journal_row
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.surveys.plan import SamplingPlan, check_plan
from engine.surveys.population import Customer, customers
from engine.surveys.strata import by_stratum, counted, reasons, sample_of, wanted_of
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

PLANNERS: Final = (Role.EVALUATION_GROUP,)
"""The roles that plan and draw surveys."""
NEXT = "SELECT coalesce(max(id), 0) + 1 AS id FROM survey"
# Draws take turns, so that the ids say which came first. SQLite has one writer anyway.
ONE_BY_ONE = "LOCK TABLE survey IN SHARE ROW EXCLUSIVE MODE"
SCHEDULED = "SELECT id FROM survey WHERE pack = :pack AND period = :period"
ADD = """
INSERT INTO survey (id, pack, period, since, until, kinds, stratify_by, method, wanted, least, way, apart_days, seed,
       population, digest, drawn_by, drawn_at)
VALUES (:id, :pack, :period, :since, :until, :kinds, :stratify_by, :method, :wanted, :least, :way, :apart_days, :seed,
        :population, :digest, :drawn_by, :drawn_at)
"""
ADD_STRATUM = """
INSERT INTO survey_stratum (survey_id, stratum, population, eligible, drawn, left_out)
VALUES (:survey_id, :stratum, :population, :eligible, :drawn, :left_out)
"""
ADD_PERSON = """
INSERT INTO survey_person (survey_id, position, stratum, party_id, source_id)
VALUES (:survey_id, :position, :stratum, :party_id, :source_id)
"""
SEND_OUT = """
UPDATE survey SET invited_by = :by, invited_at = :at WHERE id = :id AND invited_at IS NULL AND called_off_at IS NULL
"""
FIND = "SELECT * FROM survey WHERE id = :id"


def draw(
    store: Store, principal: Principal, plan: SamplingPlan, at: datetime, key: str | None = None, seed: str = ""
) -> int:
    """Draw a survey and return its number; nobody is asked yet. ``seed`` is for tests.

    Raises ``Refused('not_in_charge' | 'nobody_to_ask' | 'key_reused')`` and as ``check_plan``; then nothing was
    written.
    """
    content = {name: str(getattr(plan, name)) for name in plan.__slots__}
    request = keyed_request(store, principal, key, "survey draw", **content)

    def write(tx: Tx) -> int:
        actor = in_charge(tx, principal.actor.handle, PLANNERS, to_micros(at))
        return answered_once(tx, request, at, lambda: {"id": _drawn(tx, actor, plan, at, seed)})["id"]

    return in_transaction(store, write)


def draw_scheduled(store: Store, plan: SamplingPlan, at: datetime) -> int | None:
    """Draw the survey of a period as the system, and let it go out; return its number, None where the period has one.

    Raises as ``draw``.
    """

    def write(tx: Tx) -> int | None:
        if tx.postgres:
            tx.run(ONE_BY_ONE)
        if tx.row(SCHEDULED, pack=plan.pack, period=plan.period) is not None:
            return None
        number = _drawn(tx, system_actor(tx), plan, at, "")
        _send_out(tx, system_actor(tx), number, at)
        return number

    return in_transaction(store, write)


def send_out(store: Store, principal: Principal, survey_id: int, at: datetime) -> bool:
    """Decide that a survey goes out; return False where that had been decided before.

    Raises ``Refused('not_in_charge' | 'unknown_survey' | 'survey_called_off')``.
    """

    def write(tx: Tx) -> bool:
        actor = in_charge(tx, principal.actor.handle, PLANNERS, to_micros(at))
        row = survey_row(tx, survey_id)
        if row.called_off_at is not None:
            raise Refused("survey_called_off", number=survey_id, reason=row.called_off_because)
        return _send_out(tx, actor, survey_id, at)

    return in_transaction(store, write)


def _send_out(tx: Tx, actor: Acting, survey_id: int, at: datetime) -> bool:
    new = tx.run(SEND_OUT, id=survey_id, by=actor.id, at=to_micros(at))
    if new:
        journal_row(tx, "survey", (survey_id,), actor.handle, to_micros(at))
    return bool(new)


def survey_row(tx: Tx, survey_id: int) -> Any:
    """Return the row of a survey. Raises ``Refused('unknown_survey')``."""
    row = tx.row(FIND, id=survey_id) if 0 < survey_id <= LARGEST else None
    if row is None:
        raise Refused("unknown_survey", number=str(survey_id)[:40])
    return row


def _drawn(tx: Tx, actor: Acting, plan: SamplingPlan, at: datetime, seed: str) -> int:
    if tx.postgres:
        tx.run(ONE_BY_ONE)
    apart = check_plan(plan, rules_in(tx), at)
    row: dict[str, Any] = {
        "id": tx.row(NEXT).id, "pack": plan.pack, "period": plan.period, "since": to_micros(plan.since),
        "until": to_micros(plan.until), "kinds": " ".join(sorted(set(plan.kinds))), "stratify_by": plan.by,
        "method": plan.method, "wanted": plan.size, "least": plan.least, "way": plan.way, "apart_days": apart,
        "seed": seed or secrets.token_hex(8), "drawn_by": actor.id, "drawn_at": to_micros(at),
    }  # fmt: skip
    found = customers(tx, row)
    if all(each.left_out for each in found):
        raise Refused("nobody_to_ask", population=len(found))
    tx.run(ADD, population=len(found), digest=population_digest(found), **row)
    journal_row(tx, "survey", (row["id"],), actor.handle, row["drawn_at"])
    _keep(tx, row, found, actor.handle)
    return row["id"]


def _keep(tx: Tx, survey: Mapping[str, Any], found: Iterable[Customer], handle: str) -> None:
    strata = by_stratum(found)
    wanted = wanted_of(survey, {name: counted(each) for name, each in strata.items()})
    position = 0
    for name, each in strata.items():
        drawn = sample_of(survey["seed"], each, wanted[name])
        stratum, left_out = counted(each), canonical(reasons(each))
        values = {"survey_id": survey["id"], "stratum": name}
        numbers = {"population": stratum.population, "eligible": stratum.eligible, "drawn": len(drawn)}
        tx.run(ADD_STRATUM, **values, **numbers, left_out=left_out)
        journal_row(tx, "survey_stratum", (survey["id"], name), handle, survey["drawn_at"])
        for customer in drawn:
            position += 1
            tx.run(ADD_PERSON, **values, position=position, party_id=customer.person, source_id=customer.case_id)
            journal_row(tx, "survey_person", (survey["id"], position), handle, survey["drawn_at"])
