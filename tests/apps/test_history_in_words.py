"""The history and the view of a case speak the reader's language: no code and no field's name is left as it is."""

import enum
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from apps.variable_views import CODED, SORTS, entered, labelled
from engine.commands.open_case import Opened
from engine.commands.same_customer import CustomerDecision
from engine.store import Store
from locales.translation import catalogue, locales
from statemachines.form_model import Form, Reprojected, StepFired
from statemachines.kinds import lifecycles
from tests.apps.conftest import Closeloop
from tests.case_actions import make_move, new_case

OTHER_SORT = {"reason": "outcome"}
"""Fields whose codes have their labels under another name for one move only."""


def forms() -> Iterator[tuple[str, type[Form]]]:
    """Yield every form that a history can show, with a kind of case."""
    yield from (("complaint", form) for form in (Opened, CustomerDecision, Reprojected, StepFired))
    yield from ((kind, row.form) for kind, table in lifecycles().items() for row in table.moves)


def enums_in(annotation: Any) -> Iterator[type[enum.Enum]]:
    """Yield the enumerations that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield annotation
    for part in get_args(annotation):
        yield from enums_in(part)


@pytest.mark.parametrize("locale", locales())
def test_every_field_of_every_form_has_a_name_for_people(locale: str):
    messages = catalogue(locale)
    names = {name for _, form in forms() for name in form.model_fields}
    assert {name for name in names if not messages.get(f"field.{name}") and not messages.get(f"known.{name}")} == set()


@pytest.mark.parametrize("locale", locales())
def test_every_variable_of_every_kind_has_a_name_for_people(locale: str):
    """Also those that no form holds: what moves count and stamp."""
    messages = catalogue(locale)
    names = {name for table in lifecycles().values() for name in table.variables}
    assert {name for name in names if not messages.get(f"known.{name}") and not messages.get(f"field.{name}")} == set()


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_every_code_of_every_form_is_shown_in_words(locale: str):
    raw: set[str] = set()
    for kind, form in forms():
        for name, field in form.model_fields.items():
            for codes in enums_in(field.annotation):
                sort = OTHER_SORT.get(name, name)
                raw |= {
                    f"{kind}.{name}.{code.value}"
                    for code in codes
                    if entered(locale, kind, sort, code.value) == code.value
                }
    assert raw == set()
    assert set(SORTS) <= CODED


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en", "cannot be used=telephone number: a placeholder; it identifies nobody"),
        ("zh_CN", "无法使用=电话号码：占位内容，不能识别客户"),
        ("zh_TW", "無法使用=電話號碼：佔位內容，不能識別客戶"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(closeloop: Closeloop, simulated: Store, locale: str, shown: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    number = new_case(simulated, phone="0", text="unusable=phone_placeholder")
    output = closeloop("case", "history", number).output
    assert shown in output
    assert output.count("phone_placeholder") == 1, "only in the customer's own words"


def test_codes_of_moves_are_said_in_words(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    make_move(simulated, number, "classify", severity="urgent")
    make_move(simulated, number, "reply")
    make_move(simulated, number, "escalate", level=2, reason="busy")
    output = closeloop("case", "history", number).output
    assert "told how=by telephone" in output
    assert "severity=urgent" in output.lower()
    assert "level=Department manager" in output
    assert "reason=busy" in output, "a person's own word is no code"


def test_a_variable_without_a_name_of_its_own_has_that_of_its_field():
    shown = labelled("zh_CN", "service_order", {"ports": "洋山", "attempted_at": "2026-03-03T09:30:00Z"})
    assert [name for name, _ in shown] == ["港口", "最近一次回访尝试"]
