"""The page of API tokens: listed, made (shown once) and revoked."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.admin_forms import TokenForm
from apps.console.house_choices import house_choices, named_codes
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import OPERATES, refuse_others
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from engine.access.principal import Scope
from engine.accounts.tokens import MadeToken, NewToken, create_token, revoke_token, scopes_of, tokens
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.refused import Refused

router = APIRouter(prefix="/tokens")


@router.get("")
def list_tokens(visit: Visiting) -> HTMLResponse:
    """List all tokens, and offer the form of a new one."""
    refuse_others(visit.principal, OPERATES)
    return _page(visit)


@router.post("")
def make_token(visit: Visiting, entries: Sent) -> HTMLResponse:
    """Make a token, and show it this once."""
    refuse_others(visit.principal, OPERATES)
    given = entries.given()
    try:
        form, at = filled(TokenForm, given, reader_zone()), visit.working_time()
        scopes = scopes_of(form.scopes.split()) if form.scopes else None
        new = NewToken(form.handle, form.label or "", scopes, at + timedelta(days=form.days))
        return _page(visit, made=create_token(visit.store, new, visit.principal.actor.handle, at))
    except Refused as refused:
        return _page(visit, given, refused)


@router.post("/{token_id}/revoke")
def end_token(token_id: Annotated[str, Path(max_length=40)], visit: Visiting, _sent: Sent) -> Response:
    """Revoke a token."""
    refuse_others(visit.principal, OPERATES)
    revoke_token(visit.store, token_id, visit.principal.actor.handle, visit.working_time())
    return visit.go_to("/tokens?done=token_revoked")


def _page(
    visit: Visit, entries: dict[str, str] | None = None, refused: Refused | None = None, made: MadeToken | None = None
) -> HTMLResponse:
    with visit.store.looking() as tx:
        rows = tokens(tx)
    house = house_choices(visit.store, visit.locale)
    choices = Choices(people=house.people, by_name={"scopes": named_codes(visit.locale, "scope", Scope)})
    fields = form_fields(TokenForm, FormReader(visit.locale, "", choices), entries or {}, refused)
    status = 200 if refused is None else status_of(refused)
    why = refusal(visit.locale, refused, on_web=True) if refused else ""
    return visit.page("tokens.html", status, tokens=rows, fields=fields, why=why, made=made)
