"""The forms of a supervisor's acts in the Prefect UI, in two languages: codes and numbers, never a name or a word.

Note [What a form may hold]: Prefect keeps parameters for as long as it keeps the run, and whoever may look at the UI
may read them. So why something is done is chosen from a list, and what the record keeps is the list's own words; a
number of a paper may stand beside it, and has no room for a telephone number.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from locales.translation import label
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Move
from statemachines.roles import LEVELS, MANAGERS, Role

NO_WORDS = (
    "请勿填写客户姓名、电话或任何案情文字：表单内容会保存在 Prefect 中。"
    " / No customer's name, number or words here: Prefect keeps what is entered."
)
DECIDERS = frozenset({*MANAGERS, Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.HR, Role.APPEAL_PANEL})
"""Whose moves are decisions; what the system or a clerk may do as well is none."""

ESCALATE_REASONS = ("urgent_customer", "repeated_contact", "serious_damage", "no_progress", "management_decision")
REASSIGN_REASONS = ("wrong_department", "workload", "absence", "expertise", "management_decision")
EXTEND_REASONS = ("force_majeure", "awaiting_evidence", "customer_agreed", "third_party", "management_decision")
NONE_NEEDED = "none_needed"
DECIDE_REASONS = (
    NONE_NEEDED, "in_order", "evidence_suffices", "evidence_lacking", "amount_too_high", "not_entitled",
    "rounds_used_up", "management_decision",
)  # fmt: skip
HOLD_REASONS = ("maintenance", "wrong_rules", "mail_trouble", "mass_event", "management_decision")


def shown(sort: str, names: Iterable[str], *kinds: str) -> dict[str, str]:
    """Each name as a choice reads: Chinese, English, and the name itself, by which it is known."""
    return {name: " · ".join((*_both(sort, name, kinds), name)) for name in names}


def _both(sort: str, name: str, kinds: Iterable[str]) -> list[str]:
    of = next((kind for kind in kinds if label("en", kind, sort, name) != name), "")
    return [label(locale, of, sort, name) for locale in ("zh_CN", "en")]


def choice(choices: dict[str, str]) -> tuple[AfterValidator, Any]:
    """A field that takes one of these, and holds its name."""

    def known(value: str) -> str:
        name = value.rpartition(" · ")[2]
        if name not in choices:
            raise ValueError("not one of the choices")
        return name

    return AfterValidator(known), Field(json_schema_extra={"enum": list(choices.values())})


def fillable(rows: tuple[Move, ...]) -> bool:
    """Whether a move is a decision whose form asks for no words but a reason: a department or an amount at most."""
    if not all(set(row.roles) <= DECIDERS for row in rows):
        return False
    fields = rows[0].form.model_fields
    wanted = [name for name, field in fields.items() if field.is_required() and name not in ("reason", "department")]
    return len(wanted) <= 1 and all(fields[name].annotation is int for name in wanted)


def decisions() -> dict[str, str]:
    """The decisions of all lifecycles, as they read: a new one in a table is here by itself."""
    tables = sorted(lifecycles().values(), key=lambda table: not table.internal)  # a customer's kind has the last word
    kinds = {name: table.kind for table in tables for name, rows in table.rows.items() if fillable(rows)}
    return {name: shown("move", (name,), kinds[name])[name] for name in sorted(kinds)}


def clauses() -> dict[str, str]:
    """The promises of all lifecycles, as they read."""
    tables = lifecycles()
    names = sorted({clause.name for table in tables.values() for clause in table.clauses if clause.then is None})
    return shown("clause", names, *tables)


DECIDE_CHOICES = shown("act.reason", DECIDE_REASONS)
LEVEL_CHOICES = {
    str(level): f"{label('zh_CN', '', 'level', str(level))} · {label('en', '', 'level', str(level))} · {level}"
    for level in range(1, len(LEVELS))
}


def _as_shown(schema: dict[str, Any]) -> None:
    """The warning stands over the form, and what is filled in last stands last."""
    schema["description"] = NO_WORDS
    for name in ("reference", "code"):
        if name in schema["properties"]:
            schema["properties"][name] = schema["properties"].pop(name)


class ActForm(BaseModel):
    """What every act asks. A wrong entry is told by its field alone, without what was entered."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_as_shown)

    acting_as: str = Field(
        title="经办账号 / Acting as",
        description="以谁的账号行事(工号或账号，不是姓名)。 / Whose handle acts (a handle, not a name).",
        pattern=r"^[^\s@]{1,60}$",
    )

    @property
    def about(self) -> str:
        """What the act is about: a case's number, a kind, or nothing."""
        return ""


