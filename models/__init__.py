"""The facts: every table, imported once so that the schema is whole."""

from models.arrival import Arrival
from models.case import Case, IdempotencyKey, Link, Transition
from models.timer import Timer, EscalationStep
from models.access import OneTimeCode, Hold
from models.fingerprint import Fingerprint
from models.store_info import Anchor, StoreInfo, Lease, Run
from models.outbox import Callback, Delivery, OutboxEvent, Rating
from models.parked import Parked
from models.party import Party, Statement
from models.rules import Edition, Interpretation
from models.staff import Actor

__all__ = [
    "Actor",
    "Anchor",
    "Arrival",
    "Callback",
    "Case",
    "Timer",
    "OneTimeCode",
    "IdempotencyKey",
    "Delivery",
    "Edition",
    "Fingerprint",
    "Hold",
    "StoreInfo",
    "Interpretation",
    "Lease",
    "Link",
    "OutboxEvent",
    "Parked",
    "Party",
    "Rating",
    "Run",
    "EscalationStep",
    "Statement",
    "Transition",
]
