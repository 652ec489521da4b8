"""The clerk: sends commands one after the other, and enters an answer in the ledger only after it came."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from engine.commands.advance import Answer, Command, advance
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.contact import Channel, Contact
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, MANAGER, form_for
from tests.chaos.customers import text
from tests.chaos.ledger import Acknowledged, Ledger
from tests.chaos.shifted_time import Ahead

PASSING = frozenset({"busy", "contended", "database_away", "disk_full"})
"""Refusals that say nothing of the command: it is sent again under its key."""
LONGEST_PAUSE = 0.03
SENT_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the plan, told by the seed alone: a clerk after a kill goes on where the ledger ends."""

    case: int
    key: str
    move: str
    form: dict[str, Any]
    again: bool


def plan(seed: int, hand: str) -> Iterator[Step]:
    """The commands of one clerk, for ever."""
    for case in count(1):
        chance = Random(f"{seed}:{hand}:{case}")
        moves = ["open", *(move for move in ("note", "classify", "reply", "note") if chance.random() < 0.7)]
        if chance.random() < 0.6:
            moves += ["investigate", "propose_solution", "resolve"]
        for at, move in enumerate(moves):
            key = f"{hand}-{seed}-{case}-{at}"
            yield Step(case, key, move, _form(move, key, chance), chance.random() < SENT_AGAIN)


def _form(move: str, key: str, chance: Random) -> dict[str, Any]:
    if move == "open":
        return {"text": text(chance, key), "email": f"{key}@example.com" if chance.random() < 0.8 else None}
    personal = {"note": "note", "reply": "message", "investigate": "findings"}
    personal |= {"propose_solution": "solution", "resolve": "result"}
    told = form_for(move)
    return told if move not in personal else {personal[move]: f"{told[personal[move]]} [{key}]"}


@dataclass
class Clerk:
    """One clerk at work, ``hand`` his sign. He is killed, and another goes on under the same keys."""

    store: Store
    ledger: Ledger
    ahead: Ahead
    seed: int
    hand: str

    def works(self) -> None:
        """Send what the ledger does not hold yet; never ends."""
        known = {entry.key: entry for entry in self.ledger.read() if entry.key.startswith(f"{self.hand}-")}
        cases = {int(key.split("-")[2]): entry.number for key, entry in known.items() if entry.move == "open"}
        pause = Random(f"{self.seed}:pause:{len(known)}")
        for step in plan(self.seed, self.hand):
            if step.key in known:
                continue
            for _ in range(2 if step.again else 1):
                entry = self._send(step, cases.get(step.case, ""))
                self.ledger.write(entry)
                cases.setdefault(step.case, entry.number)
            time.sleep(pause.random() * LONGEST_PAUSE)

    def _send(self, step: Step, number: str) -> Acknowledged:
        while True:
            try:
                answered, seq = self.ask(step, number)
            except Refused as refused:
                if refused.code in PASSING:
                    continue
                return Acknowledged(step.key, step.move, refused=refused.code)
            return Acknowledged(step.key, step.move, answered, seq)

    def ask(self, step: Step, number: str) -> tuple[str, int]:
        """Send one command; the case and the sequence of the answer. Raises ``Refused``."""
        answer = self._answer(step, number)
        return answer.number, answer.seq

    def _answer(self, step: Step, number: str) -> Answer:
        now = self.ahead.now(self.store)
        if step.move == "open":
            contact = Contact(row_id="-", at=now, channel=Channel.HOTLINE, **step.form)
            return open_case(self.store, Opening(contact, actor=AGENT, key=step.key), now)
        return advance(self.store, Command(number, step.move, step.form, actor=MANAGER, key=step.key), now)
