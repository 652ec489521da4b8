"""What a form names that the store must know, by the marks of its fields: people, departments, cases and the like."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from statemachines.form_model import (
    ACTOR,
    BORNE_CATEGORY,
    CATEGORY,
    CUSTOMER_KIND,
    DEPARTMENT,
    KNOWN_CASE,
    ON_CASE,
    OPEN_CASE,
    OWN_OR_AGREED,
    RECORDED,
    WORKER,
    Form,
    Mark,
    marked,
    value_of,
)

NAMING = (ACTOR, DEPARTMENT, CATEGORY, BORNE_CATEGORY, CUSTOMER_KIND, OPEN_CASE, OWN_OR_AGREED, KNOWN_CASE)


class NamedPerson(NamedTuple):
    """Somebody whom a form names, and whether he is to own the case, or to be given other work."""

    handle: str
    owns: bool
    works: bool


@dataclass(frozen=True, slots=True)
class Names:
    """What a form names: handles, codes, kinds, and numbers of cases by what is asked of them."""

    people: tuple[NamedPerson, ...] = ()
    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    borne_categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    open_cases: tuple[str, ...] = ()
    own_cases: tuple[str, ...] = ()
    known_cases: tuple[str, ...] = ()


NO_NAMES = Names()


def names_in(form: Form) -> Names:
    """Return what a form names; most forms have no such field."""
    if not _names_any(type(form)):
        return NO_NAMES
    return Names(
        people=tuple(_people(form)),
        departments=_values(form, DEPARTMENT),
        categories=_values(form, CATEGORY),
        borne_categories=_values(form, BORNE_CATEGORY),
        kinds=_values(form, CUSTOMER_KIND),
        open_cases=_values(form, OPEN_CASE),
        own_cases=_values(form, OWN_OR_AGREED),
        known_cases=_values(form, KNOWN_CASE),
    )


@cache
def _names_any(form: type[Form]) -> bool:
    return any(marked(form, mark) for mark in NAMING)


def _people(form: Form) -> Iterator[NamedPerson]:
    """Yield the people whom a form names; those whom the record names are known."""
    owners, workers, recorded = (marked(type(form), mark) for mark in (ON_CASE, WORKER, RECORDED))
    for name in marked(type(form), ACTOR):
        if (handle := value_of(form, name)) is not None and name not in recorded:
            yield NamedPerson(handle, name in owners, name in workers)


def _values(form: Form, mark: Mark) -> tuple[str, ...]:
    """Return the values of the fields with a mark; each holds one, or several separated by blanks."""
    return tuple(value for name in marked(type(form), mark) for value in (value_of(form, name) or "").split())
