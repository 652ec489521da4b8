"""Documents of the routes of the log-in: what a browser sends, and what it is shown."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from apps.api.case_documents import Input

Word = Annotated[str, Field(max_length=200)]
Password = Annotated[str, Field(max_length=1_000, description="At least 12 characters, and hard to guess.")]


class LogInInput(Input):
    """Handle, password and, where the account has a second factor, the code that the app shows or a recovery code."""

    handle: Word = Field(examples=["amy"])
    password: Password = Field(examples=["nine purple lanterns over Suzhou"])
    code: Word = Field(default="", examples=["123456"])


class CodeInput(Input):
    """A code of the authenticator app, or a recovery code."""

    code: Word = Field(examples=["123456"])


class PasswordInput(Input):
    """The password as it is, and the new one."""

    old: Password = Field(examples=["nine purple lanterns over Suzhou"])
    new: Password = Field(examples=["seven green kites near Chengdu"])


class InvitationInput(Input):
    """What stands after the # of the link, and the password that is to be set."""

    code: Word = Field(examples=["k3v9x0a1b2c4-0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"])
    password: Password = Field(examples=["nine purple lanterns over Suzhou"])


class InvitationCode(Input):
    """What stands after the # of the link."""

    code: Word = Field(examples=["k3v9x0a1b2c4-0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"])


class InvitationShown(BaseModel):
    """Whom a link is for, until when it is good, and whether a second factor is there or must be enrolled first."""

    handle: str
    until: datetime
    second_factor: bool
    second_factor_needed: bool


class SessionOpened(BaseModel):
    """A session; its cookie is in ``Set-Cookie``. ``csrf`` is sent back in ``X-CSRF-Token`` with every write."""

    handle: str
    csrf: str
    until: datetime
    second_factor: bool


class SessionShown(BaseModel):
    """The session of the browser. While it is not ``complete``, only a second factor can be enrolled or given."""

    handle: str
    roles: list[str]
    csrf: str
    complete: bool
    second_factor: bool


class SessionListed(BaseModel):
    """One of the caller's open sessions."""

    id: str
    current: bool
    made_at: datetime
    seen_at: datetime
    until: datetime
    method: str
    address: str
    agent: str


class SessionList(BaseModel):
    """The caller's open sessions, oldest first."""

    sessions: list[SessionListed]


class SecretShown(BaseModel):
    """The secret for the authenticator app, and the same as the content of a QR code."""

    secret: str
    uri: str


class SecondFactorConfirmed(SessionOpened):
    """The session that takes the place of the one before, and the recovery codes, which are shown this once."""

    recovery_codes: list[str]


class InvitationAccepted(BaseModel):
    """Whose password was set; he can log in now."""

    handle: str
