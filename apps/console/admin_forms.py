"""The forms of administrators, drawn by the same generator as those of moves."""

from typing import Annotated

from pydantic import Field, StringConstraints

from apps.web.form_fields import NAMES
from models.instants import Instant
from statemachines.form_model import CODES, Code, Department, Form, Handle

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Codes = Annotated[str, StringConstraints(strip_whitespace=True, pattern=CODES)]
Names = Annotated[str, StringConstraints(strip_whitespace=True, pattern=NAMES)]


class PersonForm(Form):
    """What an administrator settles of a person: roles, department, boss, address, language and time zone (H3)."""

    roles: Codes
    department: Department | None = None
    boss: Handle | None = None
    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None
    locale: Line = "zh_CN"
    zone: Line | None = None


class NamedForm(Form):
    """Who is added; a handle never changes."""

    handle: Line


class NewPersonForm(PersonForm, NamedForm):
    """A person who is added."""


class ChangedPersonForm(PersonForm):
    """A person who is changed: also from when until when he is away, and who stands in for him."""

    absent_from: Instant | None = None
    absent_until: Instant | None = None
    deputy: Handle | None = None


class TokenForm(Form):
    """A token for programs: whose it is, what it may do, and for how many days."""

    handle: Handle
    label: Line | None = None
    scopes: Names | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 90


class FileErasureForm(Form):
    """Which file of which case is erased, and why."""

    case_number: Line
    attachment_id: Line
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class WebhookForm(Form):
    """A subscription of another system; lists that are left empty mean all that may be sent."""

    url: Url
    events: Names | None = None
    kinds: Codes | None = None
    departments: Codes | None = None
    personal: bool = False


class DropForm(Form):
    """Why a delivery is given up for good."""

    reason: Line


class ExportForm(Form):
    """Which histories are exported, in which format, and whether with names and words in them (H1)."""

    format: Code
    kind: Code | None = None
    whole: bool = False


class RegulatorForm(Form):
    """Of which period the regulator's pack is, in which format, and why it shall hold names, if it shall (F1)."""

    period: Line
    format: Code
    named: bool = False
    reason: Line | None = None
