"""The events that other systems may subscribe to: the one list. Each transition of a case is one message.

A transition has one or more names, the most specific one first; a message bears the first that its subscription names.
"""

import json
from enum import StrEnum

from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from engine.outbox.case_event import CaseEvent
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Milestone


class EventName(StrEnum):
    """The name of an event."""

    OPENED = "case.opened"
    """A case was opened."""
    BREACHED = "case.breached"
    """A promise was broken: an escalation step from 100 % of its limit on."""
    REMINDED = "case.reminded"
    """An escalation step below 100 % of a limit."""
    ESCALATED = "case.escalated"
    """Somebody above the handler is asked: by a person, by the severity, or by an escalation step."""
    REOPENED = "case.reopened"
    """A new cycle began."""
    CLOSED = "case.closed"
    """The case came into a final state."""
    RESOLVED = "case.resolved"
    """The case came to the milestone ``resolved``."""
    MOVED = "case.moved"
    """Any transition but the opening; the message names the move."""
    PING = "webhook.test"
    """A test by an administrator. Nobody subscribes to it."""


SUBSCRIBABLE = tuple(name for name in EventName if name is not EventName.PING)
"""What a subscription may name."""


def names_of(event: CaseEvent) -> tuple[EventName, ...]:
    """Return the names of an event, the most specific one first."""
    if event.move == OPEN:
        return (EventName.OPENED,)
    table = lifecycle_of(event.kind)
    applies = {
        EventName.BREACHED: event.via == BY_TIMER and event.move == table.breach,
        EventName.REMINDED: event.via == BY_TIMER and event.move == table.remind,
        EventName.ESCALATED: event.move == "escalate" or _asks_above_the_handler(event),
        EventName.REOPENED: _reopens(table, event),
        EventName.CLOSED: _closes(table, event),
        EventName.RESOLVED: _resolves(table, event),
        EventName.MOVED: True,
    }
    return tuple(name for name, holds in applies.items() if holds)


def escalation_step(event: CaseEvent) -> dict[str, object] | None:
    """Return the form of an event that is an escalation step, else None."""
    table = lifecycle_of(event.kind)
    if event.via != BY_TIMER or event.move not in (table.remind, table.breach):
        return None
    return json.loads(event.form)


def _asks_above_the_handler(event: CaseEvent) -> bool:
    step = escalation_step(event)
    return step is not None and step.get("level") not in (0, None)


def _reopens(table: Lifecycle, event: CaseEvent) -> bool:
    return any(row.reopens and row.leads(event.source, event.dest) for row in table.rows.get(event.move, ()))


def _closes(table: Lifecycle, event: CaseEvent) -> bool:
    source, dest = table.state.get(event.source), table.state.get(event.dest)
    return dest is not None and dest.final and (source is None or not source.final)


def _resolves(table: Lifecycle, event: CaseEvent) -> bool:
    before, after = _milestone(table, event.source), _milestone(table, event.dest)
    return after is Milestone.RESOLVED and before is not Milestone.RESOLVED


def _milestone(table: Lifecycle, state: str) -> Milestone | None:
    return table.state[state].milestone if state in table.state else None
