"""A year of two carriers, drawn at random from a seed, with what the reports must find planted in it (E2).

The cases are copies of lives that the engine made (``complaint_lives``), each with its own instants, person,
department, cause and scores. Their hash chains are not made anew: they are for figures alone, and ``verify`` fails.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from benchmarks.complaint_lives import AGENT, HANDLER, MANAGER, SUPERVISOR, TABLES, Life, make_lives
from benchmarks.seeding import BulkWriter
from engine.actors import NewActor, add_actor
from engine.ledger.chain import canonical
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.completed_order import OrderRow
from statemachines.roles import Role

BEGIN: Final = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""The year 2026 in Shanghai."""
MONTH, DAYS, DAY = 30, 365, 86_400_000_000
DEPARTMENTS: Final = ("claims", "delivery", "service")
PACKS: Final = ("logistics", "shipping")
"""The two carriers."""
CHANNELS: Final = ("hotline", "wechat", "website", "mail")
CUSTOMERS: Final = ("individual", "individual", "enterprise", "key_account")
CAUSES: Final = ("handling", "packaging", "routing", "weather")
PLANTED_CAUSE, PLANTED_FROM, PLANTED_IN = "stowage", 120, "delivery"
"""The cause that begins in May, the day of the year on which it does, and the department in which it occurs."""
UNLUCKY, UNLUCKY_CASES, SELECTIVE = "p07", 15, "p13"
"""The person of average skill who had bad luck with few cases; and the one whose unhappy customers are not called."""
PEOPLE: Final = tuple(f"p{number:02d}" for number in range(1, 41))
HAPPY: Final = {"happy": 52, "paid": 8, "moved": 10, "silent": 10, "withdrawn": 4, "unhappy": 16}
"""How many of a hundred cases live how."""
UNHAPPY: Final = {"happy": 40, "silent": 5, "unhappy": 55}
"""The same for the planted cause, and for the bad luck."""
INSTANTS: Final = frozenset({
    "opened_at", "changed_at", "occurred_at", "recorded_at", "running_since", "fires_at", "closed_at", "due_at",
})  # fmt: skip
CHUNK: Final = 5_000
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of one complaint; ``fields`` are values of forms, for the moves that have them."""

    life: str
    opened_at: int
    person: str
    department: str
    pack: str
    channel: str
    customer_type: str
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


def add_staff(store: Store) -> None:
    """Add whom the lives need and a store of the benchmarks does not have: who calls back, and a manager."""
    with store.writing() as tx:
        add_actor(tx, NewActor(AGENT, (Role.AGENT,), "hotline"))
        add_actor(tx, NewActor(MANAGER, (Role.DEPARTMENT_MANAGER,), "claims"))


def add_people(store: Store) -> None:
    """Add the forty people, who are of three departments, to a store that has the supervisor of the lives."""
    with store.writing() as tx:
        for number, handle in enumerate(PEOPLE):
            add_actor(tx, NewActor(handle, (Role.HANDLER,), DEPARTMENTS[number % len(DEPARTMENTS)], SUPERVISOR))


def drawn_complaints(count: int, seed: int) -> Iterator[Drawn]:
    """Yield so many complaints of the year, in no order."""
    random, left = Random(seed), UNLUCKY_CASES  # noqa: S311 - the same in every run
    others = [handle for handle in PEOPLE if handle != UNLUCKY]
    for number in range(count):
        day = random.randrange(DAYS)
        unlucky = number % max(count // UNLUCKY_CASES, 1) == 0 and left > 0
        left -= unlucky
        person = UNLUCKY if unlucky else random.choice(others)
        department = DEPARTMENTS[PEOPLE.index(person) % len(DEPARTMENTS)]
        planted = department == PLANTED_IN and day >= PLANTED_FROM and random.random() < 0.6
        cause = PLANTED_CAUSE if planted else random.choice(CAUSES)
        chances = UNHAPPY if planted or unlucky else HAPPY
        [life] = random.choices([*chances], [*chances.values()])
        if person == SELECTIVE and life == "unhappy":
            life = "never_asked"
        yield Drawn(
            life, to_micros(BEGIN) + day * DAY + random.randrange(DAY), person, department, random.choice(PACKS),
            random.choice(CHANNELS), random.choice(CUSTOMERS), _fields(random, department, cause),
        )  # fmt: skip


def _fields(random: Random, department: str, cause: str) -> dict[str, dict[str, Any]]:
    """Return the values of the forms of one complaint, by the move that has them."""
    other = random.choice([each for each in DEPARTMENTS if each != department])
    return {
        "classify": {"department": department},
        "assign": {"department": other},
        "investigate": {"cause": cause},
        "determine_responsibility": {"cause": cause},
        "confirm_responsibility": {"confirmed_cause": cause},
        "compensate": {"compensation": random.randrange(1, 90) * 1_000},
        "revisit": {"attitude": random.randrange(1, 6), "timeliness": random.randrange(1, 6)},
    }


def write_complaints(store: Store, complaints: Iterable[Drawn]) -> int:
    """Copy the lives into the store, one for each complaint that was drawn; return how many. Needs ``add_people``."""
    lives = make_lives(store, BEGIN - timedelta(days=60))
    with store.looking() as tx:
        copying = _Copying(lives, _people(tx), *_next_keys(tx))
    with BulkWriter(store) as bulk:
        chunk: list[Drawn] = []
        for drawn in complaints:
            chunk.append(drawn)
            if len(chunk) == CHUNK:
                bulk.write(copying.columns, copying.rows(chunk))
                chunk.clear()
        bulk.write(copying.columns, copying.rows(chunk))
    return copying.written


def drawn_orders(count: int, seed: int) -> Iterator[OrderRow]:
    """Yield so many completed orders of the year, some late, some of customers who come back."""
    random = Random(seed)  # noqa: S311 - the same in every run
    for number in range(count):
        completed = BEGIN + timedelta(microseconds=random.randrange(DAYS * DAY))
        promised = completed + timedelta(days=random.randrange(-2, 6))
        attributes = {"pack": random.choice(PACKS), "channel": random.choice(CHANNELS)}
        customer = f"c{random.randrange(count)}"
        yield OrderRow(f"o{number}", customer, completed - timedelta(days=3), completed, promised, attributes)


def _people(tx: Tx) -> dict[str, int]:
    return {row.handle: row.id for row in tx.rows("SELECT handle, id FROM actor")}


def _next_keys(tx: Tx) -> tuple[int, int]:
    row = tx.row("SELECT (SELECT max(id) FROM cases) + 1 AS case_id, (SELECT max(id) FROM timer) + 1 AS timer_id")
    return row.case_id, row.timer_id


class _Copying:
    """Copies lives: a new key for each case and timer, other instants, and what was drawn in place of what was made."""

    def __init__(self, lives: Mapping[str, Life], people: Mapping[str, int], case_id: int, timer_id: int) -> None:
        self._lives, self._people = lives, people
        self._case_id, self._timer_id, self.written = case_id, timer_id, 0
        rows = next(iter(lives.values())).rows
        self.columns = {table: list(rows[table][0]) for table in TABLES}

    def rows(self, chunk: Iterable[Drawn]) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of these complaints, by table."""
        into: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        for drawn in chunk:
            self._copy(self._lives[drawn.life], drawn, into)
            self.written += 1
        return into

    def _copy(self, life: Life, drawn: Drawn, into: Mapping[str, list[tuple[Any, ...]]]) -> None:
        case_id, later = self._case_id, drawn.opened_at - life.opened_at
        self._case_id += 1
        [case] = life.rows["cases"]
        own = {
            "id": case_id, "number": f"cp-26-{case_id:06d}", "pack": drawn.pack, "channel": drawn.channel,
            "customer_type": drawn.customer_type, "department": self._department(life, drawn), "party_id": None,
        }  # fmt: skip
        into["cases"].append(tuple((_shifted(case, later) | own).values()))
        made_by = {self._people[HANDLER]: self._people[drawn.person]}
        for row, form in zip(life.rows["transition"], life.forms, strict=True):
            fields = drawn.fields.get(row["move"])
            actor_id = made_by.get(row["actor_id"], row["actor_id"])
            copied = _shifted(row, later) | {"case_id": case_id, "actor_id": actor_id}
            if fields is not None:
                copied["form"] = canonical({**form, **fields})
            into["transition"].append(tuple(copied.values()))
        timers = {row["id"]: self._timer_id + number for number, row in enumerate(life.rows["timer"])}
        self._timer_id += len(timers)
        for row in life.rows["timer"]:
            copied = _shifted(row, later) | {"case_id": case_id, "id": timers[row["id"]]}
            into["timer"].append(tuple(copied.values()))
        for row in life.rows["escalation_step"]:
            copied = _shifted(row, later) | {"case_id": case_id, "timer_id": timers[row["timer_id"]]}
            into["escalation_step"].append(tuple(copied.values()))

    def _department(self, life: Life, drawn: Drawn) -> str:
        moved = any(row["move"] == "assign" for row in life.rows["transition"])
        return drawn.fields["assign" if moved else "classify"]["department"]


def _shifted(row: _Row, later: int) -> _Row:
    return {name: value + later if name in INSTANTS and value is not None else value for name, value in row.items()}
