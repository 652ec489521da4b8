"""Customer forums (D4): from whom the invitees are drawn, whose word an action follows, and what was held."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.scope import ordinary_cases
from engine.conduct.sample import population_digest, sampled
from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from models.columns import MICROSECOND, to_micros
from statemachines.forum import FORUM
from statemachines.kinds import lifecycles

YEAR = timedelta(days=365) // MICROSECOND
# One row for each person, by his newest case: who complains often has no better chance.
POPULATION = """
SELECT max(c.id) AS id, coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id
 WHERE c.pack = :pack AND c.opened_at >= :since AND c.opened_at <= :at AND c.kind IN ({kinds}) AND ({scope})
   AND (CAST(:kind AS TEXT) IS NULL OR c.kind = :kind)
   AND (CAST(:category AS TEXT) IS NULL OR c.category = :category)
   AND (CAST(:customer_type AS TEXT) IS NULL OR c.customer_type = :customer_type)
   AND p.erased_at IS NULL AND (p.email IS NOT NULL OR p.phone IS NOT NULL)
 GROUP BY coalesce(p.person_id, p.id)
"""
NUMBERS = "SELECT id, number FROM cases WHERE id = ANY(:ids)"
HASH = "SELECT hash FROM transition WHERE case_id = :case_id AND seq = :seq"
MOVES = """
SELECT t.move, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.move IN ({moves}) ORDER BY t.seq
"""
WORDS = "SELECT field, content FROM statement WHERE case_id = :case_id ORDER BY seq"
OPENING = """
SELECT s.content FROM statement s JOIN cases c ON c.id = s.case_id
 WHERE c.number = :number AND s.seq = 1 AND s.field = 'text'
"""
IN_PERIOD = """
SELECT c.id, t.move, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND t.move IN ({moves}) AND t.occurred_at >= :begin AND t.occurred_at < :end
   AND t.recorded_at <= :as_of
"""


@dataclass(frozen=True, slots=True)
class Invitee:
    """A customer who may be drawn, by the number of his newest case of the segment."""

    number: str

    @property
    def key(self) -> str:
        """Return what identifies him in the store and in any copy of it."""
        return self.number


@dataclass(frozen=True, slots=True)
class ForumDraw:
    """A draw as it is recorded: the invitees by their cases, the size and digest of the population, and the seed."""

    invitees: Sequence[str]
    population: int
    digest: str
    seed: str


@dataclass(frozen=True, slots=True)
class Segment:
    """From whose customers is drawn: the pack, the time in which his case was opened (microseconds), and its traits."""

    pack: str
    since: int
    at: int
    kind: str | None = None
    category: str | None = None
    customer_type: str | None = None


def segment_of(pack: str, form: Mapping[str, Any], at: int) -> Segment:
    """Return the segment that the form of ``plan`` names, as of an instant in microseconds."""
    since = at - YEAR if form.get("since") is None else to_micros(datetime.fromisoformat(form["since"]))
    return Segment(pack, since, at, *(form.get(name) for name in ("kind", "category", "customer_type")))


def draw_invitees(tx: Tx, case_id: int, seq: int, segment: Segment, seats: int) -> ForumDraw:
    """Draw the invitees of the forum that transition ``seq`` of the case has planned.

    The seed is the hash of that transition. Nobody can choose it, for its texts are salted, and everybody can read it
    in the record.
    """
    seed = tx.row(HASH, case_id=case_id, seq=seq).hash
    population = _population(tx, segment)
    drawn = sorted(each.number for each in sampled(seed, population, seats))
    return ForumDraw(drawn, len(population), population_digest(population), seed)


def _population(tx: Tx, segment: Segment) -> list[Invitee]:
    scope = ordinary_cases()
    kinds = ", ".join(f"'{table.kind}'" for table in lifecycles().values() if not table.internal)
    rows = tx.rows(
        POPULATION.format(kinds=kinds, scope=scope.sql), **scope.values,
        pack=segment.pack, since=segment.since, at=segment.at, kind=segment.kind, category=segment.category,
        customer_type=segment.customer_type,
    )  # fmt: skip
    numbers = tx.rows_among(NUMBERS, ids=[row.id for row in rows]) if rows else []
    return [Invitee(row.number) for row in numbers]


def said_by(store: Store, forum: str, action_case: str) -> str | None:
    """Return the case of the customer whose word an action follows; None where its end was recorded before."""
    found: str | None = None
    for move, form in _recorded(store, forum, "open_action", "end_action"):
        if form["action_case"] == action_case:
            found = form["said_by"] if move == "open_action" else None
    return found


def words_of(store: Store, case_id: int, fields: Sequence[str]) -> dict[str, str]:
    """Return what a forum last said in each of these fields, as its topic and its place; empty where it was erased."""
    with store.looking() as tx:
        said = {row.field: row.content or "" for row in tx.rows(WORDS, case_id=case_id)}
    return {name: said.get(name, "") for name in fields}


def action_text(store: Store, action_case: str) -> str:
    """Return the words of an action as they were decided; empty where they were erased."""
    with store.looking() as tx:
        row = tx.row(OPENING, number=action_case)
    return "" if row is None else row.content or ""


def _recorded(store: Store, forum: str, *moves: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with store.looking() as tx:
        rows = tx.rows(MOVES.format(moves=recorded_as("move", *moves)), number=forum)
    for row in rows:
        move = FORUM.resolver.move(row.move)
        yield move, FORUM.resolved_form(move, json.loads(row.form))


@dataclass(frozen=True, slots=True)
class ForumFigures:
    """What became of the forums of a period: how many were held, who came, and what was decided and done."""

    held: int = 0
    attendees: int = 0
    actions: int = 0
    ended: int = 0
    carried_out: int = 0


def forum_figures(tx: Tx, begin: int, end: int, as_of: int) -> ForumFigures:
    """Return the figures of the forums held, and of the actions decided and ended, in ``[begin, end)`` (microseconds).

    An action counts in the period in which it was decided, and in the one in which it ended.
    """
    moves = recorded_as("move", "hold", "decide_action", "end_action")
    rows = tx.rows(IN_PERIOD.format(moves=moves), kind=FORUM.kind, begin=begin, end=end, as_of=as_of)
    recorded = [(FORUM.resolver.move(row.move), json.loads(row.form)) for row in rows]
    held = [form for move, form in recorded if move == "hold"]
    ended = [form for move, form in recorded if move == "end_action"]
    return ForumFigures(
        held=len(held),
        attendees=sum(len((form.get("attendees") or "").split()) for form in held),
        actions=sum(move == "decide_action" for move, _ in recorded),
        ended=len(ended),
        carried_out=sum(form["carried_out"] for form in ended),
    )
