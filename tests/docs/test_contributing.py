"""CONTRIBUTING's recipe is followed to the letter on a copy of the house, and the new step is lived through."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.house.sources import ROOMS

COPIED = (*ROOMS, "policies", "migrations")
WHERE = re.compile(r'^# in ([\w./-]+)(?:, (before|after|instead of|at the end)(?: "(.*)")?)?$')

LIFE = '''
"""Lives through the step that CONTRIBUTING adds."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import statemachines
from engine.actors import NewActor, add_actor
from engine.create_store import found
from engine.commands.advance import Command, advance
from engine.commands.open_case import Opening, open_case
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
from statemachines.lifecycle import Refused
from statemachines.roles import Role

HOUSE = Path(sys.argv[1])
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
assert Path(statemachines.__file__).is_relative_to(HOUSE), statemachines.__file__

settings = Settings(home=HOUSE / "home", secret="x", locale="en")
found(settings, NOW, simulated_at=NOW)
store = settings.store()
work = Work(store, FakeMailer(), FakeTelephone(), "en")
with store.writing() as tx:
    add_actor(tx, NewActor("han", (Role.HANDLER,), "claims", locale="en"))
    quality = (Role.TEAM_SUPERVISOR, Role.QUALITY_TEAM)
    add_actor(tx, NewActor("sue", quality, "claims", locale="en", email="sue@example.com"))
    add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,), None, locale="en"))


def does(move, by, **form):
    return advance(store, Command(number, move, form, by), NOW)


number = open_case(store, Opening(Contact(row_id="1", at=NOW, text="Hello.")), NOW).number
does("classify", "sue", category="cargo_damage", department="claims")
assert does("ask_expert", "sue", reason="Was it the packing?").state == "expert_asked"
asyncio.run(drain(work))
told = [mail for mail in work.mailer.sent if mail.to == "sue@example.com"]
assert [mail.subject for mail in told] == [f"{number}: an expert's opinion is wanted"], work.mailer.sent
try:
    does("give_opinion", "sue", opinion="It was the packing.", fee=20000)
except Refused as refused:
    assert refused.code == "own_work"
else:
    raise AssertionError("who asked has answered himself")
assert does("give_opinion", "quin", opinion="It was the packing.", fee=20000).state == "classified"
assert does("investigate", "han", findings="It fell.").state == "investigated"
asyncio.run(drain(work))
assert verify(store).ok, verify(store)

for sort, names in {
    "state": COMPLAINT.state,
    "move": COMPLAINT.rows,
    "clause": [clause.name for clause in COMPLAINT.clauses],
    "guard": [row.guard.name for row in COMPLAINT.moves if row.guard],
}.items():
    for name in names:
        assert label("en", "complaint", sort, name) != name, f"no label for {sort} {name}"
assert "classified --> expert_asked: ask_expert" in mermaid(COMPLAINT)
'''


def recipe() -> list[Block]:
    return [block for block in blocks("CONTRIBUTING.md") if block.text.startswith("# in ")]


def apply(block: Block, house: Path) -> None:
    """Put the block where its first line says."""
    head, _, text = block.text.partition("\n")
    found = WHERE.match(head)
    assert found, f"it is not said where this belongs: {head}"
    path, place, anchor = house / found[1], found[2], found[3]
    if place is None:
        assert not path.exists(), f"{found[1]} is there already"
        path.write_text(text, "utf-8")
        return
    old = path.read_text("utf-8")
    if place == "at the end":
        path.write_text(old.rstrip("\n") + "\n\n" + text, "utf-8")
        return
    line = f"{anchor}\n"
    assert f"\n{old}".count(f"\n{line}") == 1, f"{found[1]} does not hold this line once: {anchor}"
    new = {"before": text + line, "after": line + text, "instead of": text}[place]
    path.write_text(f"\n{old}".replace(f"\n{line}", f"\n{new}")[1:], "utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house to which the recipe was applied."""
    copy = tmp_path_factory.mktemp("house")
    for room in COPIED:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "prefect.yaml", copy)
    for block in recipe():
        apply(block, copy)
    return copy


def in_house(house: Path, *words: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, *words], check=False, cwd=house, env=environment, text=True, capture_output=True
    )
    assert ended.returncode == 0, ended.stderr


def test_the_recipe_says_where_each_block_belongs():
    assert len(recipe()) >= 8
    assert not any("prefect.yaml" in block.text or "migrations/" in block.text for block in recipe())


def test_the_new_step_is_lived_through(house: Path):
    (house / "life.py").write_text(LIFE, "utf-8")
    in_house(house, str(house / "life.py"), str(house))


def test_the_picture_is_drawn_again(house: Path):
    in_house(house, "-m", "apps.diagrams")
    assert "expert_asked" in (house / "docs" / "generated" / "complaint.md").read_text("utf-8")
