"""Draw a sample of contacts, record the draw, and draw it again to check it (F5).

The seed is chosen by the program: whoever could name it could try seeds until he likes the sample. Each draw is
recorded with its population, and a contact is drawn once at most. So drawing again leaves the first sample where it is,
unscored, for every reader to see.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.principal import Principal
from engine.actors import in_charge, known_actor
from engine.conduct.contacts import ContactMade, Population, contacts
from engine.conduct.sample import population_digest, sampled
from engine.contention import in_transaction
from engine.departments import check_department
from engine.entry_checks import check_instant
from engine.kept_answers import answered_once, keyed_request
from engine.ledger.journal import journal_row
from engine.rules.checklists import ConductChannel
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

REVIEWERS: Final = (Role.QUALITY_TEAM,)
"""The roles that draw samples and score them; the evaluation group, which writes the checklists, does not."""
MOST: Final = 200
"""The largest sample."""
NEXT = "SELECT coalesce(max(id), 0) + 1 AS id FROM conduct_draw"
# Draws take turns, so that the ids say which came first. SQLite has one writer anyway.
ONE_BY_ONE = "LOCK TABLE conduct_draw IN SHARE ROW EXCLUSIVE MODE"
ADD = """
INSERT INTO conduct_draw (id, drawn_by, drawn_at, seed, channel, since, until, department, staff_id, wanted, population,
       digest)
VALUES (:id, :drawn_by, :at, :seed, :channel, :since, :until, :department, :staff, :wanted, :population, :digest)
RETURNING id
"""
ADD_SAMPLE = """
INSERT INTO conduct_sample (draw_id, position, case_id, seq, staff_id, department, occurred_at)
VALUES (:draw_id, :position, :case_id, :seq, :staff_id, :department, :occurred_at)
"""
FIND = "SELECT * FROM conduct_draw WHERE id = :id"
DRAWN = """
SELECT c.number, s.seq FROM conduct_sample s JOIN cases c ON c.id = s.case_id
 WHERE s.draw_id = :id ORDER BY s.position
"""


@dataclass(frozen=True, slots=True)
class WantedSample:
    """What to draw: how many contacts of a channel and a period, of everybody, a department or one of the staff."""

    channel: str
    since: datetime
    until: datetime
    size: int
    department: str | None = None
    staff: str | None = None


def draw(
    store: Store, principal: Principal, wanted: WantedSample, at: datetime, key: str | None = None, seed: str = ""
) -> int:
    """Draw a sample and return the number of the draw; ``seed`` is for tests, without one it is chosen at random.

    Raises ``Refused('not_in_charge' | 'unknown_channel' | 'period_reversed' | 'bad_sample_size' |
    'unknown_department' | 'unknown_actor' | 'no_checklist' | 'no_contacts' | 'key_reused')``; then nothing was written.
    """
    content = {name: str(getattr(wanted, name)) for name in wanted.__slots__}
    request = keyed_request(store, principal, key, "conduct draw", **content)

    def write(tx: Tx) -> int:
        actor = in_charge(tx, principal.actor.handle, REVIEWERS, to_micros(at))
        return answered_once(tx, request, at, lambda: {"id": _drawn(tx, actor.id, wanted, at, seed)})["id"]

    return in_transaction(store, write)


def _drawn(tx: Tx, drawer: int, wanted: WantedSample, at: datetime, seed: str) -> int:
    if tx.postgres:
        tx.run(ONE_BY_ONE)
    population = _population(tx, drawer, wanted, at)
    rules_in(tx).checklist_for(wanted.channel, to_micros(at))
    found, seed = contacts(tx, population), seed or secrets.token_hex(8)
    if not found:
        raise Refused("no_contacts")
    row = {
        "id": population.before, "drawn_by": drawer, "at": population.at, "seed": seed, "channel": wanted.channel,
        "since": population.since, "until": population.until, "department": population.department,
        "staff": population.staff, "wanted": wanted.size, "population": len(found),
        "digest": population_digest(found),
    }  # fmt: skip
    draw_id = tx.row(ADD, **row).id
    _keep(tx, draw_id, sampled(seed, found, wanted.size))
    handle = _handle(tx, drawer)
    journal_row(tx, "conduct_draw", (draw_id,), handle, population.at)
    for position in range(1, min(wanted.size, len(found)) + 1):
        journal_row(tx, "conduct_sample", (draw_id, position), handle, population.at)
    return draw_id


def _keep(tx: Tx, draw_id: int, sample: Sequence[ContactMade]) -> None:
    tx.run_all(ADD_SAMPLE, [
        {
            "draw_id": draw_id, "position": position, "case_id": each.case_id, "seq": each.seq,
            "staff_id": each.staff_id, "department": each.department, "occurred_at": each.occurred_at,
        }
        for position, each in enumerate(sample, 1)
    ])  # fmt: skip


def _handle(tx: Tx, actor_id: int) -> str:
    return tx.row("SELECT handle FROM actor WHERE id = :id", id=actor_id).handle


def _population(tx: Tx, drawer: int, wanted: WantedSample, at: datetime) -> Population:
    """Return the population that is meant. Raises ``Refused``."""
    if wanted.channel not in set[str](ConductChannel):
        raise Refused("unknown_channel", channel=wanted.channel[:40], known=list(ConductChannel))
    check_instant(wanted.since)
    check_instant(wanted.until)
    if wanted.since >= wanted.until:
        raise Refused("period_reversed")
    if not 1 <= wanted.size <= MOST:
        raise Refused("bad_sample_size", most=MOST)
    if wanted.department is not None:
        check_department(tx, wanted.department)
    staff = None if wanted.staff is None else known_actor(tx, wanted.staff).id
    return Population(
        ConductChannel(wanted.channel), to_micros(wanted.since), to_micros(wanted.until), to_micros(at), drawer,
        tx.row(NEXT).id, wanted.department, staff,
    )  # fmt: skip


def draw_row(tx: Tx, draw_id: int) -> Any:
    """Return the row of a draw. Raises ``Refused('unknown_draw')``."""
    row = tx.row(FIND, id=draw_id) if 0 < draw_id <= LARGEST else None
    if row is None:
        raise Refused("unknown_draw", number=str(draw_id)[:40])
    return row


@dataclass(frozen=True, slots=True)
class DrawnAgain:
    """Whether a draw, made again now, has the same population and gives the same sample."""

    population: int
    same_population: bool
    same_sample: bool


def draw_again(tx: Tx, draw_id: int) -> DrawnAgain:
    """Draw the sample of a draw again from what was recorded up to its instant, and compare; nothing is written.

    The population differs where somebody has moved to another department since, or where rows were tampered with.
    Raises ``Refused('unknown_draw')``.
    """
    row = draw_row(tx, draw_id)
    population = Population(
        ConductChannel(row.channel), row.since, row.until, row.drawn_at, row.drawn_by, row.id, row.department,
        row.staff_id,
    )  # fmt: skip
    found = contacts(tx, population)
    again = [each.key for each in sampled(row.seed, found, row.wanted)]
    kept = [f"{each.number} {each.seq}" for each in tx.rows(DRAWN, id=draw_id)]
    return DrawnAgain(len(found), population_digest(found) == row.digest, again == kept)
