"""House rule: each kind of case has a checklist of its records, or is confidential, so that its readers look at it."""

import pytest

from engine.rules.record_checklists import record_checklists
from locales.translation import catalogue, locales
from statemachines.kinds import lifecycles


def unaudited(kinds: set[str]) -> set[str]:
    """Return the kinds that no checklist audits and that are not confidential either."""
    audited = {checklist.kind for checklist in record_checklists().values()}
    return {kind for kind in kinds if kind not in audited and not lifecycles()[kind].readers}


def test_each_kind_of_case_has_a_checklist_or_is_confidential():
    assert unaudited(set(lifecycles())) == set()


def test_a_kind_without_either_would_be_found(monkeypatch: pytest.MonkeyPatch):
    without = {name: each for name, each in record_checklists().items() if each.kind != "forum"}
    monkeypatch.setattr("tests.house.test_record_checklists.record_checklists", lambda: without)
    assert unaudited(set(lifecycles())) == {"forum"}


def test_a_checklist_is_named_after_its_kind_which_has_a_label():
    for name, checklist in record_checklists().items():
        assert name == checklist.kind
        assert all(f"kind.{name}" in catalogue(locale) for locale in locales())
