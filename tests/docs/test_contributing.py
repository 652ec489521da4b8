"""The recipes of CONTRIBUTING are applied to a copy of the project, and the new moves are made there."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.house.sources import ROOMS

COPIED = (*ROOMS, "policies", "migrations")
WHERE = re.compile(r'^# in ([\w./-]+)(?:, (before|after|instead of|at the end)(?: "(.*)")?)?$')
STEP, AMOUNT = "Add a workflow step", "Add an amount"
OWN_TESTS = ("test_broken_lifecycles", "test_decisions", "test_diagrams", "test_every_lifecycle")
"""The tests of the lifecycles that take seconds."""

SETUP = '''
"""Makes the moves of the steps that CONTRIBUTING adds."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import statemachines
from engine.actors import NewActor, add_actor
from engine.create_store import create_store
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.rules.policy import pack
from engine.rules.policy_gaps import asked_bounds, gaps
from engine.settings import Settings
from engine.audit.verify import verify
from flows.tick import drain
from locales.translation import label
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from models.contact import Contact
from statemachines.complaint import COMPLAINT
from statemachines.diagram import mermaid
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused
from statemachines.roles import Role

PROJECT = Path(sys.argv[1])
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
assert Path(statemachines.__file__).is_relative_to(PROJECT), statemachines.__file__

settings = Settings(home=PROJECT / "home", secret="of-the-contributors-trial", locale="en")
create_store(settings, NOW, simulated_at=NOW)
store = settings.store()
work = Work(store, FakeMailer(), FakeTelephone(), "en")
with store.writing() as tx:
    add_actor(tx, NewActor("han", (Role.HANDLER,), "claims", locale="en"))
    quality = (Role.TEAM_SUPERVISOR, Role.QUALITY_TEAM)
    add_actor(tx, NewActor("sue", quality, "claims", locale="en", email="sue@example.com"))
    add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,), None, locale="en"))


def case_variables():
    with store.looking() as tx:
        return json.loads(tx.row("SELECT variables FROM cases WHERE number = :number", number=number).variables)


def make_move(move, by, **form):
    return advance(store, Command(number, move, form, by), NOW)


def refused_code(move, by, **form):
    try:
        make_move(move, by, **form)
    except Refused as refusal:
        return refusal.code
    raise AssertionError(f"{by} may {move}")


def assert_labelled(**sorts):
    for sort, names in sorts.items():
        for name in names:
            assert label("en", "complaint", sort, name) != name, f"no label for {sort} {name}"


