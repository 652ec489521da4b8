"""The facts: every table by its name. The module of a table is imported when its name is first used.

Note [Tables on demand]: SQLAlchemy and pydantic need some milliseconds to declare a table, and a command needs few of
them. ``whole_schema`` imports all.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from models.access import Hold, OneTimeCode, Reading, RefusedAttempt, Suspension
    from models.account import (
        AccessCode,
        Account,
        ApiToken,
        AttemptWindow,
        FailedLogIn,
        Invitation,
        LoginSession,
        OidcLink,
        SavedFilter,
    )  # fmt: skip
    from models.arrival import Arrival
    from models.attachment import Attachment
    from models.care import CareConsent, CareGreeting
    from models.case import Case, IdempotencyKey, KeptAnswer, Link, Transition
    from models.conduct import ConductDraw, ConductMark, ConductSample, ConductSheet
    from models.day_forecast import DayForecast
    from models.duty import DutyAlert, DutyRoster, DutyShift, DutySwap
    from models.fingerprint import Fingerprint
    from models.indicator_count import IndicatorCount
    from models.journal import JournalEntry
    from models.lifecycle_version import LifecycleVersion
    from models.notice import MailRecord, Notice
    from models.order_import import OrderImport
    from models.outbox import Callback, Delivery, OutboxEvent, Rating
    from models.parked import Parked
    from models.party import Party, SamePerson, Statement
    from models.rules import Category, Edition, Interpretation, RuleDraft
    from models.staff import Actor, ActorChange, Department
    from models.store_info import Anchor, Lease, Run, StoreInfo
    from models.survey import Survey, SurveyPerson, SurveyStratum
    from models.timer import EscalationStep, Timer
    from models.webhook import Webhook

__all__ = [
    "AccessCode",
    "Account",
    "Actor",
    "ActorChange",
    "Anchor",
    "ApiToken",
    "Arrival",
    "Attachment",
    "AttemptWindow",
    "Callback",
    "CareConsent",
    "CareGreeting",
    "Case",
    "Category",
    "ConductDraw",
    "ConductMark",
    "ConductSample",
    "ConductSheet",
    "DayForecast",
    "Delivery",
    "Department",
    "DutyAlert",
    "DutyRoster",
    "DutyShift",
    "DutySwap",
    "Edition",
    "EscalationStep",
    "FailedLogIn",
    "Fingerprint",
    "Hold",
    "IdempotencyKey",
    "IndicatorCount",
    "Interpretation",
    "Invitation",
    "JournalEntry",
    "KeptAnswer",
    "Lease",
    "LifecycleVersion",
    "Link",
    "LoginSession",
    "MailRecord",
    "Notice",
    "OidcLink",
    "OneTimeCode",
    "OrderImport",
    "OutboxEvent",
    "Parked",
    "Party",
    "Rating",
    "Reading",
    "RefusedAttempt",
    "RuleDraft",
    "Run",
    "SamePerson",
    "SavedFilter",
    "Statement",
    "StoreInfo",
    "Survey",
    "SurveyPerson",
    "SurveyStratum",
    "Suspension",
    "Timer",
    "Transition",
    "Webhook",
]

_MODULES = {
    "Arrival": "arrival",
    "Attachment": "attachment",
    "Case": "case",
    "IdempotencyKey": "case",
    "KeptAnswer": "case",
    "Link": "case",
    "Transition": "case",
    "LifecycleVersion": "lifecycle_version",
    "Timer": "timer",
    "EscalationStep": "timer",
    "OneTimeCode": "access",
    "Hold": "access",
    "Reading": "access",
    "RefusedAttempt": "access",
    "Suspension": "access",
    "AccessCode": "account",
    "Account": "account",
    "ApiToken": "account",
    "AttemptWindow": "account",
    "FailedLogIn": "account",
    "Invitation": "account",
    "LoginSession": "account",
    "OidcLink": "account",
    "SavedFilter": "account",
    "CareConsent": "care",
    "CareGreeting": "care",
    "ConductDraw": "conduct",
    "ConductMark": "conduct",
    "ConductSample": "conduct",
    "ConductSheet": "conduct",
    "DayForecast": "day_forecast",
    "DutyAlert": "duty",
    "DutyRoster": "duty",
    "DutyShift": "duty",
    "DutySwap": "duty",
    "Fingerprint": "fingerprint",
    "IndicatorCount": "indicator_count",
    "JournalEntry": "journal",
    "Anchor": "store_info",
    "StoreInfo": "store_info",
    "Lease": "store_info",
    "Run": "store_info",
    "OrderImport": "order_import",
    "Callback": "outbox",
    "Delivery": "outbox",
    "OutboxEvent": "outbox",
    "Rating": "outbox",
    "Notice": "notice",
    "MailRecord": "notice",
    "Parked": "parked",
    "Party": "party",
    "SamePerson": "party",
    "Statement": "party",
    "Category": "rules",
    "Edition": "rules",
    "Interpretation": "rules",
    "RuleDraft": "rules",
    "Survey": "survey",
    "SurveyPerson": "survey",
    "SurveyStratum": "survey",
    "Actor": "staff",
    "ActorChange": "staff",
    "Department": "staff",
    "Webhook": "webhook",
}
"""In which module each table is declared."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    table = globals()[name] = getattr(import_module(f"models.{_MODULES[name]}"), name)
    return table


def whole_schema() -> "MetaData":
    """Import every table and return the schema they make."""
    from sqlmodel import SQLModel

    for module in dict.fromkeys(_MODULES.values()):
        import_module(f"models.{module}")
    return SQLModel.metadata
