"""Moves many cases in one transaction: loaded together, planned one by one as ``advance`` plans, written together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.commands.advance import answer_of, attempt_of, load_and_plan
from engine.commands.case_context import Loaded
from engine.commands.command import Answer, Command, check_command
from engine.commands.load import load_many
from engine.commands.load_form import names_a_case
from engine.commands.plan import Plan
from engine.commands.refused_attempts import keep_attempts
from engine.commands.write import write
from engine.contention import in_transaction
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused


def advance_many(store: Store, commands: Sequence[Command], at: datetime) -> list[Answer | Refused]:
    """Move many cases in one transaction; a refused one is refused alone (law 1), and kept as ``advance`` keeps it.

    Raises ``Refused`` where the database can do none of them.
    """
    refused: dict[int, Refused] = {}
    for place, command in enumerate(commands):
        try:
            check_command(command)
        except Refused as reason:
            refused[place] = reason
    if refused:
        sound = [command for place, command in enumerate(commands) if place not in refused]
        moved = iter(advance_many(store, sound, at))
        return [refused[place] if place in refused else next(moved) for place in range(len(commands))]
    answers = in_transaction(store, lambda tx: Group(tx, store.secret, at).advance(commands))
    tried = zip(commands, answers, strict=True)
    keep_attempts(store, [attempt_of(command, answer) for command, answer in tried if isinstance(answer, Refused)], at)
    return answers


@dataclass(slots=True)
class Group:
    """Commands in one transaction, and the plans that are not written yet."""

    tx: Tx
    secret: bytes
    at: datetime
    plans: list[Plan] = field(default_factory=list[Plan])
    touched: set[str] = field(default_factory=set[str])
    """The cases and keys that commands of the group have used: what was loaded of them may have changed."""

    def advance(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """Answer the commands in their order, and write what they planned."""
        loaded = load_many(self.tx, [command.wanted for command in commands], to_micros(self.at))
        answers = [self._answer(command, case) for command, case in zip(commands, loaded, strict=True)]
        self._write()
        return answers

    def _answer(self, command: Command, loaded: Loaded) -> Answer | Refused:
        """Plan one command. What an earlier one of the group may have changed is written and loaded again."""
        again = bool({command.number, command.key} & self.touched)
        if again:
            self._write()
        self.touched |= {command.number, command.key} if command.key else {command.number}
        try:
            return self._planned(command, None if again else loaded)
        except Refused as refused:
            return refused

    def _planned(self, command: Command, loaded: Loaded | None) -> Answer:
        case = loaded.case if loaded is not None else None
        if case is not None and names_a_case(lifecycle_of(case.kind), command.move):
            self._write()
        result = load_and_plan(self.tx, self.secret, command, self.at, loaded)
        if isinstance(result, Answer):
            return result
        self.plans.append(result)
        return answer_of(result)

    def _write(self) -> None:
        """Write what is planned."""
        write(self.tx, self.plans)
        self.plans = []