number = open_case(store, Opening(Contact(row_id="1", at=NOW, text="Hello.")), NOW).number
make_move("classify", "sue", category="cargo_damage", department="claims")
'''

EXPERT = """
assert make_move("ask_expert", "sue", reason="Was it the packing?").state == "expert_asked"
asyncio.run(drain(work))
received = [mail for mail in work.mailer.sent if mail.to == "sue@example.com"]
assert [mail.subject for mail in received] == [f"{number}: an expert's opinion is wanted"], work.mailer.sent
assert refused_code("give_opinion", "sue", opinion="It was the packing.", fee=20000) == "own_work"
assert make_move("give_opinion", "quin", opinion="It was the packing.", fee=20000).state == "classified"
assert make_move("investigate", "han", findings="It fell.").state == "investigated"
asyncio.run(drain(work))
assert verify(store).ok, verify(store)
assert_labelled(
    state=COMPLAINT.state,
    move=COMPLAINT.rows,
    clause=[clause.name for clause in COMPLAINT.clauses],
    guard=[row.guard.name for row in COMPLAINT.moves if row.guard],
)
assert "classified --> expert_asked: ask_expert" in mermaid(COMPLAINT)
solution = next(clause for clause in COMPLAINT.clauses if clause.name == "solution")
assert "expert_asked" in solution.during, "the timers of the work run while the expert is asked"
"""

FINANCE = """
with store.writing() as tx:
    add_actor(tx, NewActor("fin", (Role.FINANCE_MANAGER,), "claims", locale="en"))
    add_actor(tx, NewActor("gao", (Role.GENERAL_MANAGER,), "claims", locale="en"))
make_move("investigate", "han", findings="It fell.")
duty = {"cause": "handling", "responsible": "carrier", "degree": "full", "evidence": "A photo."}
make_move("determine_responsibility", "han", **duty)
confirmed = {f"confirmed_{name}": duty[name] for name in ("cause", "responsible", "degree")}
make_move("confirm_responsibility", "sue", **confirmed)
offer = {"grounds": "Clause 8."}
assert make_move("compensate", "han", compensation=100_000, **offer).state == "investigated"
assert make_move("compensate", "han", compensation=500_000, **offer).state == "compensation_approval"
assert make_move("approve_compensation", "gao", approved=500_000).state == "investigated"
assert make_move("compensate", "han", compensation=600_000, **offer).state == "finance_approval"
for manager in ("sue", "gao"):
    assert refused_code("approve_compensation", manager, approved=600_000) == "role"
assert refused_code("approve_compensation", "fin", approved=600_001) == "guard"
assert make_move("approve_compensation", "fin", approved=600_000).state == "investigated"
variables = case_variables()
assert (variables["compensation"], variables["approved"]) == (600_000, 600_000)
assert make_move("compensate", "han", compensation=700_000, **offer).state == "finance_approval"
assert make_move("decline_compensation", "fin", reason="Too much.").state == "investigated"
assert not case_variables().keys() & {"compensation", "approved"}
assert verify(store).ok, verify(store)
assert_labelled(state=["finance_approval"], guard=["finance_decides"], role=["finance_manager"])

logistics = pack("logistics")
bounds = asked_bounds(lifecycles().values())
named = [gap.clause for gap in gaps(pack("haulage"), [], NOW.date(), bounds=bounds) if gap.source is None]
assert named == ["finance"], "policy check names the bound in a pack that lacks it"
assert not [gap for gap in gaps(logistics, [], NOW.date(), bounds=bounds) if gap.clause == "finance"]
"""


def recipe(section: str) -> list[Block]:
    """Return the blocks of a section whose first line says where they belong."""
    return [block for block in blocks("CONTRIBUTING.md", section) if block.text.startswith("# in ")]


def apply(block: Block, project: Path) -> None:
    """Insert the block where its first line says."""
    head, _, text = block.text.partition("\n")
    where = WHERE.match(head)
    assert where, f"the line does not say where the block belongs: {head}"
    path, place, anchor = project / where[1], where[2], where[3]
    if place is None:
        assert not path.exists(), f"{where[1]} exists already"
        path.write_text(text, "utf-8")
        return
    old = path.read_text("utf-8")
    if place == "at the end":
        path.write_text(old.rstrip("\n") + "\n\n" + text, "utf-8")
        return
    line = f"{anchor}\n"
    assert f"\n{old}".count(f"\n{line}") == 1, f"{where[1]} does not hold this line exactly once: {anchor}"
    new = {"before": text + line, "after": line + text, "instead of": text}[place]
    path.write_text(f"\n{old}".replace(f"\n{line}", f"\n{new}")[1:], "utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to which both recipes were applied, one after the other."""
    return applied_to(tmp_path_factory.mktemp("project"))


def applied_to(copy: Path) -> Path:
    """Copy the project into an empty folder, and apply both recipes to the copy."""
    for room in (*COPIED, "tests"):
        shutil.copytree(ROOT / room, copy / room)  # with the bytecode of what stays as it is
    for name in ("prefect.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    for block in (*recipe(AMOUNT), *recipe(STEP)):
        apply(block, copy)
    return copy


def run_in(project: Path, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, *arguments], check=False, cwd=project, env=environment, text=True, capture_output=True
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


def run_moves(project: Path, name: str, moves: str) -> None:
    script = project / f"{name}.py"
    script.write_text(SETUP.replace('"home"', f'"home-{name}"') + moves, "utf-8")
    run_in(project, str(script), str(project))


def test_the_recipe_says_where_each_block_belongs():
    assert len(recipe(STEP)) >= 7
    places = [WHERE.match(block.text.partition("\n")[0]) for block in (*recipe(STEP), *recipe(AMOUNT))]
    assert all(places)
    assert not any("prefect.yaml" in place[1] or "migrations/" in place[1] for place in places if place)


def test_every_file_of_a_recipe_is_named_by_the_page():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    patterns = re.findall(r"`([\w./*]+)`", "".join(line for line in page.splitlines() if line.startswith("| `")))
    for block in (*recipe(STEP), *recipe(AMOUNT)):
        where = WHERE.match(block.text.partition("\n")[0])
        assert where
        assert any(fnmatch(where[1], pattern) for pattern in patterns), f"{where[1]} is in no row of the table"


def test_an_amount_takes_four_files_and_forty_lines_beside_its_names():
    """A compensation above 5,000 yuan needs the finance manager."""
    changed: dict[str, int] = {}
    for block in recipe(AMOUNT):
        head, _, text = block.text.partition("\n")
        where = WHERE.match(head)
        assert where
        changed[where[1]] = changed.get(where[1], 0) + len(text.splitlines())
    without_names = {path: lines for path, lines in changed.items() if not path.startswith("locales/")}
    assert len(without_names) <= 4, without_names
    assert sum(without_names.values()) <= 40, without_names


def test_the_moves_of_the_new_step_can_be_made(project: Path):
    run_moves(project, "expert", EXPERT)


def test_the_amount_determines_who_decides(project: Path):
    run_moves(project, "finance", FINANCE)


@pytest.mark.long
def test_the_tests_of_the_lifecycles_pass_on_the_copy(project: Path):
    names = [f"tests/statemachines/{name}.py" for name in OWN_TESTS]
    run_in(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not postgres", *names)


def test_the_diagram_is_redrawn(project: Path):
    run_in(project, "-m", "apps.diagrams")
    drawn = (project / "docs" / "generated" / "complaint.md").read_text("utf-8")
    assert "expert_asked" in drawn
    assert "finance_approval" in drawn
