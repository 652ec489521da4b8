"""Every tampering with a store is detected, and an untampered store has no faults; ``tamperings`` has the long form."""

from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from engine.audit import verify as auditing
from engine.audit.verify import verify
from engine.store import Store
from tests.audit.honest_store import rows_of, settings_in
from tests.audit.tamperings import TAMPERINGS, AttackScene, attacks

pytestmark = pytest.mark.requirement("B5")

CASES, COUNT, SEED = 30, 140, 7


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> AttackScene:
    return AttackScene.built(tmp_path_factory.mktemp("attacks"), CASES, SEED)


@pytest.mark.long
def test_every_tampering_is_detected(scene: AttackScene):
    done = list(attacks(scene, COUNT, SEED))
    assert {attack.sort for attack, _ in done} >= set(TAMPERINGS)
    assert [(attack.sort, attack.did) for attack, detected in done if not detected] == []


def test_of_several_tamperings_each_is_detected_in_its_own_case(scene: AttackScene):
    done = list(attacks(scene, COUNT, SEED, together=7))
    assert len([attack for attack, _ in done if "elsewhere" not in attack.sort]) == COUNT
    assert [attack for attack, detected in done if not detected] == []


def test_an_untampered_store_has_no_faults(scene: AttackScene):
    scene.attack([], Random(SEED))
    assert scene.faults() == set()
    assert scene.standalone_faults() == set()
    with closing(settings_in(scene.copy).store()) as store:
        assert rows_of(store) > 25 * CASES
        assert verify(store).ok


@pytest.mark.parametrize("sort", ["rewrite", "graft"])
def test_careful_tampering_is_detected_by_anchors_alone(scene: AttackScene, monkeypatch: pytest.MonkeyPatch, sort: str):
    def no_doubts(_: Store) -> list[object]:
        return []

    random = Random(SEED)
    for _ in range(5):
        scene.attack([TAMPERINGS[sort]], random)
        assert any(what.startswith("anchor_") for _, what in scene.faults())
        with monkeypatch.context() as patch:
            patch.setattr(auditing, "doubts", no_doubts)
            if scene.faults() == set():
                return
    pytest.fail(f"{sort} was never careful")


def test_a_case_that_its_changed_at_hides_is_detected(scene: AttackScene):
    def hide(attacker: object) -> str:
        raw = attacker.raw  # pyright: ignore[reportAttributeAccessIssue]
        raw.execute("UPDATE cases SET changed_at = -5 WHERE id = 1")
        return "hidden"

    scene.attack([hide], Random(SEED))
    assert "row_changed_at" in {what for _, what in scene.faults()}


def test_the_store_is_the_same_from_the_same_seed(tmp_path: Path):
    first, second = (AttackScene.built(_new_folder(tmp_path / name), 5, SEED) for name in ("first", "second"))
    assert [attack.did for attack, _ in attacks(first, 7, 1)] == [attack.did for attack, _ in attacks(second, 7, 1)]


def _new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder
