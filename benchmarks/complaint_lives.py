"""Lives of complaints that the engine makes once each, as rows to be copied: late and in time, happy and not (E2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact

AGENT, HANDLER, SUPERVISOR, MANAGER = "amy", "han", "sue", "mei"
TABLES: Final = ("cases", "transition", "timer", "escalation_step")
SPOKEN: Final = {"medium": "phone", "recipient": "The customer."}
DAY: Final = 24.0
ATTEMPTS: Final = 3

Step = tuple[float, str, str, dict[str, Any]]
"""Hours after the opening, move, who makes it, and the form."""
_Row = dict[str, Any]

CLASSIFY: Final[Step] = (0.5, "classify", SUPERVISOR, {"category": "cargo_damage", "department": "claims"})
FOUND: Final[Step] = (4, "investigate", HANDLER, {"findings": "It fell.", "cause": "handling"})
RESOLVED: Final = {"result": "Paid.", "message": "We have paid.", **SPOKEN}
DETERMINED: Final = {"cause": "handling", "responsible": "carrier", "degree": "full", "evidence": "A photograph."}
CONFIRMED: Final = {"confirmed_cause": "handling", "confirmed_responsible": "carrier", "confirmed_degree": "full"}
PAID: Final = {"compensation": 20_000, "grounds": "Article 8."}
RATED: Final = {"attitude": 4, "timeliness": 4}


def _reply(hours: float) -> Step:
    return hours, "reply", HANDLER, {"message": "We look for it.", **SPOKEN}


def _resolve(hours: float) -> Step:
    return hours, "resolve", HANDLER, RESOLVED


def _asked(hours: float, outcome: str) -> Step:
    return hours, "revisit", AGENT, {"outcome": outcome, **RATED}


def _in_vain(hours: float) -> Iterator[Step]:
    for number in range(ATTEMPTS):
        yield hours + 3 * number, "attempt", AGENT, {"attempts": number + 1}
    yield hours + 3 * ATTEMPTS, "unreachable", AGENT, {}


START: Final = (CLASSIFY, _reply(1), FOUND)
LATE_START: Final = (CLASSIFY, FOUND, _reply(6))
LIVES: Final[Mapping[str, tuple[Step, ...]]] = {
    "happy": (*START, (5, "determine_responsibility", HANDLER, DETERMINED), _resolve(18), _asked(40, "satisfied")),
    "unhappy": (
        *LATE_START, (7, "determine_responsibility", HANDLER, DETERMINED), _resolve(40), _asked(70, "dissatisfied"),
        _resolve(4 * DAY), _asked(5 * DAY, "satisfied"),
    ),
    "paid": (
        *START, (5, "determine_responsibility", HANDLER, DETERMINED),
        (5.5, "confirm_responsibility", SUPERVISOR, CONFIRMED), (6, "compensate", HANDLER, PAID), _resolve(20),
        _asked(44, "satisfied"),
    ),
    "silent": (*START, _resolve(19), *_in_vain(50)),
    "withdrawn": (CLASSIFY, _reply(1), (8, "withdraw", SUPERVISOR, {"reason": "It was found."})),
    "moved": (
        CLASSIFY, _reply(1.5), (2, "assign", SUPERVISOR, {"department": "delivery"}), FOUND,
        _resolve(21), _asked(45, "satisfied"),
    ),
    "never_asked": (*LATE_START, _resolve(40)),
}  # fmt: skip
"""``unhappy`` and ``never_asked`` were replied to late; the customer of the latter is not called within the window."""
ENDED: Final = 30 * DAY
"""When each life is over, in hours: what still falls due until then has fired."""


@dataclass(frozen=True, slots=True)
class Life:
    """The rows of a case by table, forms read, instants as the engine wrote them, in microseconds."""

    rows: Mapping[str, list[_Row]]
    forms: tuple[dict[str, Any], ...]

    @property
    def opened_at(self) -> int:
        """Return when the case was opened."""
        return self.rows["cases"][0]["opened_at"]


def make_lives(store: Store, at: datetime) -> dict[str, Life]:
    """Let the engine make each life, beginning at ``at`` in a store that has the four people; return their rows."""
    return {name: _live(store, steps, at) for name, steps in LIVES.items()}


def _live(store: Store, steps: tuple[Step, ...], at: datetime) -> Life:
    contact = Contact(row_id="-", at=at, text="My parcel is broken.", phone="13800138000")
    number = open_case(store, Opening(contact), at).number
    for hours, move, who, form in steps:
        fire_until(store, at + timedelta(hours=hours))
        advance(store, Command(number, move, form, actor=who), at + timedelta(hours=hours))
    fire_until(store, at + timedelta(hours=ENDED))
    with store.looking() as tx:
        rows = {table: _rows(tx, table, number) for table in TABLES}
    return Life(rows, tuple(orjson.loads(row["form"]) for row in rows["transition"]))


def fire_until(store: Store, until: datetime) -> None:
    """Fire what falls due until an instant, each step when it is due. Raises ``RuntimeError`` for one that cannot."""
    while (due := _next_due(store)) is not None and due <= to_micros(until):
        if (sweep := fire_due(store, from_micros(due))).failed:
            raise RuntimeError(f"a step that is due cannot fire: {sweep.failed}")


def _next_due(store: Store) -> int | None:
    with store.looking() as tx:
        return tx.row("SELECT min(fires_at) AS at FROM timer WHERE fires_at IS NOT NULL").at


def _rows(tx: Tx, table: str, number: str) -> list[_Row]:
    key = "id" if table == "cases" else "case_id"
    sql = f"SELECT * FROM {table} WHERE {key} = (SELECT id FROM cases WHERE number = :number) ORDER BY 1, 2"  # noqa: S608
    return [row._asdict() for row in tx.rows(sql, number=number)]
