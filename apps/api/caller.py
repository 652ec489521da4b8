"""What every route is given of its request: who calls, the store, the instant, the language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request, Response, Security
from fastapi.security import HTTPBearer

from apps.api.figures import Figures
from apps.api.languages import content_language
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.clock_doubt import refuse_doubtful_clock
from engine.entry_checks import check_key
from engine.settings import Settings
from engine.store import Store
from locales.house_zone import use_house_zone
from models.columns import LARGEST
from statemachines.refused import Refused

Authenticate = Callable[[Store, Request, datetime], Principal]
"""Tells who sends a request. Raises ``Refused`` with a code of 401 or 429."""

bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="An API token, as `closeloop token create` prints it."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and with what it is answered."""

    principal: Principal
    store: Store
    settings: Settings
    at: datetime
    locale: str
    figures: Figures

    def needs(self, scope: Scope) -> None:
        """Raise ``Refused('scope_missing' | 'not_a_person')`` for a caller who was not let in for this."""
        refuse_without(self.principal, scope)

    def read_in_own_zone(self) -> None:
        """Let days begin, for the rest of this request, in the zone of the caller, else in that of the house."""
        use_house_zone(self.settings, self.store, self.principal.actor.handle)

    def working_time(self) -> datetime:
        """Return the instant for work that is judged by it. Raises ``Refused`` where the clock is in doubt."""
        refuse_doubtful_clock(self.store)
        return self.at


def caller_of(request: Request, response: Response, _bearer: Annotated[object, Security(bearer)]) -> Caller:
    """Authenticate the request, once, before its route runs. Raises ``Refused``."""
    state, store = request.app.state, request.app.state.store
    at = store.now()
    principal = state.authenticate(store, request, at)
    locale = request.state.locale
    response.headers["Content-Language"] = content_language(locale)
    response.headers["Vary"] = "Accept-Language, Authorization"
    return Caller(principal, store, state.settings, at, locale, state.figures)


Called = Annotated[Caller, Depends(caller_of)]


async def _key_of(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Makes the request repeatable: sent again with the same content it gets the same answer.",
            examples=["0d4bd63e-6a5b-4e57-8a35-2f1d7c3e7b1a"],
            max_length=200,
        ),
    ] = None,
) -> str | None:
    check_key(idempotency_key)
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(_key_of)]


async def _expected_seq(
    if_match: Annotated[
        str | None,
        Header(description="The ETag of the case as it was read; the request is refused if it has moved since."),
    ] = None,
) -> int | None:
    """Return the step that ``If-Match`` names. Raises ``Refused('stale' | 'bad_header')``."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip()
    if len(text) < 3 or text[0] != '"' or text[-1] != '"' or "," in text:
        raise Refused("bad_header", header="If-Match")
    inner = text[1:-1]
    return int(inner) if inner.isascii() and inner.isdigit() and len(inner) <= len(str(LARGEST)) else -1


ExpectedSeq = Annotated[int | None, Depends(_expected_seq)]


def etag(seq: int) -> str:
    """Return the entity tag of a case at a step."""
    return f'"{seq}"'
