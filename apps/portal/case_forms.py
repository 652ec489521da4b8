"""The forms of the moves that a customer may make on his case, in the words in which he is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.principal_portal import CustomerCase
from apps.web.form_entries import form_values
from apps.web.form_fields import FormField, FormReader, Widget, form_fields
from locales.translation import catalogue, label
from statemachines.form_model import ATTACHED, Form, marked
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused
from statemachines.roles import Role

ATTACH: Final = "attach"
LONGEST_NAME = 100
WORST, BEST = 1, 5
"""The bounds of a score: such a field is chosen in words."""
ORDER: Final = (
    "customer_answers", "customer_consents", "customer_declines", "pass_acceptance", "refuse_acceptance", "revisit",
    "decline", "follow_up", "reporter_writes", "come_back", "request_cancellation", "withdraw",
)  # fmt: skip
"""In which order moves are shown, those first that we wait for; others follow. Each is drawn from its form model."""
ENDING: Final = frozenset({"request_cancellation", "withdraw"})
"""The moves by which a customer gives his matter up; their buttons look like it."""
WAITED_FOR: Final = frozenset({
    "customer_answers", "customer_consents", "customer_declines", "pass_acceptance", "revisit",
})  # fmt: skip
"""The moves whose forms are open when the page is shown."""
SIGNING: Final = "pass_acceptance"
NOT_ASKED: Final = {SIGNING: frozenset({"signed_by"})}
"""Fields that keep their default: the customer himself signs."""
SIGNATURE: Final = "report"
"""The field of an acceptance that a customer fills in with his name."""
LISTED: Final = "met"
"""The field that names, separated by commas, which of the plan's criteria are met."""


@dataclass(frozen=True, slots=True)
class MoveForm:
    """A move that a customer may make now. ``seq`` is the step of the case on which he relies."""

    name: str
    title: str
    help: str
    fields: list[FormField]
    open: bool = False
    why: str = ""
    ends: bool = False


def customer_moves(table: Lifecycle) -> list[str]:
    """Return the moves that a table gives to customers, as the portal shows them; files have a form of their own."""
    given = {row.name for row in table.moves if Role.CUSTOMER in row.roles} - {ATTACH}
    return [*(name for name in ORDER if name in given), *sorted(given.difference(ORDER))]


def move_forms(
    seen: CustomerCase, locale: str, tried: str = "", typed: Mapping[str, str] | None = None,
    refused: Refused | None = None, why: str = "",
) -> list[MoveForm]:  # fmt: skip
    """Return the forms of the moves of a case; at the one that was refused stands what was typed, and why."""
    offered = {move.name: move.form for move in seen.moves}
    names = [name for name in customer_moves(lifecycle_of(seen.case.kind)) if name in offered]
    return [
        _form(seen, locale, name, offered[name], typed or {}, refused, why)
        if name == tried
        else _form(seen, locale, name, offered[name], {}, None, "")
        for name in names
    ]


def _form(
    seen: CustomerCase, locale: str, move: str, form: type[Form], typed: Mapping[str, str], refused: Refused | None,
    why: str,
) -> MoveForm:  # fmt: skip
    kind = seen.case.kind
    fields = [
        _asked(seen, locale, move, field)
        for field in form_fields(form, FormReader(locale, kind), typed, refused)
        if field.name in asked(move, form)
    ]
    title = _own_text(locale, f"portal.move.{kind}.{move}", f"portal.move.{move}") or label(locale, kind, "move", move)
    named = any(field.error for field in fields)
    waited_for = move in WAITED_FOR and not refused
    told = _own_text(locale, f"portal.help.{kind}.{move}", f"portal.help.{move}")
    return MoveForm(
        move, title, told, fields, bool(refused) or waited_for, "" if named else why, move in ENDING
    )  # fmt: skip


def asked(move: str, form: type[Form]) -> list[str]:
    """Return the fields of a form that the customer fills in; files are added apart."""
    left_out = NOT_ASKED.get(move, frozenset[str]()) | frozenset(marked(form, ATTACHED))
    return [name for name in form.model_fields if name not in left_out]


def _asked(seen: CustomerCase, locale: str, move: str, field: FormField) -> FormField:
    """Return a field as the customer is asked: in the portal's words, the plan's own criteria as choices."""
    kind, name = seen.case.kind, field.name
    own = _own_text(
        locale, f"portal.field.{kind}.{move}.{name}", f"portal.field.{move}.{name}", f"portal.field.{name}"
    )  # fmt: skip
    named = replace(field, label=own or field.label, help=_own_text(locale, f"portal.hint.{field.name}") or field.help)
    if (move, field.name) == (SIGNING, SIGNATURE):
        return replace(named, widget=Widget.TEXT, longest=LONGEST_NAME)
    if (field.least, field.most) == (WORST, BEST):
        scores = tuple((str(score), _own_text(locale, f"portal.rate.of.{score}")) for score in range(BEST, 0, -1))
        return replace(named, widget=Widget.SELECT, choices=scores)
    if field.name != LISTED:
        return named
    choices = tuple((code, label(locale, seen.case.kind, "criterion", code)) for code in seen.criteria)
    return replace(named, widget=Widget.SEVERAL, choices=choices, value=field.value.replace(",", " "))


def values_of(move: str, form: type[Form], entries: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """Return what was typed as the form's model takes it, without fields that the customer is not asked for."""
    wanted = asked(move, form)
    values = form_values(form, {name: text for name, text in entries.items() if name in wanted}, zone)
    if isinstance(listed := values.get(LISTED), str):
        values[LISTED] = ",".join(listed.split())
    return values


def _own_text(locale: str, *keys: str) -> str:
    messages = catalogue(locale)
    return next((messages[key] for key in keys if key in messages), "")
