"""Those who complain in a chaos run: what they write, what they were answered, what they say on the telephone."""

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
REPLIED, SATISFIED = 0.3, 0.3
"""How many of the contacts in a file hold their reply, and how many of their customers are glad at the callback."""


def text(chance: Random, key: str) -> str:
    """A complaint; the key in it tells one apart from another."""
    return f"{chance.choice(TEXTS)} [{key}]"


def letters(seed: int, round_: int, now: datetime, many: int = 4) -> list[Contact]:
    """A file's rows: contacts of the last days, so that whole ladders are due at once, and some of the last hour."""
    chance = Random(f"{seed}:letters:{round_}")
    return [_letter(chance, f"r{round_}-{row}", now) for row in range(many)]


def _letter(chance: Random, row_id: str, now: datetime) -> Contact:
    ago = timedelta(seconds=chance.choice((1800.0, LONGEST_AGO)) * chance.random() + 1)
    reply = None
    if chance.random() < REPLIED:
        reply = Reply(text=f"We have looked into it. [{row_id}]", at=now - ago * chance.random())
    email = f"{row_id}@example.com"
    return Contact(row_id=row_id, at=now - ago, text=text(chance, row_id), email=email, reply=reply)


def telephone(seed: int, rounds: int, many: int = 4) -> FakeTelephone:
    """Some are glad, the others never answer."""
    chance = Random(f"{seed}:telephone")
    rows = (f"r{round_}-{row}" for round_ in range(rounds + 1) for row in range(many))
    return FakeTelephone({row: [{"outcome": "satisfied"}] for row in rows if chance.random() < SATISFIED})
