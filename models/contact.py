"""A customer's contact as validated input, before it becomes a case."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from models.columns import TEXT_LIMIT
from models.instants import Instant
from models.visible_text import clean_line, seen

NO_NUL = r"^[^\x00]*$"
"""A pattern without NUL, which Postgres cannot store in a text."""

_LINE = StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=NO_NUL)
_TEXT = StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT, pattern=NO_NUL)
Line = Annotated[str, _LINE, AfterValidator(seen), AfterValidator(clean_line)]
Text = Annotated[str, _TEXT, AfterValidator(seen)]

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(_[A-Z]{2})?$")]


class Channel(StrEnum):
    """The channels by which a contact arrives (A1)."""

    HOTLINE = "hotline"
    MAIL = "mail"
    WEBSITE = "website"
    MOBILE = "mobile"
    WECHAT = "wechat"
    SMS = "sms"
    CHAT = "chat"
    COUNTER = "counter"
    FILE = "file"
    API = "api"
    WHISTLE_MAIL = "whistle_mail"
    WHISTLE_PHONE = "whistle_phone"


class CustomerType(StrEnum):
    """The types of customer on which limits may depend (A5)."""

    INDIVIDUAL = "individual"
    ENTERPRISE = "enterprise"
    KEY_ACCOUNT = "key_account"


class Reply(BaseModel):
    """A reply to the contact that the source already holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    text: Text
    at: Instant


class Contact(BaseModel):
    """One contact as a source gives it (A1): facts, the demand apart from them, customer, channel and time."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    row_id: Line
    at: Instant
    text: Text
    subject: Line | None = None
    demand: Text | None = None
    customer: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    customer_type: CustomerType | None = None
    shipment: Line | None = None
    requested_at: Instant | None = None
    channel: Channel = Channel.FILE
    case: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-\d{2}-\d{6,}$")] | None = None
    """The number of the customer's own case that he contacts us about again; without it a new case is opened."""
    language: Language | None = None
    """The locale in which the customer wants to be written to; without one it is guessed from ``text``."""
    reply: Reply | None = None
