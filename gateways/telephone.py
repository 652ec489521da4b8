"""Call customers back by telephone: the protocol, the list for agents, and a fake that answers by a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """A customer to be called: the attempt of which delivery, and the row of the source that the case came from."""

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
    """A person makes the call and will record its result."""


Outcome = Reached | Missed | Handed


class Telephone(Protocol):
    def call(self, call: Call) -> Outcome:
        """Make the call, or hand it to a person. Raises if neither is possible now."""
        ...


class CallList:
    """Puts the callback on the agents' list; an agent records the outcome."""

    def call(self, call: Call) -> Outcome:
        return Handed()


@dataclass
class FakeTelephone:
    """Answers by its script, keyed by row and attempt; without an entry, nobody answers."""

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
