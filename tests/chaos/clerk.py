"""A clerk: sends commands one after the other, and enters each answer in the ledger after it arrived."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from engine.commands.advance import advance
from engine.commands.command import Answer, Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.contact import Channel, Contact
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, MANAGER, form_for
from tests.chaos.customers import text
from tests.chaos.ledger import Acknowledged, Ledger
from tests.chaos.shifted_time import TimeOffset

TRANSIENT = frozenset({"busy", "contended", "database_away", "disk_full"})
"""Refusals that do not depend on the command: it is sent again under its key."""
LONGEST_PAUSE = 0.03
SENT_TWICE = 0.1


@dataclass(frozen=True, slots=True)
class PlannedCommand:
    """One command of the plan, determined by the seed: after a kill, a new clerk continues where the ledger ends."""

    case: int
    key: str
    move: str
    form: dict[str, Any]
    twice: bool


def plan(seed: int, name: str) -> Iterator[PlannedCommand]:
    """Yield the commands of one clerk, without end."""
    for case in count(1):
        chance = Random(f"{seed}:{name}:{case}")
        moves = ["open", *(move for move in ("note", "classify", "reply", "note") if chance.random() < 0.7)]
        if chance.random() < 0.6:
            moves += ["investigate", "propose_solution", "resolve"]
        for at, move in enumerate(moves):
            key = f"{name}-{seed}-{case}-{at}"
            yield PlannedCommand(case, key, move, _form(move, key, chance), chance.random() < SENT_TWICE)


def _form(move: str, key: str, chance: Random) -> dict[str, Any]:
    if move == "open":
        return {"text": text(chance, key), "email": f"{key}@example.com" if chance.random() < 0.8 else None}
    personal = {"note": "note", "reply": "message", "investigate": "findings"}
    personal |= {"propose_solution": "solution", "resolve": "result"}
    form = form_for(move)
    return form if move not in personal else form | {personal[move]: f"{form[personal[move]]} [{key}]"}


@dataclass
class Clerk:
    """One clerk, identified by ``name``. When he is killed, another continues under the same keys."""

    store: Store
    ledger: Ledger
    offset: TimeOffset
    seed: int
    name: str

    def work(self) -> None:
        """Send the commands that the ledger does not hold yet; never returns."""
        known = {entry.key: entry for entry in self.ledger.read() if entry.key.startswith(f"{self.name}-")}
        cases = {int(key.split("-")[2]): entry.number for key, entry in known.items() if entry.move == "open"}
        pause = Random(f"{self.seed}:pause:{len(known)}")
        for command in plan(self.seed, self.name):
            if command.key in known:
                continue
            for _ in range(2 if command.twice else 1):
                entry = self._send_until_answered(command, cases.get(command.case, ""))
                self.ledger.write(entry)
                cases.setdefault(command.case, entry.number)
            time.sleep(pause.random() * LONGEST_PAUSE)

    def _send_until_answered(self, command: PlannedCommand, number: str) -> Acknowledged:
        while True:
            try:
                answered, seq = self.send(command, number)
            except Refused as refused:
                if refused.code in TRANSIENT:
                    continue
                return Acknowledged(command.key, command.move, refused=refused.code)
            return Acknowledged(command.key, command.move, answered, seq)

    def send(self, command: PlannedCommand, number: str) -> tuple[str, int]:
        """Send one command; return the case number and the sequence of the answer. Raises ``Refused``."""
        answer = self._advance(command, number)
        return answer.number, answer.seq

    def _advance(self, command: PlannedCommand, number: str) -> Answer:
        now = self.offset.now(self.store)
        if command.move == "open":
            contact = Contact(row_id="-", at=now, channel=Channel.HOTLINE, **command.form)
            return open_case(self.store, Opening(contact, actor=AGENT, key=command.key), now)
        return advance(self.store, Command(number, command.move, command.form, actor=MANAGER, key=command.key), now)
