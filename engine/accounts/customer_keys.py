"""Let somebody without an account to one case: by a code sent to him, by the link of a letter, by a receipt code.

Note [Nothing to learn]: whoever types a number gets the same answer, after the same work, whether or not a case has it.
The code is made and queued after the answer was sent; a wrong code, a case without an address and a number that no case
has are refused alike. Tries are counted by number, by address and by form before anything is looked up.

Note [No table]: each of these keys follows from the secret of the store and from the case, so none is stored.
A code fits only the form of the browser that asked for it (its ticket), and is good once; a link fits the address to
which it was sent.
"""

import hmac
import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from engine.access.principal import Principal, PrincipalKind
from engine.access.scope import REPORT
from engine.accounts.access_codes import use_access_code
from engine.accounts.attempt_limits import Limit, RateLimited, count_try
from engine.accounts.sealing import seal, unseal
from engine.actors import customer_actor, known_customer_actor
from engine.contention import in_transaction
from engine.entry_checks import is_word
from engine.ledger.chain import keyed
from engine.store import Store
from models.columns import to_micros
from models.mail_addresses import mail_address
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

VIA: Final = "portal"
CODE_LASTS, VISIT_LASTS, LINK_LASTS = timedelta(minutes=15), timedelta(hours=1), timedelta(days=60)
DIGITS = 6
TICKET, VISIT = "portal ticket", "portal visit"
"""The purposes for which they are sealed."""
LONGEST_TYPED = 40

ASKED_BY_ADDRESS, ASKED_BY_NUMBER = Limit("code by address", "10 per 15 minute"), Limit("code by number", "5 per hour")
TRIED_BY_ADDRESS, TRIED_BY_TICKET = Limit("try by address", "30 per 15 minute"), Limit("try by form", "5 per 15 minute")
SPENT = Limit("code spent", "1 per 15 minute")
WRITTEN_BY_ADDRESS, MOVED_BY_CASE = Limit("contact by address", "10 per hour"), Limit("move by case", "30 per hour")

