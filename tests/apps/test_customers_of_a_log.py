"""A column that identifies the customer of a log: cases with the same value are of one person (A9)."""

from pathlib import Path
from typing import Any

import pytest

from engine.store import Store
from reports.same_person import open_questions
from tests.apps.conftest import Closeloop
from tests.case_actions import query_rows

pytestmark = pytest.mark.requirement("A9")

MAPPING = """
[source]
name = "{name}"
kind = "complaint"
pack = "logistics"
zone = "UTC"

[event]
case = "order_id"

[opening]
customer_id = {{ column = "customer_id" }}
customer = {{ column = "name" }}
phone = {{ column = "phone" }}

[fill]
category = "damage"

[[wide]]
column = "created"
word = "created"
[[wide]]
column = "noted"
word = "noted"

[moves]
"noted" = {{ move = "note", form = {{ note = "x" }} }}

[ignored]
"created" = "opens the case"
"""
HEADER = "order_id,customer_id,name,phone,created,noted"
PEOPLE = """
SELECT t.form, coalesce(p.person_id, p.id) AS person, p.name
  FROM cases c JOIN transition t ON t.case_id = c.id AND t.seq = 1 LEFT JOIN party p ON p.id = c.party_id ORDER BY c.id
"""


def replayed(closeloop: Closeloop, folder: Path, *rows: str, name: str = "shop") -> None:
    """Replay a log with these rows: order, customer, name, telephone."""
    (folder / f"{name}.toml").write_text(MAPPING.format(name=name), "utf-8")
    lines = [f"{row},2026-01-0{n} 09:00,2026-01-0{n} 10:00" for n, row in enumerate(rows, 1)]
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    assert closeloop.json("replay", folder / f"{name}.csv")["refused"] == 0


def people(store: Store) -> list[Any]:
    """Return the person of each case; None for a case of nobody."""
    return [row["person"] for row in query_rows(store, PEOPLE)]


def names(store: Store) -> list[Any]:
    return [row["name"] for row in query_rows(store, PEOPLE)]


def test_cases_with_one_id_are_of_one_customer_whom_his_id_names(
    closeloop: Closeloop, simulated: Store, tmp_path: Path
):
    replayed(closeloop, tmp_path, "O-1,c-7,,", "O-2,c-8,,", "O-3,c-7,,")
    first, second, third = people(simulated)
    assert (first == third, first == second) == (True, False)
    assert names(simulated) == ["c-7", "c-8", "c-7"]


@pytest.mark.parametrize("nobody", ["-", "无", "n/a", "0", "", "unknown", "1.38E+10"])
def test_a_placeholder_identifies_nobody(closeloop: Closeloop, simulated: Store, tmp_path: Path, nobody: str):
    replayed(closeloop, tmp_path, f"O-1,{nobody},,", f"O-2,{nobody},,", "O-3,7,,", "O-4,123,,", "O-5,7,,")
    first, second, seven, other, again = people(simulated)
    assert (first, second) == (None, None)
    assert (seven == again, seven == other) == (True, False), "short numbers are good ids"


def test_each_case_keeps_the_name_and_number_it_came_with(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    rows = (
        "O-1,c-7,王女士,13800138000",
        "O-2,c-7,王女士,13900139000",
        "O-3,c-7,王小明,",
        "O-4,c-7,,",
        "O-5,c-7,王小明,",
    )
    replayed(closeloop, tmp_path, *rows)
    assert len(set(people(simulated))) == 1
    assert names(simulated) == ["王女士", "王女士", "王小明", "王女士", "王小明"]
    parties = query_rows(simulated, "SELECT count(*) AS n FROM party")
    assert parties == [{"n": 4}], "one for each way in which he was named, and the one that stands for the id"


def test_a_number_of_another_customer_raises_a_question(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    replayed(closeloop, tmp_path, "O-1,c-7,王女士,13800138000", "O-2,c-8,李先生,13900139000", "O-3,c-7,,13900139000")
    first, second, third = people(simulated)
    assert (third == second, third == first) == (True, False), "the number is the other's own"
    with simulated.looking() as tx:
        assert [question.why for question in open_questions(tx, 9)] == [("customer_id",)]
    shown = closeloop("customer", "questions").output
    assert "customer id in the other system" in shown


def test_the_same_id_in_another_source_is_somebody_else(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    replayed(closeloop, tmp_path, "O-1,c-7,,")
    replayed(closeloop, tmp_path, "O-1,c-7,,", name="other-shop")
    assert len(set(people(simulated))) == 2


@pytest.mark.parametrize(
    "column", ["customer_unique_id", "Customer ID", "client_id", "account number", "caller_id", "客户编号", "會員號"]
)
def test_a_draft_proposes_the_column_with_a_question_mark(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, column: str
):
    rows = [f"O-{n},c-{n % 4},2026-01-0{n} 09:00,2026-01-0{n} 10:00" for n in range(1, 9)]
    (tmp_path / "shop.csv").write_text("\n".join([f"order_id,{column},created at,delivered at", *rows]) + "\n", "utf-8")
    text = closeloop.json("mapping", "suggest", tmp_path / "shop.csv")["mapping"]
    [line] = [line for line in text.splitlines() if line.startswith("customer_id = ")]
    assert f'column = "{column}"' in line
    assert "# ? " in line
    assert "\ncustomer = " not in text
