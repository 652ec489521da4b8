"""The routes by which an administrator erases personal texts of a case and its customer, or one of its files."""

from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apps.api.attachments import EXAMPLE_ID, AttachmentId
from apps.api.caller import Called, IdempotencyKey
from apps.api.case_documents import EXAMPLE_CASE, Input
from apps.api.cases import CaseNumber
from apps.api.responses import WRITE
from engine.attachments.erasure import erase_attachment
from engine.audit.erase_texts import TextPlace, erase_texts
from statemachines.form_model import Code

router = APIRouter(prefix="/cases/{number}", tags=["cases"])

LARGEST_SEQ = 2**31 - 1


class ErasureReason(Input):
    """Why something is erased."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "The photo shows her address."}})

    reason: str = Field(min_length=1, max_length=1000, description="Kept with the erasure and shown to auditors.")


class Erasure(ErasureReason):
    """Why personal texts are erased, and which: the one in a field of a step, or all of a closed case.

    With all texts go the texts of its mails, and the name, number and address of its customer.
    """

    model_config = ConfigDict(
        json_schema_extra={"example": {"reason": "The customer asked for it.", "seq": 1, "field": "text"}}
    )

    seq: int | None = Field(default=None, ge=1, le=LARGEST_SEQ)
    field: Code | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.seq is None) != (self.field is None):
            raise ValueError("seq and field go together")
        return self


class ErasedText(BaseModel):
    """A text that was erased: the step, and the field of its form."""

    seq: int
    field: str


class ErasedTexts(BaseModel):
    """What was erased by this request."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"number": EXAMPLE_CASE, "erased": [{"seq": 1, "field": "text"}], "customer": True, "mails": 0}
        }
    )

    number: str
    erased: list[ErasedText]
    customer: bool | None = Field(
        description="Whether the customer was erased; false if another case of the same person is open,"
        " null if there was nothing to erase."
    )
    mails: int = Field(description="How many mails that were refused or not sent yet lost their text.")


@router.post("/erasures", responses=WRITE)
def erase_case_texts(number: CaseNumber, body: Erasure, caller: Called, key: IdempotencyKey) -> ErasedTexts:
    """Erase personal texts of a case, or all and its customer.

    An administrator alone may; the record keeps who did, when and why.
    """
    place = None if body.seq is None or body.field is None else TextPlace(body.seq, body.field)
    erased = erase_texts(caller.store, caller.principal, number, body.reason, caller.working_time(), place, key)
    texts = [ErasedText(seq=text.seq, field=text.field) for text in erased.texts]
    return ErasedTexts(number=number, erased=texts, customer=erased.customer, mails=erased.mails)


class ErasedFile(BaseModel):
    """Which file of which case is erased; ``erased`` is false if it was erased before."""

    model_config = ConfigDict(json_schema_extra={"example": {"number": EXAMPLE_CASE, "id": EXAMPLE_ID, "erased": True}})

    number: str
    id: str
    erased: bool


@router.post("/attachments/{attachment_id}/erasure", responses=WRITE)
def erase_case_file(
    number: CaseNumber, attachment_id: AttachmentId, body: ErasureReason, caller: Called, key: IdempotencyKey
) -> ErasedFile:
    """Erase one file of a case, its name and its thumbnail; its digest stays in the record.

    An administrator alone may; the record keeps who did, when and why.
    """
    erased = erase_attachment(
        caller.store, caller.principal, number, attachment_id, body.reason, caller.working_time(), key
    )
    return ErasedFile(number=number, id=attachment_id, erased=erased)
