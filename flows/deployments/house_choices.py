"""The choices of this house in the forms of operator actions: its departments, and the people who are there.

The forms themselves are the same everywhere. A deployment's copy of their schema, from which the Prefect UI draws the
form and by which the server checks it, gets these lists.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from engine.actors import NOBODY
from engine.departments import departments
from engine.store import Store
from flows.deployments.operator_forms import choices
from models import Actor

MOST_PEOPLE = 300
"""With more people than this a list helps nobody: handles are entered."""


@dataclass(frozen=True, slots=True)
class HouseChoices:
    """The codes of the departments, and the handles of the people who can act now; both sorted."""

    departments: tuple[str, ...]
    people: tuple[str, ...]


def house_choices(store: Store) -> HouseChoices:
    """Return the choices as the store knows them now."""
    now = store.now()
    with store.looking() as tx:
        codes = sorted(departments(tx))
    with store.reading() as session:
        actors = session.exec(select(Actor).order_by(Actor.handle)).all()
    there = [actor.handle for actor in actors if actor.handle not in NOBODY and actor.available(now)]
    return HouseChoices(tuple(codes), tuple(there))


def with_choices(schema: Mapping[str, Any], house: HouseChoices) -> dict[str, Any]:
    """Return the parameter schema of an operator action with the choices of the house in it."""
    people = house.people if 0 < len(house.people) <= MOST_PEOPLE else ()
    offered: dict[str, Sequence[str]] = {
        "department": tuple(choices("department", house.departments).values()),
        "acting_as": people,
        "owner": people,
    }
    changed = deepcopy(dict(schema))
    for form in changed.get("definitions", {}).values():
        required = form.get("required", ())
        for name, field in form.get("properties", {}).items():
            if not offered.get(name):
                continue
            field.pop("pattern", None)  # the texts of the list do not match it, the names in them do
            field["enum"] = [*offered[name]] if name in required else ["", *offered[name]]
    return changed
