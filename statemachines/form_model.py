"""The forms of moves: strict models whose fields are marked with where their values go."""

from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from models.exact_number import EXACT
from models.instants import Instant
from models.visible_text import plain_line, seen


class Mark:
    """Says of a field of a form where its value goes, or what it names."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


PERSONAL = Mark("PERSONAL")
"""The value goes to a statement row; the record keeps only its salted digest (law 8, law 9)."""
ON_CASE = Mark("ON_CASE")
"""The value is also written to the case's row, in the column of the field's name."""
VARIABLE = Mark("VARIABLE")
"""The value becomes a case variable, for guards and views; never anything personal."""
ACTOR = Mark("ACTOR")
"""The value is the handle of somebody who must be known to the store."""
WORKER = Mark("WORKER")
"""The value is the handle of somebody who is given work: he must be there, and belong to the form's department."""
DEPARTMENT = Mark("DEPARTMENT")
"""The value is the code of a department that the store knows, or several of them, separated by blanks."""
CATEGORY = Mark("CATEGORY")
"""The value is a category of the tree in force."""
BORNE_CATEGORY = Mark("BORNE_CATEGORY")
"""The value is a category of the tree in force, or one that some case bears."""
RECORDED = Mark("RECORDED")
"""The value is read from the record of the case that the form's field ``about`` names; who types another is refused."""
OPEN_CASE = Mark("OPEN_CASE")
"""The value is the number of another case, of the same kind, that must be open."""
OWN_OR_AGREED = Mark("OWN_OR_AGREED")
"""The value is the number of a case of the same customer, or of one to which he agreed (``forms.MergeConsent``)."""
KNOWN_CASE = Mark("KNOWN_CASE")
"""The value is the number of another case, of any kind, open or not, or several of them, separated by blanks."""

CUSTOMER_KIND = Mark("CUSTOMER_KIND")
"""The value is a kind of case that concerns a customer."""

PAST = Mark("PAST")
"""The value is an instant that has come: what has not happened yet cannot be recorded."""

ATTACHED = Mark("ATTACHED")
"""The value names attachments of the case; the record holds a salted digest of each file beside its id."""

NO_NUL = r"^[^\x00]*$"
"""Postgres keeps no NUL in a text, so no form takes one."""

Words = StringConstraints(strip_whitespace=True, min_length=1, max_length=65_536, pattern=NO_NUL)
Personal = Annotated[str, Words, AfterValidator(seen), PERSONAL]
Handle = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_NUL),
    AfterValidator(seen),
    AfterValidator(plain_line),
    ACTOR,
]
Number = Annotated[str, Field(pattern=r"^[a-z]{2}-\d{2}-\d{6,}$")]
"""The number of a case."""
NUMBERS = r"^[a-z]{2}-\d{2}-\d{6,}( [a-z]{2}-\d{2}-\d{6,}){0,19}$"
Numbers = Annotated[str, StringConstraints(strip_whitespace=True, pattern=NUMBERS), KNOWN_CASE]
"""The numbers of up to twenty known cases, separated by blanks."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Department = Annotated[Code, DEPARTMENT]
"""The code of a department."""
Category = Annotated[Code, CATEGORY]
"""The code of a category."""
CODES = r"^[a-z][a-z0-9_]{0,39}( [a-z][a-z0-9_]{0,39}){0,19}$"
Departments = Annotated[str, StringConstraints(strip_whitespace=True, pattern=CODES), DEPARTMENT]
"""The codes of several departments, separated by blanks."""
ATTACHMENTS = r"^[0-9a-f]{32}(:[0-9a-f]{64})?( [0-9a-f]{32}(:[0-9a-f]{64})?){0,19}$"
Attachments = Annotated[str, StringConstraints(strip_whitespace=True, pattern=ATTACHMENTS), ATTACHED]
"""The ids of up to twenty attachments of the case, separated by blanks. In the record a digest follows each id."""
PeriodName = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}(-(0[1-9]|1[0-2]|Q[1-4]))?$")]
"""The name of a month, a quarter or a year: 2026-05, 2026-Q2, 2026."""
Past = Annotated[Instant, PAST]
"""An instant that is not in the future."""
Score = Annotated[int, Field(ge=1, le=5), EXACT]
Percent = Annotated[int, Field(ge=0, le=1000), EXACT]


class Form(BaseModel):
    """The base of every form: it refuses unknown fields and is never changed after validation."""

    # Built at its first use: a command fills in one of more than a hundred forms.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Nothing(Form):
    """The form of a move without fields."""


class StepFired(Form):
    """The escalation step that fired: the share of the limit that was used, and the level it notifies (B6)."""

    clause: Code
    cycle: int
    percent: Percent
    level: int
    due_at: Instant


class Reprojected(Form):
    """The record of a new edition of the rules taking effect on a case: the reason, and the edition (F4)."""

    reason: Code
    edition: str


@cache
def marked(form: type[Form], mark: Mark) -> tuple[str, ...]:
    """Return the names of the form's fields that carry ``mark``, also inside an optional type."""
    return tuple(name for name, field in form.model_fields.items() if _bears(field, mark))


def _bears(field: Any, mark: Mark) -> bool:
    if mark in field.metadata:
        return True
    arms = getattr(field.annotation, "__args__", ())
    return any(mark in getattr(arm, "__metadata__", ()) for arm in arms)


@cache
def fields_of(form: type[Form]) -> tuple[tuple[str, bool], ...]:
    """Return the names of the form's fields, each with whether it is personal."""
    personal = marked(form, PERSONAL)
    return tuple((name, name in personal) for name in form.model_fields)


def value_of(form: Form, name: str) -> Any:
    """Return the value of a field; None where the form has no such field.

    ``getattr`` with a default would let pydantic build an error that is thrown away, several times in each move.
    """
    return form.__dict__.get(name)


@cache
def required(form: type[Form]) -> tuple[str, ...]:
    """Return the names of the fields that must be given."""
    return tuple(name for name, field in form.model_fields.items() if field.is_required())