def _reference() -> Any:
    return Field(
        default="",
        title="文号 / Reference",
        description=(
            "可选：内部文号，如 OA-2026-0142。同样的操作要再做一次时，请换一个文号。"
            " / Optional: the number of a paper, as OA-2026-0142. To do the very same thing once more, change it."
        ),
        pattern=r"^([A-Z]{2,8}(-[0-9]{1,8}){1,3})?$",
    )


def _reason(more: str = "", **default: Any) -> Any:
    return Field(
        title="原因 / Reason",
        description=f"记录里写的就是所选的原因。 / The record keeps the reason as chosen. {more}".strip(),
        **default,
    )


def _department(**more: Any) -> Any:
    return Field(
        title="部门 / Department",
        description="部门代码，如 claims。 / The department's code, as claims.",
        **more,
    )


class CaseForm(ActForm):
    """What every act on a case asks."""

    case: str = Field(
        title="工单编号 / Case number",
        description="如 cp-26-000123。 / As cp-26-000123.",
        pattern=r"^[a-z]{2}-[0-9]{2}-[0-9]{6,12}$",
    )
    code: str = Field(
        default="",
        title="一次性验证码 / One-time code",
        description=(
            "第一次运行请留空：需要时，验证码会发到经办人的邮箱；15 分钟内以完全相同的内容再运行一次，并填入验证码。"
            " / Leave it empty at first: where one is needed, it is sent to the actor's mail. Then run the same form"
            " again with it, within 15 minutes."
        ),
        pattern=r"^([0-9]{6})?$",
    )
    reference: str = _reference()

    @property
    def about(self) -> str:
        return self.case


class EscalateForm(CaseForm):
    """Raise a case to a level (B6)."""

    level: Annotated[str, *choice(LEVEL_CHOICES)] = Field(
        title="上报层级 / Level",
        description="须高于现在的层级。 / Must be higher than the case's level now.",
    )
    reason: Annotated[str, *choice(shown("act.reason", ESCALATE_REASONS))] = _reason()


class ReassignForm(CaseForm):
    """Give a case to a department, and if you like to a person in it (B10)."""

    department: str = _department(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    owner: str = Field(
        default="",
        title="承办账号 / Owner",
        description="可选：接手人的账号。 / Optional: the handle of the person who takes it.",
        pattern=r"^[^\s@]{0,60}$",
    )
    reason: Annotated[str, *choice(shown("act.reason", REASSIGN_REASONS))] = _reason()


class ExtendForm(CaseForm):
    """Grant one promise of a case more time."""

    clause: Annotated[str, *choice(clauses())] = Field(
        title="时限 / Promise",
        description="给哪一项时限延期。 / The promise that gets more time.",
    )
    hours: int = Field(
        title="延长小时数 / Hours",
        description="按该时限自己的算法计(工作时间的按工作小时)。 / Working hours where the promise counts those.",
        ge=1,
        le=10_000,
    )
    reason: Annotated[str, *choice(shown("act.reason", EXTEND_REASONS))] = _reason()


class DecideForm(CaseForm):
    """Decide what a case waits for: approve it, decline it, send it back."""

    move: Annotated[str, *choice(decisions())] = Field(
        title="决定 / Decision",
        description="工单现在等待的决定。 / The decision that the case waits for.",
    )
    amount: int | None = Field(
        default=None,
        title="金额(分) / Amount in fen",
        description="只在决定涉及金额时填写，以分为单位：100 元填 10000。 / Only where asked: 100 yuan are 10000.",
        ge=0,
        le=10**11,
    )
    department: str = _department(default="", pattern=r"^([a-z][a-z0-9_]{0,39})?$")
    reason: Annotated[str, *choice(DECIDE_CHOICES)] = _reason(
        "批准一般不需要原因。 / An approval mostly needs none.",
        default=DECIDE_CHOICES[NONE_NEEDED],
        validate_default=True,
    )


class KindForm(ActForm):
    """A kind of case to let go again."""

    kind: Annotated[str, *choice(shown("kind", lifecycles()))] = Field(
        title="工单种类 / Kind",
        description="对这一类的全部工单生效。 / Holds for all cases of the kind.",
    )

    @property
    def about(self) -> str:
        return self.kind


class HoldForm(KindForm):
    """A kind of case to hold, and why."""

    reason: Annotated[str, *choice(shown("act.reason", HOLD_REASONS))] = _reason()


class SweepForm(ActForm):
    """Who has the sweep run now."""
