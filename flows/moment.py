"""A moment as a reaction sees it: what happened, and what may be done about it under the delivery's key."""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from sqlmodel import select

from engine.deliveries import Leased
from engine.moving import Answer, Command, advance
from engine.store import Store
from flows.work import Work, off_loop
from models import Case, Party, Statement
from models.columns import from_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

VIA = "flow"
HISTORIC = timedelta(hours=1)
"""What is recorded this long after it happened is history: customers and bosses are not told one by one."""


@dataclass(frozen=True)
class Moment:
    """One delivery in the hands of its reaction."""

    work: Work
    leased: Leased

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
        return await off_loop(_case, self.work.store, self.leased.happened.case_id)

    async def party(self) -> Party | None:
        """The customer."""
        return await off_loop(_party, self.work.store, self.leased.happened.case_id)

    async def words(self, *fields: str) -> str:
        """What was said in these fields of the move, joined by blanks."""
        happened = self.leased.happened
        return await off_loop(_words, self.work.store, happened.case_id, happened.seq, fields)

    async def advance(self, move: str, **form: Any) -> Answer:
        """Make a move as the system, under the delivery's key. Raises ``Refused``."""
        command = Command(self.number, move, form, via=VIA, key=f"{self.key}:{move}")
        return await off_loop(advance, self.work.store, command, await self.work.now())


def _case(store: Store, case_id: int) -> Case:
    with store.reading() as session:
        return session.exec(select(Case).where(Case.id == case_id)).one()


def _party(store: Store, case_id: int) -> Party | None:
    with store.reading() as session:
        joined = select(Party).join(Case).where(Case.id == case_id)
        return session.exec(joined).first()


def _words(store: Store, case_id: int, seq: int, fields: tuple[str, ...]) -> str:
    with store.reading() as session:
        found = session.exec(select(Statement).where(Statement.case_id == case_id, Statement.seq == seq)).all()
        by_field = {statement.field: statement.content or "" for statement in found}
    return " ".join(by_field[name] for name in fields if name in by_field)
