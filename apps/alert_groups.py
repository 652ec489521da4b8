"""Reads which groups the home names, sends a test to one, and checks that they accept their alerts."""

from datetime import datetime, timedelta
from pathlib import Path

from apps.health import Health
from engine.access.principal import Principal, Scope
from engine.settings import Settings
from engine.store import Store
from gateways.groups import FILE, GroupSettings, read_groups
from locales.translation import translate, when
from models.columns import to_micros
from models.mail_marks import OF_GROUP
from statemachines.refused import Refused

PERIOD = timedelta(days=1)
FELL_BACK = """
SELECT recipient, max(answer) AS answer FROM mail
 WHERE outcome <> 'sent' AND outcome = 'fell_back' AND composed_at > :since GROUP BY recipient ORDER BY recipient
"""


def groups_named(home: Path, locale: str) -> tuple[GroupSettings, ...]:
    """Return the groups of a home; none without the file. Raises ``Refused('bad_groups')`` with each fault."""
    if not (home / FILE).exists():
        return ()
    from gateways.mapping_file import BadMapping  # the evidence for encodings: only where there are groups

    try:
        return read_groups(home)
    except BadMapping as error:
        faults = [f"{each.row or 1}: {translate(locale, each.code, **each.params)}" for each in error.problems]
        raise Refused("bad_groups", file=str(home / FILE), problems=faults) from None


def send_test(settings: Settings, store: Store, principal: Principal, group: GroupSettings, at: datetime) -> str:
    """Send a test to a group, for those who keep rosters; returns the provider's answer code.

    Raises ``GroupFailed``, and ``Refused('scope_missing' | 'not_in_charge' | …)`` as ``in_charge``.
    """
    from engine.access.moves import refuse_without  # the rules and asyncio: only where something is sent
    from engine.actors import in_charge
    from engine.duty.record import KEEPERS
    from flows.work import groups_of

    refuse_without(principal, Scope.WRITE_CASES)
    with store.looking() as tx:
        actor = in_charge(tx, principal.actor.handle, KEEPERS, to_micros(at))
    subject = translate(group.locale, "group.test.subject", name=group.name)
    body = translate(group.locale, "group.test.body", handle=actor.handle, at=when(at))
    return groups_of(settings).send(group, subject, body, at)


def group_health(settings: Settings, store: Store, now: datetime) -> list[Health]:
    """Return whether the groups accept their alerts; nothing where the home names none."""
    try:
        groups = groups_named(settings.where, settings.locale)
    except Refused:
        return [Health("groups", False, "faulty")]
    if not groups:
        return []
    with store.looking() as tx:
        failed = {
            row.recipient.removeprefix(OF_GROUP): row.answer
            for row in tx.rows(FELL_BACK, since=to_micros(now - PERIOD))
        }
    named = [group.name for group in groups if group.name in failed]
    if named:
        facts = {"names": ", ".join(named), "answer": ", ".join(str(failed[name]) for name in named)}
        return [Health("groups", False, "fell_back", facts)]
    return [Health("groups", True, "accept", {"names": ", ".join(group.name for group in groups)})]
