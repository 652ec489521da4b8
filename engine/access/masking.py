"""Decides what of a customer's personal data a principal sees, and masks the rest (H1).

Contact details are names, telephone numbers and addresses; texts are the statements of forms. Whoever works on a case
sees both. Whoever reviews it sees texts without the numbers and addresses in them, until he unmasks them with a reason,
which the reading log keeps.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.access.reading_log import log_reading
from engine.access.scope import UNLIMITED, case_for, contacts_in_scope, meets
from engine.entry_checks import check_text
from engine.transaction import Tx
from statemachines.refused import Refused
from statemachines.roles import Role


class PersonalData(StrEnum):
    """What of a customer can be masked; the reading log names it by these codes."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    TEXTS = "texts"


UNMASKING: Final = frozenset({
    Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.AUDITOR, Role.INVESTIGATION_TEAM, Role.APPEAL_PANEL, Role.HR,
})  # fmt: skip
"""The roles that may unmask, with a reason."""
MASK: Final = "***"
CONTACT_FIELDS: Final = frozenset({"recipient", "address_as_written"})
"""The statements that hold whom or what somebody was reached at, and nothing else."""
ADDRESS = re.compile(r"[^\s@<>,;，；、。:：()（）]+@[^\s@<>,;，；、。()（）]+")
NUMBER = re.compile(r"\+?\d(?:[\s\-().]{0,2}\d){6,}")
"""Seven digits or more, as telephone numbers are written; dates and sums are shorter or written otherwise."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What of the personal data of one case a principal sees; each method returns a value as he sees it.

    ``clear`` is shown as it is. ``redacted`` says whether texts that are not clear are shown without the numbers and
    addresses in them; otherwise they are masked whole.
    """

    clear: frozenset[PersonalData]
    redacted: bool = False

    def name(self, value: str | None) -> str | None:
        """Return a name: masked, its first character and two asterisks."""
        return value if PersonalData.NAME in self.clear or not value else f"{value[0]}**"

    def phone(self, value: str | None) -> str | None:
        """Return a telephone number: masked, its last four digits."""
        return value if PersonalData.PHONE in self.clear or not value else masked_number(value)

    def email(self, value: str | None) -> str | None:
        """Return a mail address: masked, its first character and its domain."""
        return value if PersonalData.EMAIL in self.clear or not value else masked_address(value)

    def text(self, field: str, value: str | None) -> str | None:
        """Return a statement, whose field it is."""
        if PersonalData.TEXTS in self.clear or not value:
            return value
        return redacted(value) if self.redacted and field not in CONTACT_FIELDS else MASK


EVERYTHING = Disclosure(frozenset(PersonalData))


def disclosure(tx: Tx, principal: Principal, case_id: int, at: datetime | None = None) -> Disclosure:
    """Return what a principal sees of the personal data of a case that he may read."""
    if principal.kind in UNLIMITED or meets(tx, case_id, contacts_in_scope(principal, at)):
        return EVERYTHING
    return masked_for(principal)


def masked_for(principal: Principal) -> Disclosure:
    """Return what a principal sees of the cases that he may read, but on which he does not work.

    A token without the scope for it sees no text at all.
    """
    return Disclosure(frozenset(), redacted=principal.holds(Scope.READ_CONTACTS))


def unmask(
    tx: Tx, principal: Principal, number: str, fields: Iterable[PersonalData], reason: str, at: datetime
) -> Disclosure:
    """Return what a principal sees of a case after he unmasked some fields for a reason; the reading log keeps both.

    Raises ``Refused('unknown_case' | 'may_not_unmask' | 'no_reason' | 'bad_text')``.
    """
    case = case_for(tx, principal, number, at)
    seen = disclosure(tx, principal, case.id, at)
    wanted = frozenset(fields)
    if not wanted <= seen.clear and not _may_unmask(principal):
        raise Refused("may_not_unmask", wanted=sorted(role.value for role in UNMASKING))
    if not reason.strip():
        raise Refused("no_reason")
    check_text("reason", reason)
    log_reading(tx, principal, [case.id], wanted, at, reason)
    return replace(seen, clear=seen.clear | wanted)


def _may_unmask(principal: Principal) -> bool:
    person = principal.kind in {PrincipalKind.PERSON, PrincipalKind.TOKEN}
    return person and principal.holds(Scope.READ_CONTACTS) and bool(principal.actor.roles & UNMASKING)


def masked_number(value: str) -> str:
    """Return a number without all but its last four digits; a short one without any."""
    digits = re.sub(r"\D", "", value)
    return f"{MASK}{digits[-4:]}" if len(digits) > 7 else MASK


def masked_address(value: str) -> str:
    """Return a mail address without all but the first character of its mailbox."""
    mailbox, at, domain = value.rpartition("@")
    return f"{mailbox[:1]}{MASK}@{domain}" if at else MASK


def redacted(text: str) -> str:
    """Return a text with the telephone numbers and mail addresses in it masked."""
    return NUMBER.sub(MASK, ADDRESS.sub(MASK, text))
