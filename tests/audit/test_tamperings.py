"""Whatever a burglar does to a store is found, and an honest store raises no alarm; the long form stands beside."""

from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from engine.audit import verify as auditing
from engine.audit.verify import verify
from engine.store import Store
from tests.audit.honest_store import rows_of, settings_in
from tests.audit.tamperings import TAMPERINGS, Scene, burglaries

pytestmark = pytest.mark.requirement("B5")

CASES, COUNT, SEED = 30, 140, 7


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene.built(tmp_path_factory.mktemp("burglaries"), CASES, SEED)


def test_every_tampering_is_found(scene: Scene):
    done = list(burglaries(scene, COUNT, SEED))
    assert {one.sort for one, _ in done} >= set(TAMPERINGS)
    assert [(one.sort, one.did) for one, found in done if not found] == []


def test_of_several_each_is_found_by_the_name_of_its_case(scene: Scene):
    done = list(burglaries(scene, COUNT, SEED, together=7))
    assert len([one for one, _ in done if "elsewhere" not in one.sort]) == COUNT
    assert [one for one, found in done if not found] == []


def test_an_honest_store_with_many_lives_raises_no_alarm(scene: Scene):
    scene.robbed([], Random(SEED))
    assert scene.faults() == set()
    assert scene.faults_elsewhere() == set()
    with closing(settings_in(scene.copy).store()) as store:
        assert rows_of(store) > 25 * CASES
        assert verify(store).ok


@pytest.mark.parametrize("sort", ["whole", "rewrite", "graft"])
def test_what_is_done_with_care_is_found_by_the_anchors_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch, sort: str):
    def blind(_: Store) -> list[object]:
        return []

    random = Random(SEED)
    for _ in range(5):
        scene.robbed([TAMPERINGS[sort]], random)
        assert any(what.startswith("anchor_") for _, what in scene.faults())
        with monkeypatch.context() as patch:
            patch.setattr(auditing, "doubts", blind)
            if scene.faults() == set():
                return
    pytest.fail(f"{sort} is never done with care")


def test_a_case_that_is_hidden_from_the_walk_is_looked_at(scene: Scene):
    def hides(burglar: object) -> str:
        raw = burglar.raw  # pyright: ignore[reportAttributeAccessIssue]
        raw.execute("UPDATE cases SET changed_at = -5 WHERE id = 1")
        return "hidden"

    scene.robbed([hides], Random(SEED))
    assert "row_changed_at" in {what for _, what in scene.faults()}


def test_the_store_is_the_same_from_the_same_seed(tmp_path: Path):
    one, other = (Scene.built(_made(tmp_path / name), 5, SEED) for name in ("one", "other"))
    assert [done.did for done, _ in burglaries(one, 7, 1)] == [done.did for done, _ in burglaries(other, 7, 1)]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
