"""A moment as a reaction sees it: what happened, and what may be done about it under the delivery's key."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from engine.commands.advance import Answer, Command
from engine.commands.links import Relative, parents
from engine.commands.open_case import Opening, open_case
from engine.outbox.deliveries import Leased
from engine.store import Store
from flows.batch_context import BatchContext
from flows.work import Work, off_loop
from models import Case, Party
from models.columns import from_micros
from models.contact import Channel, Contact
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

T = TypeVar("T")

VIA = "flow"
HISTORIC = timedelta(hours=1)
"""What is recorded this long after it happened is history: customers and bosses are not told one by one."""


@dataclass(frozen=True)
class ReactionContext:
    """One delivery in the hands of its reaction."""

    work: Work
    leased: Leased
    shared: BatchContext | None = None
    """The batch in which it is delivered; without one it asks and moves by itself."""

    @cached_property
    def company(self) -> BatchContext:
        """Where it asks, and puts its moves, together with others."""
        return self.shared or BatchContext(self.work)

    @property
    def key(self) -> str:
        """The key of the delivery's effects (law 3)."""
        return self.leased.key

    @property
    def number(self) -> str:
        """The case's number."""
        return self.leased.happened.number

    @property
    def table(self) -> Lifecycle:
        """The case's lifecycle."""
        return lifecycle_of(self.leased.happened.kind)

    @cached_property
    def form(self) -> dict[str, Any]:
        """The move's form as recorded; personal values are digests."""
        return json.loads(self.leased.happened.form)

    @property
    def historic(self) -> bool:
        """Whether this was recorded long after it happened, as an import does."""
        happened = self.leased.happened
        return from_micros(happened.recorded_at) - from_micros(happened.occurred_at) > HISTORIC

    async def case(self) -> Case:
        """The case as it stands now."""
        return await self.company.cases.ask(self.leased.happened.case_id)

    async def party(self) -> Party | None:
        """The customer."""
        return await self.company.parties.ask(self.leased.happened.case_id)

    async def words(self, *fields: str) -> str:
        """What was said in these fields of the move, joined by blanks."""
        happened = self.leased.happened
        recorded = await self.company.words.ask((happened.case_id, happened.seq))
        said = self.table.resolved_form(happened.move, recorded)
        return " ".join(said[name] for name in fields if name in said)

    async def once(self, ask: Callable[[Store], T]) -> T:
        """What a look at the store says; it may have been taken for another reaction of this batch."""
        return await self.company.once(ask)

    async def advance(self, move: str, **form: Any) -> Answer:
        """Make a move as the system, under the delivery's key. Raises ``Refused``."""
        return await self.advance_other(self.number, move, **form)

    async def advance_other(self, number: str, move: str, **form: Any) -> Answer:
        """Make a move of another case as the system, under this delivery's key. Raises ``Refused``."""
        own = "" if number == self.number else f":{number}"
        command = Command(number, move, form, via=VIA, key=f"{self.key}:{move}{own}")
        return await self.company.moves.ask(command)

    async def open(self, kind: str, relation: str, text: str, **told: Any) -> Answer:
        """Open a case that comes of this one, once however often this is delivered.

        The customer and the policy pack are this case's own; ``told`` are further fields of the contact.
        """
        case, party, now = await self.case(), await self.party(), await self.work.now()
        who = {"customer": party.name, "phone": party.phone, "email": party.email} if party is not None else {}
        contact = Contact.model_validate(
            {"row_id": self.key, "at": now, "text": text, "channel": Channel.API, **who, **told}
        )
        opening = Opening(
            contact, kind, case.pack, via=VIA, key=f"{self.key}:{relation}", parent=self.number, relation=relation
        )
        return await off_loop(open_case, self.work.store, opening, now)

    async def parents(self) -> list[Relative]:
        """The cases that this one came of."""
        return await off_loop(_parents, self.work.store, self.leased.happened.case_id)


def _parents(store: Store, case_id: int) -> list[Relative]:
    with store.looking() as tx:
        return parents(tx, case_id)
