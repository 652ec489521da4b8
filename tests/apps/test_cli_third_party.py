"""The commands of evaluations by third parties: scores from a file, once; the comparison with what came of it."""

from pathlib import Path

import pytest

from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop

pytestmark = pytest.mark.requirement("E1")

ASKED = ("--assessor", "SGS", "--period", "2026-02", "--unannounced", "--as", "mak")


@pytest.fixture
def house(closeloop: Closeloop, simulated: Store, tmp_path: Path) -> Closeloop:
    """A simulated store with somebody of the market department, and forty orders of February, delivered on time."""
    with simulated.writing() as tx:
        add_actor(tx, NewActor("mak", (Role.MARKET,)))
    lines = [f"o{n},c{n},2026-02-05 09:00,2026-02-06 09:00,logistics,claims\n" for n in range(40)]
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,completed_at,promised_at,pack,department\n" + "".join(lines), "utf-8"
    )
    closeloop("kpi", "import-orders", tmp_path / "orders.csv", "--as", "mak")
    return closeloop


def scores(folder: Path, *lines: str) -> Path:
    path = folder / "scores.csv"
    path.write_text("department,criterion,score\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def test_scores_are_recorded_once_compared_and_followed_up(house: Closeloop, tmp_path: Path):
    path = scores(tmp_path, "claims,on_time_share,62.5", "claims,attitude,95")
    first = house.json("thirdparty", "import", path, *ASKED)
    again = house.json("thirdparty", "import", path, *ASKED)
    assert (first["new"], again["new"], again["number"]) == (True, False, first["number"])
    house("run-until", "2026-03-02T09:05:00+08:00")
    [found] = house.json("thirdparty", "show")["evaluations"]
    assert (found["number"], found["announcement"], found["gap_limit"]) == (first["number"], "unannounced", 10)
    assert [(row["theirs"], row["ours"], row["difference"], row["verdict"]) for row in found["rows"]] == [
        (6250, 10_000, 3750, "gap"),
        (9500, None, None, "no_figure"),
    ]
    assert [(each["kind"], each["state"]) for each in found["follow_up"]] == [("finding", "assigned")]
    assert house.json("thirdparty", "show", "--period", "2026-01")["evaluations"] == []


def test_corrected_scores_go_into_the_same_evaluation(house: Closeloop, tmp_path: Path):
    number = house.json("thirdparty", "import", scores(tmp_path, "claims,on_time_share,62.5"), *ASKED)["number"]
    house("run-until", "2026-03-02T09:05:00+08:00")
    corrected = scores(tmp_path, "claims,on_time_share,95")
    assert house.json("thirdparty", "import", corrected, "--case", number, *ASKED)["number"] == number
    house("run-until", "2026-03-02T09:10:00+08:00")
    [found] = house.json("thirdparty", "show")["evaluations"]
    assert [row["theirs"] for row in found["rows"]] == [9500]
    assert len(found["follow_up"]) == 1, "the finding of the first scores stays"


def test_a_file_with_a_fault_records_nothing(house: Closeloop, tmp_path: Path):
    path = scores(tmp_path, "claims,on_time_share,62.5", "claims,attitude,nothing")
    refused = house.refused("thirdparty", "import", path, *ASKED)
    assert (refused["code"], len(refused["params"]["problems"])) == ("bad_scores", 1)
    assert house.json("thirdparty", "show")["evaluations"] == []
