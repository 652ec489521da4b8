"""Tamper with every table and column of the schema: each change is found by ``verify``, or is in the list of ADR 47."""

import pytest

from engine.audit.uncovered import UNCOVERED
from tests.attack.tampered_store import ROW_CHANGES, Scene, Tampering, tamperings

pytestmark = [pytest.mark.long, pytest.mark.requirement("B5")]


def test_each_change_is_found_or_listed(tmp_path_factory: pytest.TempPathFactory, full: bool):
    scene = Scene.built(tmp_path_factory.mktemp("tampered"))
    found: dict[str, list[bool]] = {}
    for tampering in tamperings(rows=5 if full else 1):
        faults = scene.faults_after(tampering)
        if faults is not None:
            found.setdefault(tampering.name, []).append(bool(faults))
    assert len(found) > 250
    missed = {name for name, results in found.items() if not all(results)}
    listed = {f"{table}.{what}" for table, entry in UNCOVERED.items() for what in (*entry.columns, *entry.rows)}
    assert sorted(missed - listed) == [], "neither found nor listed"
    assert sorted(name for name in listed & found.keys() if all(found[name])) == [], "listed, and found all the same"


def test_the_list_names_what_there_is():
    names = {tampering.name for tampering in tamperings(rows=1)}
    for table, entry in UNCOVERED.items():
        assert entry.why
        assert set(entry.rows) <= set(ROW_CHANGES)
        assert {Tampering(table, what).name for what in (*entry.columns, *entry.rows)} <= names
