"""The steps of the page on retirement are applied to a copy of the project with cases in flight."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.test_contributing import apply
from tests.house.sources import ROOMS

PAGE = "docs/retire.md"
COPIED = dict.fromkeys((*ROOMS, "policies", "migrations"))

BEFORE = """
'''Builds a store under the current lifecycle: one case in the state, one that waits for the customer from it.'''

import sys
from datetime import UTC, datetime
from pathlib import Path

from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.create_store import create_store
from engine.settings import Settings
from models.contact import Contact
from statemachines.roles import Role

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
settings = Settings(home=Path(sys.argv[1]))
create_store(settings, NOW, simulated_at=NOW)
store = settings.store()
with store.writing() as tx:
    add_actor(tx, NewActor("sue", (Role.TEAM_SUPERVISOR,), "claims"))
for _ in range(2):
    number = open_case(store, Opening(Contact(row_id="1", at=NOW, text="Hello.")), NOW).number
    advance(store, Command(number, "classify", {"category": "cargo_damage", "department": "claims"}, "sue"), NOW)
    advance(store, Command(number, "investigate", {"findings": "It fell."}, "sue"), NOW)
question = {"question": "Which day?", "medium": "phone", "recipient": "Ms Wang"}
advance(store, Command(number, "ask_customer", question, "sue"), NOW)
print(number)
"""


def run_in_copy(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, on the copy's own store."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    environment |= {"PYTHONPATH": str(copy), "CLOSELOOP_HOME": str(copy / "home"), "CLOSELOOP_LOCALE": "en"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


def closeloop(copy: Path, *commands: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Enter commands, one after the other, up to the first that fails; the exit code is that of the last one."""
    script = f"""
        from apps.cli import run
        for command in {commands!r}:
            if code := run(command):
                print(command)
                break
        raise SystemExit(code)
    """
    return run_in_copy(copy, "-c", dedent(script))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy of the project with the page's blocks applied and a store with cases; and the waiting case's number."""
    copy = tmp_path_factory.mktemp("next_release")
    for room in COPIED:
        shutil.copytree(ROOT / room, copy / room)  # with the bytecode of what stays as it is
    script = copy / "before.py"
    script.write_text(BEFORE, "utf-8")
    built = run_in_copy(copy, str(script), str(copy / "home"))
    assert built.returncode == 0, built.stderr
    for block in blocks(PAGE):
        if block.text.startswith("# in "):
            apply(block, copy)
    return copy, built.stdout.strip()


@pytest.mark.long
def test_the_cases_of_the_renamed_state_go_on(copy: tuple[Path, str]):
    project, waiting = copy
    commands = (
        ("lifecycle", "check"),
        ("verify",),
        ("lifecycle", "migrate"),
        ("case", "do", waiting, "customer_answers", "--set", "answer=Sunday.", "--as", "sue"),
        ("verify",),
        ("case", "list", "--state", "examined", "--json"),
    )
    listed = closeloop(project, *commands)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert listed.stdout.count('"state": "examined"') == 2, listed.stdout


def test_without_its_entry_the_release_is_refused(copy: tuple[Path, str], tmp_path: Path):
    project, _ = copy
    without_entry = tmp_path / "without_entry"
    shutil.copytree(project, without_entry)
    table = without_entry / "statemachines" / "complaint.py"
    entry = '    retired=(Retired("investigated", "examined"),),\n'
    text = table.read_text("utf-8")
    assert entry in text
    table.write_text(text.replace(entry, ""), "utf-8")
    checked = closeloop(without_entry, ("lifecycle", "check", "--json"))
    assert checked.returncode == 2, checked.stdout + checked.stderr
    assert '"ok": false' in checked.stdout
