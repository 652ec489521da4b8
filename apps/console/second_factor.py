"""The pages of the second factor: enrol an authenticator app, keep the recovery codes, give a code that is missing."""

from typing import Annotated

import segno
from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from apps.api.problems import status_of
from apps.api.session_cookie import set_cookie
from apps.console.half_session import HalfSession, InHalfSession, SentInHalf
from apps.console.log_in import OWN, own_address
from engine.accounts.log_in import begin_second_factor, confirm_second_factor, give_second_factor
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter(prefix="/second-factor")

Next = Annotated[str, Query(max_length=2000)]


@router.get("")
def show(half: InHalfSession, to: Next = "") -> Response:
    """Ask for the code that the session lacks, or offer to enrol an app."""
    if half.session.second_factor_at is not None:
        return RedirectResponse(own_address(to) or OWN, 303)
    return half.page("give_code.html" if half.session.totp else "enrol.html", next=own_address(to), why="")


@router.post("")
def give(half: InHalfSession, entries: SentInHalf) -> Response:
    """Take the code that the session lacks, and go on."""
    next_ = own_address(entries.text("next"))
    try:
        session = give_second_factor(half.store, half.cookie, entries.text("code"), half.at, half.rules)
    except Refused as refused:
        return half.page("give_code.html", status_of(refused), next=next_, why=_why(half, refused))
    response = RedirectResponse(next_ or OWN, 303)
    set_cookie(half.request, response, session, half.at)
    return response


@router.post("/enrol")
def enrol(half: InHalfSession, entries: SentInHalf) -> Response:
    """Show the secret for the app, as a code that it photographs and as text."""
    made = begin_second_factor(half.store, half.cookie, half.at, half.rules)
    return _secret_page(half, made.secret, made.uri, own_address(entries.text("next")))


@router.post("/confirmation")
def confirm(half: InHalfSession, entries: SentInHalf) -> Response:
    """Confirm the app by a code of it, and show the recovery codes this once."""
    next_ = own_address(entries.text("next"))
    try:
        codes, session = confirm_second_factor(half.store, half.cookie, entries.text("code"), half.at, half.rules)
    except Refused as refused:
        secret, uri = entries.text("secret"), entries.text("uri")
        if refused.code == "totp_wrong" and uri.startswith("otpauth://"):
            return _secret_page(half, secret, uri, next_, refused)
        return half.page("enrol.html", status_of(refused), next=next_, why=_why(half, refused))
    response = half.page("recovery_codes.html", next=next_ or OWN, codes=codes)
    set_cookie(half.request, response, session, half.at)
    return response


def _secret_page(half: HalfSession, secret: str, uri: str, next_: str, refused: Refused | None = None) -> Response:
    """Return the page that shows a secret; a wrong code leaves it as it is."""
    picture = segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="#ffffff")
    status = 200 if refused is None else status_of(refused)
    values = {"secret": secret, "uri": uri, "picture": picture, "next": next_, "why": refused and _why(half, refused)}
    return half.page("secret.html", status, **values)


def _why(half: HalfSession, refused: Refused) -> str:
    return refusal(half.request.state.locale, refused, on_web=True)
