"""Contacts between staff and customers for the tests of samples, and the reviewers who score them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.conduct.draws import WantedSample, draw
from engine.conduct.score import GivenMark
from engine.conduct.sheets import GivenSheet, score_contact
from engine.rules.checklists import checklists
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, START, make_move, new_case
from tests.engine.access.people import principal

QIN, QIU = "qin", "qiu"
"""Two reviewers of the quality team."""
LATER = START + 2 * DAY
"""When samples are drawn: after every contact."""
WANTED = WantedSample("phone", START, START + DAY, 3)
SEED = "5eed"


def reviewer(store: Store, handle: str = QIN) -> Principal:
    """Return a reviewer, added to the store unless he is in it."""
    return principal(store, Role.QUALITY_TEAM, handle, department=None)


def person(store: Store, handle: str) -> Principal:
    """Return somebody of the staff who is logged in."""
    with store.looking() as tx:
        return Principal(known_actor(tx, handle), PrincipalKind.PERSON, "console")


def speak(store: Store, number: str, by: str = AGENT, after: timedelta = timedelta(), **form: Any) -> int:
    """Tell the customer of a case something by telephone; return the step."""
    return make_move(store, number, "reply", by=by, after=after, **form).seq


def spoken_contacts(store: Store, count: int, by: str = AGENT, **form: Any) -> list[str]:
    """Open cases and speak with the customer of each once; return ``NUMBER SEQ`` of each contact."""
    numbers = [new_case(store, text=f"My {n}th parcel is broken.") for n in range(count)]
    return [f"{number} {speak(store, number, by, **form)}" for number in numbers]


def drawn(store: Store, wanted: WantedSample = WANTED, by: str = QIN, seed: str = SEED) -> int:
    """Draw a sample; return the number of the draw."""
    return draw(store, reviewer(store, by), wanted, LATER, seed=seed)


def marks(outcome: str = "passed", **others: str) -> Mapping[str, GivenMark]:
    """Return the same mark for each item of the checklist for telephone calls, but for those that are named."""
    items = checklists()["phone"].items
    return {item.code: GivenMark(others.get(item.code, outcome), "As seen.") for item in items}


def scored(
    store: Store, draw_id: int, position: int = 1, revision: int = 0, by: str = QIN, reason: str = "", **others: str
) -> int:
    """Score a drawn contact: everything passed, but for the items that are named; return the revision of the sheet."""
    given = GivenSheet(draw_id, position, revision, marks(**others), reason)
    return score_contact(store, reviewer(store, by), given, LATER)
