"""The letter that a move would send to the customer, rendered by the function that renders it when it is sent."""

from collections.abc import Mapping
from typing import Any

from engine.commands.message_checks import with_words
from engine.ledger.record import current_case
from engine.store import Store
from flows.customer_letters import Letter, render
from locales.translation import locales
from statemachines.customer_messages import carries_words
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

LANGUAGE = "SELECT p.locale FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number"


def letter_of(store: Store, number: str, move: str, form: Mapping[str, Any], default: str) -> Letter:
    """Return the letter in the customer's language, else in the language ``default``.

    Raises ``Refused('unknown_case' | 'unknown_move' | 'form' | 'no_speech')``.
    """
    with store.looking() as tx:
        case = current_case(tx, number)
        table = lifecycle_of(case.kind)
        checked, row = table.checked(move, form), table.rows[move][0]
        checked = with_words(tx, case, row, checked)
        known = tx.row(LANGUAGE, number=(row.speaks and getattr(checked, row.speaks.customer_of, None)) or number)
    if row.speaks is None or not carries_words(row, checked):
        raise Refused("no_speech", kind=table.kind, move=move)
    texts = {name: text for name in row.speaks.fields if (text := getattr(checked, name)) is not None}
    locale = known.locale if known is not None and known.locale in locales() else default
    return render(row.speaks, number, texts, locale)


def language_of_letters(store: Store, number: str, default: str) -> str:
    """Return the language in which the customer of a case is written to: his own, else ``default``."""
    with store.looking() as tx:
        known = tx.row(LANGUAGE, number=number)
    return known.locale if known is not None and known.locale in locales() else default
