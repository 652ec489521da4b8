"""Routes by which a person links his account to his identity at the provider, and undoes it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from apps.api.addresses import PREFIX
from apps.api.login import InSession
from apps.api.oidc import begin_at_provider, remember
from apps.api.responses import READ, WRITE
from engine.accounts.oidc_links import identities, unlink_own

router = APIRouter(prefix=f"{PREFIX}/identities", tags=["log-in"])


class IdentityDocument(BaseModel):
    """An identity at a provider to which the caller's account is linked."""

    id: str
    issuer: str
    subject: str
    linked_at: datetime


class Identities(BaseModel):
    """The identities of the caller, oldest link first."""

    identities: list[IdentityDocument]


class ProviderAddress(BaseModel):
    """Where the browser goes to log in at the provider; it comes back with the account linked."""

    address: str = Field(examples=["https://id.example.com/authorize?client_id=closeloop"])


@router.get("", responses=READ)
def list_identities(browser: InSession) -> Identities:
    """List the identities to which the caller's account is linked."""
    handle = browser.whole_session().actor.handle
    with browser.store.looking() as tx:
        linked = identities(tx, handle)
    return Identities(
        identities=[
            IdentityDocument(
                id=each.identity.id, issuer=each.identity.issuer, subject=each.identity.subject,
                linked_at=each.linked_at,
            )
            for each in linked
        ]
    )  # fmt: skip


@router.post("", responses=WRITE)
def begin_link(browser: InSession, request: Request, response: Response) -> ProviderAddress:
    """Begin to link the caller's account: his browser goes to the address, within ten minutes, and comes back."""
    session = browser.whole_session()
    wanted, address = begin_at_provider(request)
    remember(request, response, wanted, session.id)
    return ProviderAddress(address=address)


@router.delete("/{identity_id}", status_code=204, responses=READ)
def undo_link(identity_id: Annotated[str, Path(max_length=40)], browser: InSession) -> None:
    """Undo a link of the caller's account; he logs in with his password from then on."""
    unlink_own(browser.store, browser.whole_session().actor.handle, identity_id, browser.at)
