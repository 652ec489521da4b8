"""The forms of operator actions in the Prefect UI, in two languages; they take codes and numbers, never free text.

Note [What a form may hold]: Prefect keeps parameters as long as the run, and everybody with access to the UI can read
them. So the reason is chosen from a list, and the record keeps the label of the choice; a reference number may be added
and has no room for a telephone number.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.ledger.suspensions import RELEASE_REASONS
from locales.translation import label
from models.exact_number import EXACT
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Move
from statemachines.roles import LEVELS, MANAGERS, Role

NO_WORDS = (
    "请勿填写客户姓名、电话或任何案情文字：表单内容会保存在 Prefect 中。"
    " / No customer's name, number or words here: Prefect keeps what is entered."
)
DECIDERS = frozenset({*MANAGERS, Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.HR, Role.APPEAL_PANEL})
"""The roles whose moves are decisions; a move that the system or an agent may make as well is none."""

ESCALATE_REASONS = ("urgent_customer", "repeated_contact", "serious_damage", "no_progress", "management_decision")
REASSIGN_REASONS = ("wrong_department", "workload", "absence", "expertise", "management_decision")
EXTEND_REASONS = ("force_majeure", "awaiting_evidence", "customer_agreed", "third_party", "management_decision")
NONE_NEEDED = "none_needed"
DECIDE_REASONS = (
    NONE_NEEDED, "in_order", "evidence_suffices", "evidence_lacking", "amount_too_high", "not_entitled",
    "rounds_used_up", "management_decision",
)  # fmt: skip
HOLD_REASONS = ("maintenance", "wrong_rules", "mail_trouble", "mass_event", "management_decision")


def choices(sort: str, names: Iterable[str], *kinds: str) -> dict[str, str]:
    """Return the text of each choice by its name: Chinese, English, and the name itself."""
    return {name: " · ".join((*_both(sort, name, kinds), name)) for name in names}


def _both(sort: str, name: str, kinds: Iterable[str]) -> list[str]:
    kind = next((kind for kind in kinds if label("en", kind, sort, name) != name), "")
    return [label(locale, kind, sort, name) for locale in ("zh_CN", "en")]


def choice(texts: dict[str, str]) -> tuple[AfterValidator, Any]:
    """Return a field that accepts one of these texts, or its name, and holds the name."""

    def to_name(value: str) -> str:
        name = value.rpartition(" · ")[2]
        if name not in texts:
            raise ValueError("not one of the choices")
        return name

    return AfterValidator(to_name), Field(json_schema_extra={"enum": list(texts.values())})


def fillable(rows: tuple[Move, ...]) -> bool:
    """Return whether a move is a decision whose form needs no text but a reason: at most a department and an amount."""
    if not all(set(row.roles) <= DECIDERS for row in rows):
        return False
    fields = rows[0].form.model_fields
    needed = [name for name, field in fields.items() if field.is_required() and name not in ("reason", "department")]
    return len(needed) <= 1 and all(fields[name].annotation is int for name in needed)


def decisions() -> dict[str, str]:
    """Return the decisions of all lifecycles as choices."""
    tables = sorted(
        lifecycles().values(), key=lambda table: not table.internal
    )  # a label of a customer's kind overrides that of an internal one
    kinds = {name: table.kind for table in tables for name, rows in table.rows.items() if fillable(rows)}
    return {name: choices("move", (name,), kinds[name])[name] for name in sorted(kinds)}


def clauses() -> dict[str, str]:
    """Return the clauses of all lifecycles as choices."""
    tables = lifecycles()
    names = sorted({clause.name for table in tables.values() for clause in table.clauses if clause.then is None})
    return choices("clause", names, *tables)


DECIDE_CHOICES = choices("act.reason", DECIDE_REASONS)
LEVEL_CHOICES = {
    str(level): f"{label('zh_CN', '', 'level', str(level))} · {label('en', '', 'level', str(level))} · {level}"
    for level in range(1, len(LEVELS))
}


def _arrange_schema(schema: dict[str, Any]) -> None:
    """Put the warning above the form, and the fields that are filled in last at its end."""
    schema["description"] = NO_WORDS
    for name in ("reference", "code"):
        if name in schema["properties"]:
            schema["properties"][name] = schema["properties"].pop(name)


class ActForm(BaseModel):
    """The fields of every action. An error names the field and hides the value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_arrange_schema)

    acting_as: str = Field(
        title="经办账号 / Acting as",
        description="以谁的账号行事(工号或账号，不是姓名)。 / Whose handle acts (a handle, not a name).",
        pattern=r"^[^\s@]{1,60}$",
    )
    code: str = Field(
        default="",
        title="一次性验证码 / One-time code",
        description=(
            "第一次运行请留空：验证码会发给经办人；15 分钟内以完全相同的内容再运行一次，并填入验证码。已有管理员"
            "当面转交的验证码，可直接填入。"
            " / Leave it empty at first: a code goes to whoever acts. Then run the same form again with it, within"
            " 15 minutes. A code that an administrator handed over is entered at once."
        ),
        pattern=r"^([0-9]{6})?$",
    )

    @property
    def about(self) -> str:
        """The subject of the action: a case's number, a kind, or nothing."""
        return ""


