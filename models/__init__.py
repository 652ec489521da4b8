"""The facts: every table, imported once so that the schema is whole."""

from models.arrival import Arrival
from models.case import Case, Command, Link, Transition
from models.clock import Clock, Rung
from models.entry import Code, Hold
from models.fingerprint import Fingerprint
from models.house import Anchor, House, Lease, Run
from models.outbox import Callback, Delivery, Moment, Rating
from models.parking import Parked
from models.party import Party, Statement
from models.rules import Edition, Interpretation
from models.staff import Actor

__all__ = [
    "Actor",
    "Anchor",
    "Arrival",
    "Callback",
    "Case",
    "Clock",
    "Code",
    "Command",
    "Delivery",
    "Edition",
    "Fingerprint",
    "Hold",
    "House",
    "Interpretation",
    "Lease",
    "Link",
    "Moment",
    "Parked",
    "Party",
    "Rating",
    "Run",
    "Rung",
    "Statement",
    "Transition",
]
