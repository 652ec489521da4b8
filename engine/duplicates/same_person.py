"""Decides which person a contact comes from: a known one, a new one, or a new one with the question "same person?".

Note [Who it is]: a number or an address that is one person's own tells who it is, unless the names contradict or more
than one person has it; then only an equal name, or both number and address, tell. Where they do not, he is a new
person, and a person of the company is asked. The question decides nothing: each case keeps the name, the number and
the address that it came with, and its messages go there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.duplicates.recognition import ContactKeys
from engine.transaction import Tx
from models.person_names import may_be_one, same_name

MOST_HOLDERS = 50
"""So many parties of a number or an address are looked at, the newest first."""
MOST_QUESTIONS = 5
"""About so many others is asked at most; a line that more people have is asked about where the names are alike."""

COLUMNS = "id, person_id, identity, name, phone_key, email_key, locale"
BY_PHONE = f"SELECT {COLUMNS} FROM party WHERE phone_key = :phone_key ORDER BY id DESC LIMIT {MOST_HOLDERS}"
BY_EMAIL = f"SELECT {COLUMNS} FROM party WHERE email_key = :email_key ORDER BY id DESC LIMIT {MOST_HOLDERS}"
HOLDERS = f"SELECT * FROM ({BY_PHONE}) AS by_phone UNION ALL SELECT * FROM ({BY_EMAIL}) AS by_email"
PHONE, EMAIL = "phone", "email"


@dataclass(frozen=True, slots=True)
class Question:
    """Another party that may be the same person, whose it is, and what they have in common: "phone", "email", both."""

    party_id: int
    person_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whom a contact comes from. ``party_id`` is the party that said exactly the same, ``person_id`` who it is.

    Both are None for somebody new. ``locale`` is the language in which that person is written to.
    """

    party_id: int | None = None
    person_id: int | None = None
    locale: str | None = None
    questions: tuple[Question, ...] = ()


def holders(tx: Tx, keys: ContactKeys) -> Sequence[Any]:
    """Return the parties that have the contact's number or address, the newest first."""
    if keys.phone_key is None or keys.email_key is None:
        sql = BY_PHONE if keys.email_key is None else BY_EMAIL
        return tx.rows(sql, phone_key=keys.phone_key, email_key=keys.email_key) if keys.any else ()
    rows = {row.id: row for row in tx.rows(HOLDERS, phone_key=keys.phone_key, email_key=keys.email_key)}
    return [rows[party_id] for party_id in sorted(rows, reverse=True)]


def person_of(party: Any) -> int:
    """Return the party that stands for the person."""
    return party.id if party.person_id is None else party.person_id


def recognise(keys: ContactKeys, known: Sequence[Any]) -> Recognition:
    """Return who it is among the ``holders`` of the contact's number and address. See Note [Who it is]."""
    for party in known:
        if keys.identity is not None and party.identity == keys.identity:
            return Recognition(party.id, person_of(party), party.locale)
    people: dict[int, list[Any]] = {}
    for party in known:
        people.setdefault(person_of(party), []).append(party)
    person = _identified(keys, people)
    asked = _questions(keys, {other: parties for other, parties in people.items() if other != person}, person)
    locale = next((party.locale for party in people.get(person or 0, ()) if party.locale), None)
    return Recognition(None, person, locale, asked)


def _identified(keys: ContactKeys, people: Mapping[int, Sequence[Any]]) -> int | None:
    own = {person: parties for person, parties in people.items() if keys.identifying & _keys(parties)}
    possible = {person: parties for person, parties in own.items() if _name_fits(keys, parties)}
    if len(own) > 1:
        alike = [person for person, parties in possible.items() if any(same_name(keys.name, p.name) for p in parties)]
        both = [p for p, parties in possible.items() if len(keys.identifying & _keys(parties)) > 1]
        certain = [person for person in alike if person in both] or alike or both
    else:
        certain = list(possible)
    return certain[0] if len(certain) == 1 else None


def _keys(parties: Sequence[Any]) -> frozenset[str]:
    return frozenset(key for party in parties for key in (party.phone_key, party.email_key) if key is not None)


def _name_fits(keys: ContactKeys, parties: Sequence[Any]) -> bool:
    """Return whether the contact's name contradicts no name of the person; a person may be known by several."""
    named = [party.name for party in parties if party.name]
    return not named or any(may_be_one(keys.name, name) for name in named)


def _questions(keys: ContactKeys, others: Mapping[int, Sequence[Any]], person: int | None) -> tuple[Question, ...]:
    """Return whom to ask about, the likeliest first. A known person's office line raises no question."""
    common = keys.identifying if person is not None else frozenset({keys.phone_key, keys.email_key}) - {None}
    near = [parties for parties in others.values() if common & _keys(parties)]
    if len(near) > MOST_QUESTIONS:
        near = [parties for parties in near if any(same_name(keys.name, party.name) for party in parties)]
    near.sort(key=lambda parties: not _name_fits(keys, parties))
    newest = [(parties[0], _why(keys, parties)) for parties in near[:MOST_QUESTIONS]]
    return tuple(Question(party.id, person_of(party), why) for party, why in newest)


def _why(keys: ContactKeys, parties: Sequence[Any]) -> str:
    shared = _keys(parties)
    return " ".join(why for why, key in ((PHONE, keys.phone_key), (EMAIL, keys.email_key)) if key in shared)
