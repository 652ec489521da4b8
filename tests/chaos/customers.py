"""The customers of a chaos run: what they write, which replies they had, and how they answer the telephone."""

from datetime import datetime, timedelta
from random import Random

from engine.commands.arrivals import Source
from gateways.telephone import FakeTelephone
from models.contact import Contact, Reply

SOURCE = Source("chaos", "complaint", "logistics")

TEXTS = (
    "The pallet arrived broken and wet.",
    "The parcel is lost, it has vanished.",
    "The driver was rude and shouted.",
    "Something is wrong, please call.",
    "货物破损严重,请处理。",
    "一直没有更新物流信息。",
)
LONGEST_AGO = 60 * 3600.0
SETTLED_AGO = timedelta(hours=4)
"""A reply is at least so old, so that it lies in no future although the time is set back. Outside these runs nobody
moves a case by a clock that was set back; here a step would fire before such a reply has come.
"""
REPLIED, SATISFIED = 0.3, 0.3
"""The shares of the contacts in a file that hold their reply, and of their customers satisfied at the callback."""


def text(chance: Random, key: str) -> str:
    """Return the text of a complaint; the key makes it unique."""
    return f"{chance.choice(TEXTS)} [{key}]"


def file_contacts(seed: int, round_: int, now: datetime, count: int = 4) -> list[Contact]:
    """Return a file's contacts: some of the last days, whose whole ladders are due at once, some of the last hour."""
    chance = Random(f"{seed}:letters:{round_}")
    return [_contact(chance, f"r{round_}-{row}", now) for row in range(count)]


def _contact(chance: Random, row_id: str, now: datetime) -> Contact:
    ago = timedelta(seconds=chance.choice((1800.0, LONGEST_AGO)) * chance.random() + 1)
    reply = None
    if chance.random() < REPLIED:
        replied_ago = SETTLED_AGO + ago * chance.random()
        ago += SETTLED_AGO
        reply = Reply(text=f"We have looked into it. [{row_id}]", at=now - replied_ago)
    email = f"{row_id}@example.com"
    return Contact(row_id=row_id, at=now - ago, text=text(chance, row_id), email=email, reply=reply)


def telephone(seed: int, rounds: int, count: int = 4) -> FakeTelephone:
    """Return a telephone on which some customers are satisfied, and the others never answer."""
    chance = Random(f"{seed}:telephone")
    rows = (f"r{round_}-{row}" for round_ in range(rounds + 1) for row in range(count))
    return FakeTelephone({row: [{"outcome": "satisfied"}] for row in rows if chance.random() < SATISFIED})
