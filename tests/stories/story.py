"""Runs a case step by step in a simulated store, for tests that read as a story: who does what, when, what follows."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.simulation import run_until
from engine.access.principal import Principal, PrincipalKind
from engine.access.scope import cases_in_scope, find_case
from engine.actors import known_actor
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from models.columns import from_micros
from models.contact import Contact
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused
from tests.case_actions import case_of, moves_of, query_rows, refusal
from tests.editions import in_force
from tests.one_thread import run_in_one_thread

CUSTOMER = "customer@example.com"
"""The address of a customer of whom the story does not say another."""


@dataclass
class Story:
    """One case (and those that it opens) in a simulated store; each move is followed by the reactions to it."""

    work: Work
    number: str = ""

    @property
    def store(self) -> Store:
        return self.work.store

    @property
    def now(self) -> datetime:
        return self.store.now()

    def promises(self, **limits: dict[str, Any]) -> None:
        """Set limits that the pack leaves blank, before a case opens: ``solution={"amount": 24, "unit": "hours"}``.

        ``unit`` is hours, business_hours, days or business_days; ``calendar`` is cn-hotline by default.
        """
        in_force(self.store, limits, self.now)

    def opens(
        self, kind: str, text: str = "Something happened.", by: str = "amy", pack: str = "logistics", **fields: Any
    ) -> "Story":
        """Open a case and continue with it. ``fields`` are further fields of the contact.

        The customer has an address, so that what he is told is sent, unless the story says otherwise (``email=None``).
        """
        fields = {"email": CUSTOMER} | fields if not lifecycle_of(kind).internal else fields
        contact = Contact.model_validate({"row_id": "-", "at": self.now, "text": text, **fields})
        self.number = open_case(self.store, Opening(contact, kind, pack, actor=by), self.now).number
        self.settle()
        return self

    def then(self, by: str, move: str, **form: Any) -> "Story":
        """Make a move and run the reactions to it."""
        advance(self.store, Command(self.number, move, form, actor=by), self.now)
        self.settle()
        return self

    def refused(self, by: str, move: str, **form: Any) -> Refused:
        """Try a move that must be refused and change nothing; return the refusal."""
        before = self.version
        refused = refusal(lambda: advance(self.store, Command(self.number, move, form, actor=by), self.now))
        assert self.version == before
        return refused

    def after(self, **span: float) -> "Story":
        """Let time pass (``hours=2``) and do all that falls due in it: timers, callbacks, nights, reports."""
        run_in_one_thread(run_until(self.work, self.now + timedelta(**span)))
        return self

    def until(self, instant: str) -> "Story":
        """Let time pass until an instant like ``2026-03-09T09:00+08:00``."""
        run_in_one_thread(run_until(self.work, datetime.fromisoformat(instant)))
        return self

    def on(self, number: str) -> "Story":
        """Continue with another case."""
        self.number = number
        return self

    def child(self, kind: str, nth: int = 0) -> str:
        """Return the number of a case of that kind that this one opened."""
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
        """Return the case variables as JSON text."""
        return case_of(self.store, self.number)["variables"]

    @property
    def moves(self) -> list[str]:
        return moves_of(self.store, self.number)

    def timers(self, clause: str) -> list[dict[str, Any]]:
        """Return the timers of a clause, in the order in which they started."""
        sql = "SELECT k.* FROM timer k JOIN cases c ON c.id = k.case_id WHERE number = :n AND clause = :c ORDER BY k.id"
        return query_rows(self.store, sql, n=self.number, c=clause)

    def outcome(self, clause: str) -> str | None:
        """Return how the last timer of a clause ended; None while it is open, ``missing`` if there was none."""
        timers = self.timers(clause)
        return timers[-1]["outcome"] if timers else "missing"

    def fires(self, clause: str) -> datetime | None:
        """Return when the last timer of a clause fires next."""
        at = self.timers(clause)[-1]["fires_at"]
        return None if at is None else from_micros(at)

    def steps(self, clause: str) -> list[int]:
        """Return the escalation steps of a clause that fired, in percent."""
        case_id = case_of(self.store, self.number)["id"]
        sql = "SELECT percent FROM escalation_step WHERE case_id = :id AND clause = :clause ORDER BY seq"
        return [row["percent"] for row in query_rows(self.store, sql, id=case_id, clause=clause)]

    def reads(self, handle: str) -> bool:
        """Return whether a person may read the case."""
        with self.store.looking() as tx:
            scope = cases_in_scope(Principal(known_actor(tx, handle), PrincipalKind.PERSON, "api"), self.now)
            with contextlib.suppress(Refused):
                return find_case(tx, self.number, scope).number == self.number
            return False

    def mails(self, to: str) -> list[str]:
        """Return the subjects of the mails to an address (amy@example.com), oldest first."""
        assert isinstance(self.work.mailer, FakeMailer)
        return [mail.subject for mail in self.work.mailer.sent if mail.to == to]

    def assert_consistent(self) -> None:
        """Check that chains, histories, timers and rows agree, and that no delivery failed."""
        assert verify(self.store).faults == ()
        assert (
            query_rows(self.store, "SELECT reaction, error FROM delivery WHERE status = 'dead' OR error IS NOT NULL")
            == []
        )

    def settle(self) -> None:
        """Do all that is due now: reactions, timers, callbacks."""
        run_in_one_thread(drain(self.work))
