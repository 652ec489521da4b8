"""The vocabulary of a lifecycle: states, moves, guards, clauses, and the facts that a guard may read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from statemachines.form_model import Form, Nothing
from statemachines.roles import Role

STAY: Final = None
"""The destination of a move that leaves the case where it is."""

NOTHING_KNOWN: Final[Mapping[str, Any]] = MappingProxyType({})


class Milestone(StrEnum):
    """The spine that all kinds of cases share, so that every board has the same columns."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    INVESTIGATED = "investigated"
    RESOLVED = "resolved"
    REVISITED = "revisited"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may read of a case and of the person who acts.

    ``variables`` are the case variables: values of fields marked ``VARIABLE``, and counts. ``bounds`` are those of
    the policy pack, None where it leaves one blank. ``actor`` is the handle of the person who acts, empty for the
    system and an import; ``done_by`` says who made the moves from which this one is separate.
    """

    state: str
    previous_state: str = ""
    cycle: int = 1
    level: int = 0
    attempts: int = 0
    max_rounds: int | None = None
    max_attempts: int = 3
    severity: str | None = None
    variables: Mapping[str, Any] = field(default_factory=lambda: NOTHING_KNOWN)
    bounds: Mapping[str, int | None] = field(default_factory=lambda: NOTHING_KNOWN)
    actor: str = ""
    done_by: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING_KNOWN)


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition of a move; its name is the message key of the refusal.

    ``bounds`` name the bounds of the policy pack that it compares with. Where the pack gives one of them no amount,
    the guard does not hold and the move is refused as ``blank_bound``. ``parts`` are the guards that must all hold.
    """

    name: str
    holds: Callable[[Facts, Any], bool]
    bounds: tuple[str, ...] = ()
    parts: "tuple[Guard, ...]" = ()

    def unmet(self, facts: Facts, form: Any) -> "tuple[Guard, ...]":
        """Return the parts that do not hold, or the guard itself where it has none."""
        return tuple(part for part in self.parts if not part.holds(facts, form)) or (self,)


@dataclass(frozen=True, slots=True)
class State:
    """A state of the work.

    ``owner`` is the role that must act next; a final state has none. ``groups`` name the sets of states that the
    rows and clauses of the lifecycle refer to (``state_groups.in_group``), as the states in which timers run.
    """

    name: str
    milestone: Milestone
    owner: Role | None = None
    final: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: what may be done, from which states, by whom, with which form.

    Rows of one name share one form. ``reopens`` begins a new cycle one level higher (B3).

    Separation of duties (F3): ``separate_from`` names moves whose makers may not make this one in the same case;
    ``recused`` names case variables that hold the handle of a person (the accused) who may not make it.

    ``counts`` names a case variable that each such move raises by one; ``clears`` names the variables that hold no
    longer after it, as what was proposed and is declined. ``extends`` gives the SLA timer that the form names more
    time; ``releases_timers`` gives the case's running timers away and ``inherits_timers`` takes them over.
    """

    name: str
    sources: tuple[str, ...]
    dest: str | None
    roles: tuple[Role, ...]
    form: type[Form] = Nothing
    guard: Guard | None = None
    reopens: bool = False
    separate_from: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()
    counts: str | None = None
    clears: tuple[str, ...] = ()
    extends: bool = False
    releases_timers: bool = False
    inherits_timers: bool = False

    def leads(self, source: str, dest: str) -> bool:
        """Return whether the row leads from ``source`` to ``dest``."""
        return source in self.sources and (self.dest or source) == dest


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise with a time limit. Its SLA timer runs in the states ``during`` and is paused in the states ``pauses``.

    ``met_by`` names the moves that meet it; leaving both sets of states otherwise stops it. ``then`` is the move that
    the timer itself makes when it is due (such a clause has no escalation ladder). ``answers`` marks a promise to
    reply, which only a person's words can meet (law 10); ``once`` one of the first cycle only.

    A timer starts when the case enters ``during``, unless ``started_by`` names moves each of which starts one (a
    promise, a node): its occurrences are numbered through the whole case and go on in a new cycle. ``due_field`` is
    the field of those moves' forms that holds an agreed deadline; where it is empty the pack's amount holds.
    ``occurrence_field`` is the field of the meeting move's form that names the occurrence it meets; without it all
    are met. ``as_of_field`` is the field that says as of when the reported data are: stale data meet nothing.
    ``restarts`` ends the earlier occurrence when a new one starts; ``repeats`` starts the next one whenever
    one is met. ``partition_by`` names a column of the case (the department): each new value of it gets its own timer.
    ``internal`` promises nothing to a customer: where the pack leaves its limit blank, no timer is started.
    """

    name: str
    during: tuple[str, ...]
    pauses: tuple[str, ...] = ()
    met_by: tuple[str, ...] = ()
    then: str | None = None
    answers: bool = False
    once: bool = False
    started_by: tuple[str, ...] = ()
    due_field: str = ""
    occurrence_field: str = ""
    as_of_field: str = ""
    restarts: bool = False
    repeats: bool = False
    partition_by: str = ""
    internal: bool = False

    @property
    def lives_in(self) -> tuple[str, ...]:
        """Return the states in which the timer exists, running or paused."""
        return self.during + self.pauses


@dataclass(frozen=True, slots=True)
class Retired:
    """A name that was removed, and the name that took its place.

    Exactly one of ``state``, ``move``, ``clause``, ``field`` and ``variable`` is given. ``field`` is written
    ``Form.field``, after the class of the form; ``to`` is then the new field of the same form. A state needs a
    successor. Any other name may be retired to nothing: the open timers of such a clause are closed, such a variable
    is dropped from the case, and such a move or field stays as it was recorded.
    """

    state: str = ""
    to: str | None = None
    move: str = ""
    clause: str = ""
    field: str = ""
    variable: str = ""

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Return what is retired, as pairs of sort and name; a lawful entry has one pair."""
        pairs = ((sort, getattr(self, sort)) for sort in RETIRABLE)
        return tuple((sort, name) for sort, name in pairs if name)


RETIRABLE: Final = ("state", "move", "clause", "field", "variable")
"""The sorts of names that can be retired."""
