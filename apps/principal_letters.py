"""Letters to customers as a principal may write them: the preview of a move's letter, and texts from templates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.principal_views import case_seen, timers_seen
from apps.reply_templates import filled_template
from engine.access.moves import check_move
from engine.access.principal import Principal
from engine.store import Store
from flows.customer_letters import Letter
from flows.letter_preview import language_of_letters, letter_of


def letter_for(
    store: Store, principal: Principal, number: str, move: str, form: Mapping[str, Any], at: datetime, default: str,
    portal_url: str | None,
) -> Letter:  # fmt: skip
    """Return the letter that a move would send, as the customer will read it; ``default`` is the house's language.

    ``portal_url`` is the address of the portal that the letter names, without the key of its link.

    Raises ``Refused('unknown_case' | 'scope_missing' | 'form' | 'no_speech')``.
    """
    with store.looking() as tx:
        check_move(tx, principal, number, move, form, at)
    case_seen(store, principal, number, at)
    return letter_of(store, number, move, form, default, portal_url)


def language_for(store: Store, principal: Principal, number: str, at: datetime, default: str) -> str:
    """Return the language in which the customer of a case is written to. Raises ``Refused('unknown_case')``."""
    case_seen(store, principal, number, at)
    return language_of_letters(store, number, default)


def template_for(store: Store, principal: Principal, number: str, code: str, at: datetime, locale: str) -> str | None:
    """Return the text of a reply template for a case in a language; None if there is no such template.

    Raises ``Refused('unknown_case')``.
    """
    seen = case_seen(store, principal, number, at)
    timers = timers_seen(store, principal, number, at, locale).timers
    return filled_template(code, seen.case.kind, number, [timer for timer, _ in timers], locale)