FIND = """
SELECT c.id, c.number, c.kind, p.email, p.locale FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.number = :number
"""
LINK = re.compile(r"([a-z]{2}-\d{2}-\d{6,12})\.(\d{1,12})\.([0-9a-f]{32})")
RECEIPT = re.compile(r"([a-z]{2}-\d{2}-\d{6,12})-([a-z2-7]{20})")
VISITED = re.compile(r"(customer|reporter):(\d{1,19}):[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Code:
    """A code to be sent to the customer of a case: who gets it, and in which language."""

    number: str
    address: str
    locale: str | None
    code: str
    key: str


def ask_for_code(store: Store, number: str, address: str, at: datetime) -> str:
    """Count a request for a code; return the ticket that its form carries. ``address`` is that of the visitor.

    Raises ``RateLimited``. See Note [Nothing to learn].
    """
    typed = _typed(number)
    count_try(store, [(ASKED_BY_ADDRESS, address), (ASKED_BY_NUMBER, typed)], at)
    return seal(store.secret, TICKET, f"{secrets.token_hex(16)}:{typed}", at)


def code_for(store: Store, ticket: str, at: datetime) -> Code | None:
    """Return the code of a ticket; None where no customer can be sent one."""
    nonce, number = _ticket(store, ticket, at)
    row = _row(store, number)
    if not _reachable(row):
        return None
    return Code(row.number, row.email, row.locale, _code(store.secret, nonce, row.id), f"portal-code:{nonce}")


def visit_by_code(store: Store, ticket: str, code: str, address: str, at: datetime) -> Principal:
    """Return the customer who gives the code that fits his ticket, or that an agent handed to him; it is good once.

    Raises ``Refused('portal_code_wrong')`` and ``RateLimited``.
    """
    nonce, number = _ticket(store, ticket, at)
    count_try(store, [(TRIED_BY_ADDRESS, address), (TRIED_BY_TICKET, nonce)], at)
    row = _row(store, number)
    expected = _code(store.secret, nonce, 0 if row is None else row.id)
    fits = hmac.compare_digest(expected.encode(), _digits(code).encode(errors="replace"))
    handed = use_access_code(store, 0 if row is None else row.id, _digits(code), at)
    if row is None or not (handed or (fits and _reachable(row))):
        raise Refused("portal_code_wrong")
    if handed:
        return outsider(store, at, PrincipalKind.CUSTOMER, row.id)
    try:
        count_try(store, [(SPENT, nonce)], at)
    except RateLimited:
        raise Refused("portal_code_wrong") from None
    return outsider(store, at, PrincipalKind.CUSTOMER, row.id)


def link_of(secret: bytes, number: str, address: str, at: datetime) -> str:
    """Return what the link of a letter to this address ends with; the same for the same letter."""
    until = int((at + LINK_LASTS).timestamp())
    return f"{number}.{until}.{_link_seal(secret, number, until, address)}"


def visit_by_link(store: Store, link: str, address: str, at: datetime) -> Principal:
    """Return the customer to whom a letter with this link was sent. Raises ``Refused('portal_link_ended')``."""
    count_try(store, [(TRIED_BY_ADDRESS, address)], at)
    form = LINK.fullmatch(link)
    row = _row(store, form[1] if form else "-")
    if form is None or not _reachable(row):
        raise Refused("portal_link_ended")
    expected = _link_seal(store.secret, row.number, int(form[2]), row.email)
    if not hmac.compare_digest(expected, form[3]) or int(form[2]) <= at.timestamp():
        raise Refused("portal_link_ended")
    return outsider(store, at, PrincipalKind.CUSTOMER, row.id)


def receipt_of(secret: bytes, number: str) -> str:
    """Return the code by which a reporter reads what becomes of his report: the number, and 100 secret bits."""
    text = _receipt_seal(secret, number).upper()
    return "-".join([number.upper(), *(text[start : start + 5] for start in range(0, len(text), 5))])


def visit_by_receipt(store: Store, receipt: str, address: str, at: datetime) -> Principal:
    """Return the reporter who has this receipt code. Raises ``Refused('portal_receipt_wrong')`` and ``RateLimited``."""
    count_try(store, [(TRIED_BY_ADDRESS, address)], at)
    plain = re.sub(r"\s", "", receipt[: 4 * LONGEST_TYPED]).lower()
    parts = plain.split("-")
    form = RECEIPT.fullmatch("-".join([*parts[:3], "".join(parts[3:])]))
    number = form[1] if form else "-"
    row = _row(store, number)
    fits = hmac.compare_digest(_receipt_seal(store.secret, number).encode(), (form[2] if form else "").encode())
    if not fits or row is None or REPORT not in lifecycle_of(row.kind).natures:
        raise Refused("portal_receipt_wrong")
    return outsider(store, at, PrincipalKind.REPORTER, row.id)


def outsider(
    store: Store, at: datetime, kind: PrincipalKind = PrincipalKind.CUSTOMER, case_id: int | None = None
) -> Principal:
    """Return somebody without an account, who knows of one case or of none."""
    with store.looking() as tx:
        actor = known_customer_actor(tx)
    if actor is None:
        actor = in_transaction(store, lambda tx: customer_actor(tx, to_micros(at)))
    return Principal(actor, kind, VIA, case_id=case_id)


def visit_cookie(secret: bytes, principal: Principal, at: datetime) -> str:
    """Return what the browser keeps of a visit: the case, sealed."""
    return seal(secret, VISIT, f"{principal.kind.value}:{principal.case_id}:{secrets.token_hex(8)}", at)


def principal_of_visit(store: Store, cookie: str, at: datetime) -> Principal:
    """Return whom the cookie of a visit lets in. Raises ``Refused('portal_visit_ended')``."""
    try:
        text = unseal(store.secret, VISIT, cookie[:1000], at, VISIT_LASTS)
    except Refused:
        raise Refused("portal_visit_ended") from None
    form = VISITED.fullmatch(text)
    if form is None:
        raise Refused("portal_visit_ended")
    return outsider(store, at, PrincipalKind(form[1]), int(form[2]))


def count_contact(store: Store, address: str, at: datetime, email: str = "") -> None:
    """Count a contact of a visitor by his address, and by the mail address to which its receipt goes.

    Raises ``RateLimited``.
    """
    limits = [(WRITTEN_BY_ADDRESS, address)]
    count_try(store, [*limits, (WRITTEN_BY_ADDRESS, f"mail {email.lower()}")] if email else limits, at)


def count_move(store: Store, principal: Principal, at: datetime) -> None:
    """Count what somebody does on his case, files included. Raises ``RateLimited``."""
    count_try(store, [(MOVED_BY_CASE, str(principal.case_id))], at)


def _typed(number: str) -> str:
    """Return a number as somebody types it, in the form in which cases have theirs."""
    plain = re.sub(r"\s", "", number[:LONGEST_TYPED]).lower()
    return plain if is_word(plain) else "-"


def _digits(code: str) -> str:
    return re.sub(r"\D", "", code[:LONGEST_TYPED])


def _ticket(store: Store, ticket: str, at: datetime) -> tuple[str, str]:
    try:
        nonce, _, number = unseal(store.secret, TICKET, ticket[:1000], at, CODE_LASTS).partition(":")
    except Refused:
        raise Refused("portal_code_wrong") from None
    return nonce, number


def _row(store: Store, number: str) -> Any:
    with store.looking() as tx:
        return tx.row(FIND, number=number)


def _reachable(row: Any) -> bool:
    """Return whether a case is a customer's, who has an address of his own."""
    return row is not None and not lifecycle_of(row.kind).internal and mail_address(row.email or "").valid


def _code(secret: bytes, nonce: str, case_id: int) -> str:
    return f"{int(keyed(secret, 'portal code', nonce, str(case_id))[:15], 16) % 10**DIGITS:0{DIGITS}}"


def _link_seal(secret: bytes, number: str, until: int, address: str) -> str:
    return keyed(secret, "portal link", number, str(until), address)[:32]


def _receipt_seal(secret: bytes, number: str) -> str:
    return b32encode(bytes.fromhex(keyed(secret, "portal receipt", number))).decode().lower()[:20]
