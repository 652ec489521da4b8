"""The facts: every table, imported once so that the schema is whole."""

from models.access import Hold, OneTimeCode
from models.arrival import Arrival
from models.case import Case, IdempotencyKey, Link, Transition
from models.fingerprint import Fingerprint
from models.lifecycle_version import LifecycleVersion
from models.outbox import Callback, Delivery, OutboxEvent, Rating
from models.parked import Parked
from models.party import Party, Statement
from models.rules import Edition, Interpretation
from models.staff import Actor
from models.store_info import Anchor, Lease, Run, StoreInfo
from models.timer import EscalationStep, Timer

__all__ = [
    "Actor",
    "Anchor",
    "Arrival",
    "Callback",
    "Case",
    "Delivery",
    "Edition",
    "EscalationStep",
    "Fingerprint",
    "Hold",
    "IdempotencyKey",
    "Interpretation",
    "Lease",
    "LifecycleVersion",
    "Link",
    "OneTimeCode",
    "OutboxEvent",
    "Parked",
    "Party",
    "Rating",
    "Run",
    "Statement",
    "StoreInfo",
    "Timer",
    "Transition",
]
