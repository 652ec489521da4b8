"""The words in which a story is told: who does what, when, and how the case stands afterwards."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.simulation import run_until
from engine.audit.verify import verify
from engine.commands.advance import Command, advance
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from models.columns import from_micros
from models.contact import Contact
from statemachines.lifecycle import Refused
from tests.case_actions import case_of, history_of, moves_of, query_rows, refusal
from tests.editions import in_force


@dataclass
class Story:
    """One case (and those that come of it) in a simulated store; every act is followed by what it brings about."""

    work: Work
    number: str = ""

    @property
    def store(self) -> Store:
        return self.work.store

    @property
    def now(self) -> datetime:
        return self.store.now()

    def promises(self, **limits: dict[str, Any]) -> None:
        """The carrier fills in blanks: ``solution={"amount": 24, "unit": "hours"}``. Told before the case opens.

        ``unit`` is hours, business_hours, days or business_days; ``calendar`` is cn-hotline unless said.
        """
        in_force(self.store, limits, self.now)

    def opens(self, kind: str, text: str = "Something happened.", by: str = "amy", **said: Any) -> "Story":
        """A case is opened; the story goes on with it. ``said`` are further fields of the contact."""
        contact = Contact.model_validate({"row_id": "-", "at": self.now, "text": text, **said})
        self.number = open_case(self.store, Opening(contact, kind, actor=by), self.now).number
        self._settle()
        return self

    def then(self, by: str, move: str, **form: Any) -> "Story":
        """Somebody makes a move, and whatever follows of itself follows."""
        advance(self.store, Command(self.number, move, form, actor=by), self.now)
        self._settle()
        return self

    def refused(self, by: str, move: str, **form: Any) -> Refused:
        """Somebody tries a move and is refused; nothing changes."""
        before = self.version
        told = refusal(lambda: advance(self.store, Command(self.number, move, form, actor=by), self.now))
        assert self.version == before
        return told

    def after(self, **span: float) -> "Story":
        """Time goes by (``hours=2``), with all that falls due in it: clocks, calls, nights, reports."""
        asyncio.run(run_until(self.work, self.now + timedelta(**span)))
        return self

    def until(self, instant: str) -> "Story":
        """Time goes by until an instant like ``2026-03-09T09:00+08:00``."""
        asyncio.run(run_until(self.work, datetime.fromisoformat(instant)))
        return self

    def on(self, number: str) -> "Story":
        """The story turns to another case."""
        self.number = number
        return self

    def child(self, kind: str, nth: int = 0) -> str:
        """The number of a case of that kind that came of this one."""
        sql = """SELECT c.number FROM link l JOIN cases c ON c.id = l.child_id JOIN cases p ON p.id = l.parent_id
                  WHERE p.number = :number AND c.kind = :kind ORDER BY c.id"""
        return query_rows(self.store, sql, number=self.number, kind=kind)[nth]["number"]

    @property
    def state(self) -> str:
        return case_of(self.store, self.number)["state"]

    @property
    def level(self) -> int:
        return case_of(self.store, self.number)["level"]

    @property
    def version(self) -> int:
        return case_of(self.store, self.number)["version"]

    @property
    def variables(self) -> str:
        """What is known of the case, as JSON text."""
        return case_of(self.store, self.number)["variables"]

    @property
    def moves(self) -> list[str]:
        return moves_of(self.store, self.number)

    def clocks(self, clause: str) -> list[dict[str, Any]]:
        """The clocks of a clause, in the order in which they began."""
        sql = "SELECT k.* FROM timer k JOIN cases c ON c.id = k.case_id WHERE number = :n AND clause = :c ORDER BY k.id"
        return query_rows(self.store, sql, n=self.number, c=clause)

    def outcome(self, clause: str) -> str | None:
        """How the last clock of a clause ended; None while it is open. ``missing`` if there was none."""
        found = self.clocks(clause)
        return found[-1]["outcome"] if found else "missing"

    def fires(self, clause: str) -> datetime | None:
        """When the last clock of a clause fires next."""
        at = self.clocks(clause)[-1]["fires_at"]
        return None if at is None else from_micros(at)

    def rungs(self, clause: str) -> list[int]:
        """The rungs of a clause that fired, in percent."""
        return [row["percent"] for row in self._rungs() if row["clause"] == clause]

    def _rungs(self) -> list[dict[str, Any]]:
        case_id = case_of(self.store, self.number)["id"]
        return query_rows(
            self.store, "SELECT clause, percent FROM escalation_step WHERE case_id = :id ORDER BY seq", id=case_id
        )

    def who_did(self, move: str) -> list[int]:
        return [row["actor_id"] for row in history_of(self.store, self.number) if row["move"] == move]

    def mails(self, to: str) -> list[str]:
        """The subjects of the mails that went to an address (amy@example.com), oldest first."""
        assert isinstance(self.work.mailer, FakeMailer)
        return [mail.subject for mail in self.work.mailer.sent if mail.to == to]

    def is_whole(self) -> None:
        """Chains, histories, clocks and rows agree, and no delivery was given up."""
        assert verify(self.store).faults == ()
        assert (
            query_rows(self.store, "SELECT reaction, error FROM delivery WHERE status = 'dead' OR error IS NOT NULL")
            == []
        )

    def _settle(self) -> None:
        asyncio.run(drain(self.work))
