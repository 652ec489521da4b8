"""What a reaction gets: the event, the case, and actions that are keyed by the delivery."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

from sqlmodel import select

from engine.commands.command import Answer, Command
from engine.commands.links import Relative, children, parents
from engine.commands.open_case import Opening, open_case
from engine.outbox.case_event import CaseEvent
from engine.outbox.deliveries import Leased
from engine.store import Store
from flows.batch_context import BatchContext
from flows.work import Work, off_loop
from models import Case, Party, Statement
from models.columns import from_micros
from models.contact import Channel, Contact
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

T = TypeVar("T")

VIA = "flow"
HISTORIC = timedelta(hours=1)
"""An event recorded later than this after it happened is history: customers and managers get no mail about it."""
OPENING_SEQ: Final = 1
"""The ``seq`` of the first transition of every case."""


@dataclass(frozen=True)
class ReactionContext:
    """One leased delivery, as its reaction uses it."""

    work: Work
    leased: Leased
    shared: BatchContext | None = None
    """The batch of the delivery; without one the delivery is a batch by itself."""

    @cached_property
    def batch(self) -> BatchContext:
        """The loaders that group this reaction's reads and moves with others'."""
        return self.shared or BatchContext(self.work)

    @property
    def key(self) -> str:
        """The key of the delivery's effects (law 3)."""
        return self.leased.key

    @property
    def event(self) -> CaseEvent:
        """The transition that the reaction answers."""
        return self.leased.event

    @property
    def number(self) -> str:
        """The case's number."""
        return self.event.number

    @property
    def table(self) -> Lifecycle:
        """The case's lifecycle."""
        return lifecycle_of(self.event.kind)

    @cached_property
    def form(self) -> dict[str, Any]:
        """The move's form as recorded; personal values are digests."""
        return json.loads(self.event.form)

    @property
    def historic(self) -> bool:
        """Whether the event was recorded long after it happened, as an import does.

        After a clock was ahead, records bear instants to come: then the instant of the lease counts.
        """
        recorded_at = min(self.event.recorded_at, self.leased.at)
        return from_micros(recorded_at) - from_micros(self.event.occurred_at) > HISTORIC

    async def case(self) -> Case:
        """Return the case as it is now."""
        return await self.batch.cases.get(self.event.case_id)

    async def party(self) -> Party | None:
        """Return the customer."""
        return await self.batch.parties.get(self.event.case_id)

    async def statement(self, *fields: str) -> str:
        """Return what these personal fields of the move say, joined by blanks; erased fields are empty."""
        recorded = await self.batch.statements.get((self.event.case_id, self.event.seq))
        by_field = self.table.resolved_form(self.event.move, recorded)
        return " ".join(by_field[name] for name in fields if name in by_field)

    async def opening_statements(self) -> dict[str, str]:
        """Return the personal fields of the opening (subject, text, demand, shipment), without those erased."""
        return await off_loop(_opening_statements, self.work.store, self.event.case_id)

    async def once(self, query: Callable[[Store], T]) -> T:
        """Return the result of a query that runs once for the whole batch."""
        return await self.batch.once(query)

    async def advance(self, move: str, **form: Any) -> Answer:
        """Make a move as the system, under the delivery's key. Raises ``Refused``."""
        return await self.advance_other(self.number, move, **form)

    async def propose(self, move: str, **form: Any) -> Answer | None:
        """Make a move as the system, unless a person has decided what it decides since the event; then None (B10).

        Raises ``Refused`` for any other reason.
        """
        command = Command(self.number, move, form, via=VIA, key=f"{self.key}:{move}", since=self.event.seq)
        try:
            return await self.batch.moves.get(command)
        except Refused as refused:
            if refused.code == "superseded":
                return None
            raise

    async def advance_other(self, number: str, move: str, *, key: str | None = None, **form: Any) -> Answer:
        """Make a move of another case as the system, under this delivery's key or a given one. Raises ``Refused``."""
        suffix = "" if number == self.number else f":{number}"
        command = Command(number, move, form, via=VIA, key=f"{key or self.key}:{move}{suffix}")
        return await self.batch.moves.get(command)

    async def open(self, kind: str, relation: str, text: str, *, key: str | None = None, **fields: Any) -> Answer:
        """Open a case as a child of this one; delivered again, it opens none.

        The customer and the policy pack are this case's own; ``fields`` are further fields of the contact. What several
        events may open, but only once, has a ``key`` and fields that are the same for all of them.
        """
        key = key or self.key
        case, party, now = await self.case(), await self.party(), await self.work.now()
        names = {"customer": "name", "phone": "phone", "email": "email", "language": "locale"}
        who = {field: getattr(party, name) for field, name in names.items()} if party is not None else {}
        contact = Contact.model_validate(
            {"row_id": key, "at": now, "text": text, "channel": Channel.API, **who, **fields}
        )
        opening = Opening(
            contact, kind, case.pack, via=VIA, key=f"{key}:{relation}", parent=self.number, relation=relation
        )
        return await off_loop(open_case, self.work.store, opening, now)

    async def parents(self) -> list[Relative]:
        """Return the cases that this one is a child of."""
        return await off_loop(_parents, self.work.store, self.event.case_id)

    async def children(self) -> list[Relative]:
        """Return the cases that came of this one."""
        return await off_loop(_children, self.work.store, self.event.case_id)


def _children(store: Store, case_id: int) -> list[Relative]:
    with store.looking() as tx:
        return children(tx, case_id)


def _parents(store: Store, case_id: int) -> list[Relative]:
    with store.looking() as tx:
        return parents(tx, case_id)


def _opening_statements(store: Store, case_id: int) -> dict[str, str]:
    with store.reading() as session:
        opening = select(Statement).where(Statement.case_id == case_id, Statement.seq == OPENING_SEQ)
        return {statement.field: statement.content for statement in session.exec(opening).all() if statement.content}
