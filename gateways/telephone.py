"""Callbacks by telephone: the protocol, the list from which people call, and the fake that answers by script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """A customer to be called: for which case and attempt, and which row of the source he was."""

    key: str
    phone: str | None
    attempt: int
    row_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """The customer answered; ``survey`` is the form of the move ``revisit``."""

    survey: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missed:
    """Nobody was reached; ``reason`` is a value of ``Unanswered``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A person makes the call and will record what came of it."""


Outcome = Reached | Missed | Handed


class Telephone(Protocol):
    def call(self, call: Call) -> Outcome:
        """Make the call, or hand it to one who will. Raises if neither can be done now."""
        ...


class CallList:
    """The real thing: the callback stands on the agents' list, and an agent records the outcome."""

    def call(self, call: Call) -> Outcome:
        return Handed()


@dataclass
class FakeTelephone:
    """Answers as its script says, by row and attempt; where the script is silent, nobody answers."""

    script: Mapping[str, Sequence[str | Mapping[str, Any]]] = field(
        default_factory=dict[str, Sequence[str | Mapping[str, Any]]]
    )
    rung: list[Call] = field(default_factory=list[Call])

    def call(self, call: Call) -> Outcome:
        self.rung.append(call)
        answers = self.script.get(call.row_id or "", ())
        if call.attempt > len(answers):
            return Missed("no_answer")
        answer = answers[call.attempt - 1]
        return Missed(answer) if isinstance(answer, str) else Reached(answer)
