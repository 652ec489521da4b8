"""Shows the letter that a move would send to the customer, rendered by the function that renders it when it is sent."""

from collections.abc import Mapping
from typing import Any

from apps import views
from apps.cli.context import cli
from engine.commands.message_checks import with_words
from engine.ledger.record import current_case
from flows.customer_letters import Letter, render
from locales.translation import locales
from statemachines.customer_messages import carries_words
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

LANGUAGE = "SELECT p.locale FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number"


def letter_of(number: str, move: str, form: Mapping[str, Any]) -> Letter:
    """Return the letter in the customer's language. Raises ``Refused('form' | 'no_speech')``."""
    table = lifecycle_of(views.kind_of(cli.store, number))
    checked, row = table.checked(move, form), table.rows[move][0]
    with cli.store.looking() as tx:
        checked = with_words(tx, current_case(tx, number), row, checked)
        known = tx.row(LANGUAGE, number=(row.speaks and getattr(checked, row.speaks.customer_of, None)) or number)
    if row.speaks is None or not carries_words(row, checked):
        raise Refused("no_speech", kind=table.kind, move=move)
    texts = {name: text for name in row.speaks.fields if (text := getattr(checked, name)) is not None}
    locale = known.locale if known is not None and known.locale in locales() else cli.settings.locale
    return render(row.speaks, number, texts, locale)
