"""The letter that a move would send to the customer, rendered by the function that renders it when it is sent."""

from collections.abc import Mapping
from typing import Any

from engine.commands.complete_form import with_words
from engine.commands.load_form import earlier_words
from engine.ledger.record import current_case
from engine.store import Store
from flows.customer_letters import Letter, names_portal, render
from locales.translation import locales
from statemachines.customer_messages import carries_words
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

CUSTOMER = "SELECT p.locale, p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number"

KEY = "…"
"""Stands for the key of a link: only the customer is given it."""


def letter_of(
    store: Store, number: str, move: str, form: Mapping[str, Any], default: str, portal_url: str | None
) -> Letter:
    """Return the letter in the customer's language, else in the language ``default``.

    It is the letter that is sent, but for the key of its link to the portal, for which ``KEY`` stands.
    Raises ``Refused('unknown_case' | 'unknown_move' | 'form' | 'no_speech')``.
    """
    with store.looking() as tx:
        case = current_case(tx, number)
        table = lifecycle_of(case.kind)
        checked, row = table.checked(move, form), table.rows[move][0]
        checked = with_words(row, checked, earlier_words(tx, case.id, row, checked))
        other = getattr(checked, row.speaks.customer_of, None) if row.speaks else None
        known = tx.row(CUSTOMER, number=other or number)
    if row.speaks is None or not carries_words(row, checked):
        raise Refused("no_speech", kind=table.kind, move=move)
    texts = {name: text for name in row.speaks.fields if (text := getattr(checked, name)) is not None}
    locale = known.locale if known is not None and known.locale in locales() else default
    shown = names_portal(portal_url, table, known.email if known is not None else None, other)
    return render(row.speaks, number, texts, locale, f"{portal_url}/link/{number}.{KEY}" if shown else "")


def language_of_letters(store: Store, number: str, default: str) -> str:
    """Return the language in which the customer of a case is written to: his own, else ``default``."""
    with store.looking() as tx:
        known = tx.row(CUSTOMER, number=number)
    return known.locale if known is not None and known.locale in locales() else default
