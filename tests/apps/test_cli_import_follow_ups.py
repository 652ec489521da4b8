"""A contact file may name existing cases in a column of its own; a number that is not known is refused with its row."""

from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import moves_of, new_case, query_rows

pytestmark = pytest.mark.requirement("A1")

MAPPING = """
[source]
name = "desk"
kind = "complaint"
pack = "logistics"
zone = "Asia/Shanghai"
[contact]
row_id = "id"
at = "time"
text = "words"
case = "our number"
[reply]
text = "answer"
at = "answered"
"""
HEADER = "id,time,words,our number,answer,answered\n"


def contact_file(folder: Path, *rows: str) -> Path:
    """Write a contact file with its mapping beside it."""
    (folder / "desk.toml").write_text(MAPPING, "utf-8")
    file = folder / "desk.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return file


def test_a_row_with_a_number_follows_up_that_case(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    number = new_case(simulated)
    file = contact_file(
        tmp_path,
        f"1,2026-03-02T08:00:00+08:00,It is still broken.,{number.upper()},,",
        "2,2026-03-02T08:00:00+08:00,Another matter.,,,",
    )
    imported = closeloop.json("import", file)
    assert (imported["new"], imported["follow_ups"], imported["taken"]) == (2, 1, 2)
    assert moves_of(simulated, number)[-1] == "follow_up"
    assert len(query_rows(simulated, "SELECT number FROM cases")) == 2, "only the other row opened a case"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("cp-26-999999,,", "Row 2, column “our number”: There is no case cp-26-999999. Correct the number"),
        ("12,,", "Row 2, column “our number”: There is no case 12."),
        ("{report},,", "is no matter of a customer"),
        ("{case},Done.,2026-03-02T08:00:00+08:00", "cannot hold the reply to a new one"),
    ],
)
def test_a_number_that_cannot_be_followed_up_is_refused_with_its_row(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, cells: str, why: str
):
    number = new_case(simulated)
    report = closeloop.json("case", "open", "--kind", "report", "--text", "He took money.", "--as", "amy")["case"]
    before = moves_of(simulated, number)
    row = "1,2026-03-02T08:00:00+08:00,Again.," + cells.format(case=number, report=report)
    refused = closeloop.refused("import", contact_file(tmp_path, row))
    assert (refused["code"], refused["params"]["count"]) == ("bad_file", 1)
    assert why in refused["params"]["problems"][0]
    assert moves_of(simulated, number) == before
