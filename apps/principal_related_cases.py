"""The cases that are proposed where a form asks for the number of another case: relatives, and of the same customer."""

from datetime import datetime
from typing import Final

from apps.variable_views import links_of
from engine.access.principal import Principal
from engine.access.scope import case_for, cases_in_scope, contacts_in_scope
from engine.store import Store
from locales.translation import label
from reports.current_names import state_of
from reports.known_cases import known_among

MOST: Final = 20
"""The most cases of one customer that are proposed, the newest first."""
OF_CUSTOMER: Final = """
WITH own AS (SELECT coalesce(q.person_id, q.id) AS id FROM cases d JOIN party q ON q.id = d.party_id
              WHERE d.id = :case_id)
SELECT c.number, c.kind, c.state FROM own JOIN party p ON p.id = own.id OR p.person_id = own.id
  JOIN cases c ON c.party_id = p.id
 WHERE c.id <> :case_id AND ({scope}) ORDER BY c.id DESC LIMIT :most
"""


def related_cases(
    store: Store, principal: Principal, number: str, at: datetime, locale: str
) -> list[tuple[str, str]]:  # fmt: skip
    """Return number and words of the cases that may be meant beside a case, those that the principal may read alone.

    Whose cases they are is told to nobody who sees the customer masked. Raises ``Refused('unknown_case')``.
    """
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        links = {link.case: _words(locale, link.kind, link.state) for link in links_of(tx, case.id)}
        known = known_among(tx, links, cases_in_scope(principal, at))
        scope = contacts_in_scope(principal, at)
        rows = tx.rows(OF_CUSTOMER.format(scope=scope.sql), case_id=case.id, most=MOST, **scope.values)
    own = {row.number: _words(locale, row.kind, state_of(row.kind, row.state)) for row in rows}
    return list((own | {each: words for each, words in links.items() if each in known}).items())


def _words(locale: str, kind: str, state: str) -> str:
    return f"{label(locale, '', 'kind', kind)} · {label(locale, kind, 'state', state)}"
