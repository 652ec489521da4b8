"""The words in which a lifecycle is written: states, moves, guards, promises, and what a guard may know."""

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
    """The spine that every kind of case shares, so that every board has the same columns."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    INVESTIGATED = "investigated"
    RESOLVED = "resolved"
    REVISITED = "revisited"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may know of a case, and of who is about to move it.

    ``variables`` is what forms marked ``VARIABLE`` and moves that count have left; ``bounds`` are the policy
    pack's, None where its owner left one blank. ``actor`` is the handle of the person who acts, empty for the
    system and an import; ``done_by`` says who made the moves that this one must be apart from.
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
    """A named condition of a move; its name is the message key of the refusal."""

    name: str
    holds: Callable[[Facts, Any], bool]


@dataclass(frozen=True, slots=True)
class State:
    """Where the work stands. ``owner`` is the role that is awaited; a final state awaits nobody."""

    name: str
    milestone: Milestone
    owner: Role | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: what may be done, from where, by whom, with which form.

    Rows of one name share one form. ``reopens`` begins a new cycle one level higher (B3).

    Separation of duties (F3): ``separate_from`` names moves whose makers may not make this one in the same case;
    ``recused`` names known facts that hold a handle (the accused, the assessor) who may not make it.

    ``counts`` names a known fact that each such move adds one to. ``extends`` grants the clock that the form
    names more time; ``releases_timers`` gives the case's running clocks away and ``adopts`` takes them over.
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
    extends: bool = False
    releases_timers: bool = False
    inherits_timers: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise. Its clock runs while the case is in ``during`` and rests while it is in ``pauses``.

    ``met_by`` names the moves that keep it; leaving both sets otherwise stops it. ``then`` is the
    move the clock itself makes when it falls due (such a clause has no ladder). ``answers`` marks a
    promise to reply, which only a person's words can keep (law 10); ``once`` one of the first cycle only.

    A clock starts when the case comes into ``during``, unless ``started_by`` names the moves that start one
    each (a promise, a node): its turns are counted through the whole case and outlive a new round. ``due_field``
    is the field of those moves' forms that holds an agreed deadline; where it is empty the pack's amount
    holds. ``occurrence_field`` is the field of the keeping move's form that names the turn it keeps; without it all are
    kept. ``renews`` lets a new turn end the one before it. ``repeats`` starts the next turn whenever one is kept.
    ``partition_by`` names a column of the case (the department): each new value of it is handed a clock of its own.
    ``internal`` promises nothing to a customer: where the pack leaves its limit blank, no clock is started.
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
    restarts: bool = False
    repeats: bool = False
    partition_by: str = ""
    internal: bool = False

    @property
    def lives_in(self) -> tuple[str, ...]:
        """The states in which the clock exists, running or at rest."""
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
        """What is retired, as pairs of sort and name; a lawful entry has one pair."""
        pairs = ((sort, getattr(self, sort)) for sort in RETIRABLE)
        return tuple((sort, name) for sort, name in pairs if name)


RETIRABLE: Final = ("state", "move", "clause", "field", "variable")
"""The sorts of names that can be retired."""