def _reference() -> Any:
    return Field(
        default="",
        title="文号 / Reference",
        description=(
            "可选：内部文号，如 OA-2026-0142，记入原因。"
            " / Optional: the number of a paper, as OA-2026-0142; it is recorded with the reason."
        ),
        pattern=r"^([A-Z]{2,8}(-[0-9]{1,8}){1,3})?$",
    )


def _reason(more: str = "", **default: Any) -> Any:
    return Field(
        title="原因 / Reason",
        description=f"记录里写的就是所选的原因。 / The record keeps the reason as chosen. {more}".strip(),
        **default,
    )


def _code_in(text: object) -> object:
    """Return the code at the end of a choice, or what stands there alone."""
    return text.rpartition(" · ")[2] if isinstance(text, str) else text


DepartmentCode = Annotated[str, BeforeValidator(_code_in)]
"""A department's code, or the choice that names it: see ``house_choices``."""


def _department(**more: Any) -> Any:
    return Field(
        title="部门 / Department",
        description="部门代码，如 claims。 / The department's code, as claims.",
        **more,
    )


class AlertForm(ActForm):
    """The case whose alerts are acknowledged (B11); it is that of every action on a case."""

    case: str = Field(
        title="工单编号 / Case number",
        description="如 cp-26-000123。 / As cp-26-000123.",
        pattern=r"^[a-z]{2}-[0-9]{2}-[0-9]{6,12}$",
    )

    @property
    def about(self) -> str:
        return self.case


class CaseForm(AlertForm):
    """The fields of every move of a case."""

    reference: str = _reference()


class EscalateForm(CaseForm):
    """Escalate a case to a level (B6)."""

    level: Annotated[str, *choice(LEVEL_CHOICES)] = Field(
        title="上报层级 / Level",
        description="须高于现在的层级。 / Must be higher than the case's level now.",
    )
    reason: Annotated[str, *choice(choices("act.reason", ESCALATE_REASONS))] = _reason()


class ReassignForm(CaseForm):
    """Assign a case to a department, and optionally to a person in it (B10)."""

    department: DepartmentCode = _department(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    owner: str = Field(
        default="",
        title="承办账号 / Owner",
        description="可选：接手人的账号。 / Optional: the handle of the person who takes it.",
        pattern=r"^[^\s@]{0,60}$",
    )
    reason: Annotated[str, *choice(choices("act.reason", REASSIGN_REASONS))] = _reason()


class ExtendForm(CaseForm):
    """Extend the timer of one clause of a case."""

    clause: Annotated[str, *choice(clauses())] = Field(
        title="时限 / Promise",
        description="给哪一项时限延期。 / The promise that gets more time.",
    )
    hours: Annotated[int, Field(ge=1, le=10_000), EXACT] = Field(
        title="延长小时数 / Hours",
        description="按该时限自己的算法计(工作时间的按工作小时)。 / Working hours where the promise counts those.",
    )
    reason: Annotated[str, *choice(choices("act.reason", EXTEND_REASONS))] = _reason()


class DecideForm(CaseForm):
    """Make the decision that a case waits for: approve, decline, send back."""

    move: Annotated[str, *choice(decisions())] = Field(
        title="决定 / Decision",
        description="工单现在等待的决定。 / The decision that the case waits for.",
    )
    amount: Annotated[int | None, Field(ge=0, le=10**11), EXACT] = Field(
        default=None,
        title="金额(分) / Amount in fen",
        description="只在决定涉及金额时填写，以分为单位：100 元填 10000。 / Only where asked: 100 yuan are 10000.",
    )
    department: DepartmentCode = _department(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$")
    reason: Annotated[str, *choice(DECIDE_CHOICES)] = _reason(
        "批准一般不需要原因。 / An approval mostly needs none.",
        default=DECIDE_CHOICES[NONE_NEEDED],
        validate_default=True,
    )


class KindForm(ActForm):
    """A kind of case."""

    kind: Annotated[str, *choice(choices("kind", lifecycles()))] = Field(
        title="工单种类 / Kind",
        description="对这一类的全部工单生效。 / Holds for all cases of the kind.",
    )

    @property
    def about(self) -> str:
        return self.kind


class ReleaseForm(KindForm):
    """A kind of case whose hold ends, and why."""

    reason: Annotated[str, *choice(choices("act.reason", RELEASE_REASONS))] = _reason()


class HoldForm(KindForm):
    """A kind of case to hold, and why."""

    reason: Annotated[str, *choice(choices("act.reason", HOLD_REASONS))] = _reason()


class SweepForm(ActForm):
    """The actor of a sweep."""
