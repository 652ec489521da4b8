"""The documents of cases: what a request gives of a contact, and what an answer shows of a case."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.commands.command import Answer
from engine.ledger.record import CaseRow
from locales.translation import label
from models.columns import from_micros
from models.contact import Channel, Contact, CustomerType, Language, Line, Text
from models.instants import Instant
from statemachines.form_faults import form_faults
from statemachines.form_model import Code, Number
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.refused import Refused

EXAMPLE_CASE = "cp-26-000001"

PackName = Annotated[str, Field(min_length=1, max_length=100, description="The policy pack whose limits hold.")]
KindName = Annotated[
    str, Field(min_length=1, max_length=100, description="A kind of case, or a nature of a contact: consultation …")
]


class Input(BaseModel):
    """A body of a request: a field that it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomerInput(Input):
    """The customer, as he says who he is."""

    name: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    type: CustomerType | None = None


class ContactInput(Input):
    """What a customer tells us."""

    text: Text
    channel: Channel = Channel.API
    subject: Line | None = None
    demand: Text | None = None
    shipment: Line | None = None
    requested_at: Instant | None = None
    language: Language | None = None


class NewCase(ContactInput):
    """A contact that is to become a case."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "complaint",
                "text": "我的包裹破损了。",
                "channel": "website",
                "customer": {"name": "王小明", "phone": "13800138000", "email": "wang@example.com"},
            }
        }
    )

    kind: KindName = "complaint"
    pack: PackName = "logistics"
    customer: CustomerInput = CustomerInput()
    parent: Number | None = Field(default=None, description="The case that this one comes of.")
    relation: Code = "came_of"
    unless_known: bool = Field(default=False, description="Refuse it where the customer has an open case of the kind.")
    unnamed: bool = Field(default=False, description="The caller on the phone declines to say who he is.")

    def contact(self, at: datetime) -> Contact:
        """Return the contact. Its ``row_id`` stands for everything else, so that a repeated key must bring the same."""
        rest = {"kind", "pack", "parent", "relation", "unless_known"}
        fields = self.model_dump(exclude={*rest, "customer", "unnamed"})
        others = json.dumps(self.model_dump(mode="json", include=rest), sort_keys=True)
        row_id = f"api:{sha256(others.encode()).hexdigest()}"
        customer = self.customer
        return contact_from(
            "open",
            fields
            | {
                "row_id": row_id,
                "at": at,
                "customer": customer.name,
                "phone": customer.phone,
                "email": customer.email,
                "customer_type": customer.type,
            },
        )


class NewContact(ContactInput):
    """A contact of a customer about a case that he has with us."""

    model_config = ConfigDict(json_schema_extra={"example": {"text": "我的包裹还没有到。", "channel": "website"}})

    def contact(self, at: datetime) -> Contact:
        """Return the contact."""
        return contact_from("follow_up", self.model_dump() | {"row_id": "-", "at": at})


def contact_from(move: str, fields: dict[str, Any]) -> Contact:
    """Return the contact with these fields. Raises ``Refused('form')``, which names the faulty ones."""
    try:
        return Contact.model_validate(fields)
    except ValidationError as error:
        raise Refused("form", move=move, fields=form_faults(error)) from None


def kind_of_number(number: str) -> str:
    """Return the kind of a case, which the prefix of its number names."""
    prefix = number.partition("-")[0]
    return next((table.kind for table in lifecycles().values() if table.prefix == prefix), "")


class MovedCase(BaseModel):
    """Where a case stands after a move. ``seq`` numbers its steps, and is its ETag."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"number": EXAMPLE_CASE, "seq": 2, "state": "classified", "state_label": "已分类", "level": 0}
        }
    )

    number: str
    seq: int
    state: str
    state_label: str
    level: int

    @classmethod
    def of(cls, answer: Answer, locale: str) -> Self:
        """Return the document of the engine's answer."""
        shown = label(locale, kind_of_number(answer.number), "state", answer.state)
        return cls(number=answer.number, seq=answer.seq, state=answer.state, state_label=shown, level=answer.level)


class CaseLabels(BaseModel):
    """The names of a case's codes in the language of the answer."""

    kind: str
    state: str
    level: str
    category: str | None
    severity: str | None
    department: str | None


class CaseDocument(BaseModel):
    """A case as it stands. Instants are in UTC."""

    number: str
    kind: str
    pack: str
    state: str
    milestone: str | None
    level: int = Field(description="The escalation level: 0 the handler … 3 the general manager.")
    cycle: int
    seq: int = Field(description="The number of the last step; the ETag of the case.")
    closed: bool
    category: str | None
    severity: str | None
    department: str | None
    owner: str | None
    channel: str
    customer_type: str | None
    opened_at: datetime
    changed_at: datetime
    known: dict[str, Any] = Field(description="What the moves have established: amounts, causes, decisions.")
    labels: CaseLabels

    @classmethod
    def of(cls, case: CaseRow, locale: str) -> Self:
        """Return the document of a case's row."""
        return cls(**cls.fields_of(case, locale))

    @staticmethod
    def fields_of(case: CaseRow, locale: str) -> dict[str, Any]:
        """Return the fields that every document of a case has."""
        return _fields(case, locale)


def _fields(case: CaseRow, locale: str) -> dict[str, Any]:
    state = lifecycle_of(case.kind).state.get(case.state)
    same = (
        "number", "kind", "pack", "state", "level", "cycle", "category", "severity", "department", "owner", "channel",
        "customer_type",
    )  # fmt: skip
    return {
        **{name: getattr(case, name) for name in same},
        "milestone": state.milestone.value if state else None,
        "seq": case.version,
        "closed": bool(case.closed),
        "opened_at": from_micros(case.opened_at),
        "changed_at": from_micros(case.changed_at),
        "known": json.loads(case.variables),
        "labels": _labels(case, locale),
    }


def _labels(case: CaseRow, locale: str) -> CaseLabels:
    def shown(sort: str, code: str | None) -> str | None:
        return None if code is None else label(locale, case.kind, sort, code)

    return CaseLabels(
        kind=label(locale, "", "kind", case.kind),
        state=label(locale, case.kind, "state", case.state),
        level=label(locale, case.kind, "level", str(case.level)),
        category=shown("category", case.category),
        severity=shown("severity", case.severity),
        department=shown("department", case.department),
    )
