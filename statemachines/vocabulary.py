"""The vocabulary of a lifecycle: states, moves, guards, clauses, and the facts that a guard may read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from statemachines.form_model import Form, Nothing
from statemachines.roles import Role

STAY: Final = None
"""The destination of a move that leaves the case where it is."""

TRANSFERS: Final = "transfers"
"""The case variable that counts how often a case went from one department to another (B10)."""

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
class Windows:
    """What the policy pack says of rounds, attempts and ends; None where it sets no bound, or opens no window.

    ``rectifications`` bounds the rounds of rectification (C2), ``apart`` is the least time between two attempts (D1).
    A closed case is reopened within ``reopen`` by its customer, and its end undone within ``undo`` by a manager.
    """

    rectifications: int | None = None
    apart: timedelta = timedelta()
    reopen: timedelta | None = None
    undo: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may read of a case and of the person who acts.

    ``variables`` are the case variables: values of fields marked ``VARIABLE``, and counts. ``bounds`` are those of
    the policy pack, None where it leaves one blank, and ``has_limit`` says whether it sets the limit of a clause.
    ``actor`` is the handle of the person who acts, empty for the system and an import, and ``actor_department`` the
    department he belongs to; ``done_by`` says who made the moves from which this one is separate. ``at`` is the instant
    of the move, ``idle`` the time since the case's last change, ``running`` the clauses of its open SLA timers.
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
    has_limit: Callable[[str], bool] = field(default=lambda clause: True, compare=False)
    actor: str = ""
    actor_department: str | None = None
    done_by: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING_KNOWN)
    at: datetime | None = None
    idle: timedelta | None = None
    windows: Windows = Windows()
    running: frozenset[str] = frozenset()


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

    ``owner`` is the role that must act next, which is notified when a case comes into the state; a final state has
    none. ``person`` names the case variable that holds the handle of the one who must act; without it, or where it is
    empty, the owner of the case is asked if he holds the role, else the role in his department. ``groups`` name the
    sets of states that the rows and clauses of the lifecycle refer to (``state_groups.in_group``), as the states in
    which timers run. ``unwatched`` is the reason why no clause runs in an open state; ``laws`` refuses an open state
    without either.
    """

    name: str
    milestone: Milestone
    owner: Role | None = None
    final: bool = False
    groups: tuple[str, ...] = ()
    person: str = ""
    unwatched: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """What a move says to the customer: the fields of its form that hold the words, and the template of its mail.

    ``or_nobody`` allows the move where nobody can be told: a report without a name is dismissed as well.
    ``customer_of`` is the field that may name another case, whose customer is then the one who is told. ``words_of``
    names an earlier move and a field of its form: its words are said where this form has none.
    """

    fields: tuple[str, ...]
    template: str = "customer_message"
    or_nobody: bool = False
    customer_of: str = ""
    words_of: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: what may be done, from which states, by whom, with which form.

    Rows of one name share one form. ``reopens`` begins a new cycle, one level above the
    level that the case has; the top level stays the top level (B3).

    Separation of duties (F3): ``separate_from`` names moves whose makers may not make this one in the same case;
    ``recused`` names case variables that hold the handle of a person (the accused) who may not make it.
    ``impartial_to`` names the case variable that holds the number of another case: whoever made a move of that case is
    refused, as the person whom the form names or, where it names none, as the actor.

    ``counts`` names a case variable that each such move raises by one, ``stamps`` one that holds the move's instant;
    ``collects`` a field of the form and the case variable to whose values, separated by blanks, the field's is added;
    ``clears`` names the variables that hold no longer after it, as what was proposed and is declined. ``extends`` gives
    the SLA timer that the form names more time; ``releases_timers`` gives the case's running timers away and
    ``inherits_timers`` takes them over. ``restores_timers`` lets the promises to the customer go on that the end had
    stopped which the move undoes. ``stops`` names clauses whose timers end with the move, neither met nor broken.

    ``speaks`` says that the move speaks to the customer: its form is a ``ToCustomer``, what it says is sent to him, and
    it may meet a promise to him. ``reopens_promises`` opens the promises again that the message it names had met;
    ``meets_promises`` meets those again.
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
    impartial_to: str = ""
    counts: str | None = None
    stamps: str | None = None
    collects: tuple[str, str] | None = None
    clears: tuple[str, ...] = ()
    extends: bool = False
    releases_timers: bool = False
    inherits_timers: bool = False
    restores_timers: bool = False
    stops: tuple[str, ...] = ()
    speaks: Speech | None = None
    reopens_promises: bool = False
    meets_promises: bool = False

    def leads(self, source: str, dest: str) -> bool:
        """Return whether the row leads from ``source`` to ``dest``."""
        return source in self.sources and (self.dest or source) == dest


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise with a time limit. Its SLA timer runs in the states ``during`` and is paused in the states ``pauses``.

    ``met_by`` names the moves that meet it; leaving both sets of states otherwise stops it. ``then`` is the move that
    the timer itself makes when it is due (such a clause has no escalation ladder). ``answers`` marks a promise to tell
    the customer something, which only words that reach him can meet (law 10); ``once`` one of the first cycle only.

    A timer starts when the case enters ``during``, unless ``started_by`` names moves each of which starts one (a
    promise, a node): its occurrences are numbered through the whole case and go on in a new cycle. ``due_field`` is
    the field of those moves' forms that holds an agreed deadline; where it is empty the pack's amount holds.
    ``occurrence_field`` is the field of the meeting move's form that names the occurrence it meets; without it all
    are met. ``as_of_field`` is the field that says as of when the reported data are: stale data meet nothing.
    ``restarts`` ends the earlier occurrence when a new one starts; ``repeats`` starts the next one whenever
    one is met. ``partition_by`` names a column of the case (the department): each new value of it gets its own timer.
    ``triggers`` pairs the triggers that a pack may name (``callbacks.trigger``) with moves: the move of the pack's
    trigger starts the timer, and the last move does if none is open by then. ``waits_for`` names clauses: while a timer
    of one of them is open, this clause has none. ``renewed_by`` names moves that start another timer where none is
    open. ``internal`` promises nothing to a customer.
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
    renewed_by: tuple[str, ...] = ()
    internal: bool = False
    triggers: tuple[tuple[str, str], ...] = ()
    waits_for: tuple[str, ...] = ()

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
