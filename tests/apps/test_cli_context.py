"""Every command ends with 0, 2 or 1, and with --json says one JSON document and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from apps.cli.index import ROOMS, assembled
from engine.settings import Settings
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, SECRET, START
from tests.gateways.contact_files import csv_file, row

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("closeloop")
NUMBER = "cp-26-000001"
DONE, REFUSED = 0, 2

EVERY: dict[str, tuple[int, tuple[str, ...]]] = {
    "init": (DONE, ("--simulated", "--at", START.isoformat())),
    "status": (DONE, ()),
    "verify": (DONE, ()),
    "diagram": (DONE, ("complaint",)),
    "import": (REFUSED, ("nowhere.csv", "--mapping", str(ROOT / "examples" / "messages_zh.toml"))),
    "export": (DONE, ("--format", "csv", "--out", os.devnull)),
    "deadline": (DONE, tuple(f"--start {START.isoformat()} --amount 3 --unit days --calendar cn-office".split())),
    "case open": (DONE, ("--text", "My parcel is late.", "--as", "system")),
    "case list": (DONE, ()),
    "case show": (DONE, (NUMBER,)),
    "case do": (DONE, (NUMBER, "note", "--set", "note=He calls every day.", "--as", "sue")),
    "case history": (DONE, (NUMBER,)),
    "case clocks": (DONE, (NUMBER,)),
    "board": (DONE, ()),
    "actor add": (DONE, ("zoe", "--role", "agent")),
    "actor list": (DONE, ()),
    "actor set": (REFUSED, ("sue", "--email", "s@example.com", "--as", "sue")),
    "actor disable": (REFUSED, ("sue", "--as", "sue")),
    "actor enable": (REFUSED, ("sue", "--as", "sue")),
    "actor history": (DONE, ("sue",)),
    "department add": (DONE, ("customs",)),
    "department list": (DONE, ()),
    "code": (REFUSED, ("--for", "sue", "--as", "sue")),
    "dead list": (DONE, ()),
    "dead retry": (REFUSED, (NUMBER, "1", "classify_contact")),
    "dead drop": (REFUSED, (NUMBER, "1", "classify_contact")),
    "policy list": (DONE, ()),
    "policy check": (DONE, ()),
    "policy show": (DONE, ("logistics",)),
    "policy publish": (REFUSED, ("nowhere.toml", "--reason", "decided", "--as", "sue")),
    "policy interpret": (REFUSED, ("logistics", "revisit", "--text", "From the receipt.", "--as", "sue")),
    "calendar list": (DONE, ()),
    "calendar show": (DONE, ("cn-office",)),
    "calendar publish": (REFUSED, ("nowhere.toml", "--reason", "decided", "--as", "sue")),
    "calendar import": (REFUSED, ("cn-office", "nowhere.toml", "--as", "sue")),
    "calendar override": (REFUSED, ("cn-office", "--off", "2026-05-06", "--reason", "a fair", "--as", "sue")),
    "case similar": (DONE, ("--phone", "138")),
    "customer": (DONE, ("--phone", "138")),
    "track": (REFUSED, (NUMBER,)),
    "recoveries": (DONE, ()),
    "analysis": (DONE, ()),
    "callbacks": (DONE, ()),
    "survey list": (DONE, ()),
    "survey show": (DONE, ("after_complaint",)),
    "survey figures": (DONE, ()),
    "sweep": (DONE, ()),
    "report": (DONE, ()),
    "run-until": (DONE, ((START + HOUR).isoformat(),)),
    "mapping suggest": (REFUSED, ("nowhere.csv",)),
    "mapping check": (DONE, (str(ROOT / "examples" / "helpdesk.toml"),)),
    "replay": (REFUSED, ("nowhere.csv", "--mapping", str(ROOT / "examples" / "helpdesk.toml"))),
    "classifier train": (REFUSED, ("nowhere.csv",)),
    "classifier evaluate": (REFUSED, ("nowhere.csv",)),
    "classifier explain": (DONE, ("The parcel arrived broken.",)),
    "classifier tree": (REFUSED, ("nowhere.xlsx", "--as", "sue")),
    "anchor": (DONE, ()),
    "proof": (REFUSED, ("cp-99-000009",)),
    "backup": (REFUSED, ("nowhere/store.zip",)),
    "lifecycle check": (DONE, ()),
    "lifecycle migrate": (DONE, ()),
    "restore": (REFUSED, ("nowhere.zip",)),
    "deploy": (REFUSED, ("--api", "http://127.0.0.1:9/api")),
    "acts": (REFUSED, ("--api", "http://127.0.0.1:9/api")),
    "drive": (REFUSED, ()),
    "up": (REFUSED, ()),
}
"""Each command on a simulated store with one case, and how it ends there. ``demo`` has a door of its own."""

NEEDS_NO_STORE = {
    "init",
    "diagram",
    "import",
    "deadline",
    "up",
    "deploy",
    "acts",
    "policy list",
    "policy check",
    "policy show",
} | {
    "calendar list",
    "calendar show",
    "survey list",
    "survey show",
    "mapping suggest",
    "mapping check",
    "classifier train",
    "classifier evaluate",
    "restore",
}

WHOLE = assembled(lambda name: True)


def commands(of: typer.Typer, before: str = "") -> Iterator[str]:
    for command in of.registered_commands:
        assert command.callback is not None
        yield before + (command.name or getattr(command.callback, "__name__", "")).rstrip("_")
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{group.name} ")


def test_every_command_is_told_of_here():
    assert set(commands(WHOLE)) == {*EVERY, "demo"}


def test_help_says_of_a_command_what_its_module_says():
    """So that ``--help`` need not import the modules."""
    told = {name: words for room in ROOMS for name, words in room.commands.items()}
    docs = {
        one.name or getattr(one.callback, "__name__", ""): one.callback.__doc__ for one in WHOLE.registered_commands
    }
    groups = {one.name: one.typer_instance.info.help for one in WHOLE.registered_groups if one.typer_instance}
    assert told == {**docs, **groups}


def test_no_command_stands_twice():
    names = [name for room in ROOMS for name in room.commands]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("command", EVERY)
def test_json_is_one_document(closeloop: Closeloop, number: str, command: str):
    code, arguments = EVERY[command]
    said = closeloop(*command.split(), *arguments, "--json")
    assert said.code == code, said.output
    assert set(said.document) >= ({"refused"} if code else set())


@pytest.mark.postgres
def test_every_command_knows_postgres(closeloop: Closeloop, postgres_settings: Settings):
    closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
    closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", postgres_settings.database_url or "")
    order = ["case open", *(name for name in EVERY if name != "case open")]
    for command in order:
        code, arguments = EVERY[command]
        said = closeloop(*command.split(), *arguments, "--json")
        assert said.code == code, f"{command}: {said.output}"
    assert closeloop.json("status")["parts"]["database"]["database"] == "postgres"


@pytest.mark.parametrize("command", EVERY)
def test_a_person_reads_words(closeloop: Closeloop, number: str, command: str):
    code, arguments = EVERY[command]
    said = closeloop(*command.split(), *arguments)
    assert said.code == code
    assert said.err.strip() if code else said.out.strip()
    assert "Traceback" not in said.output
    assert "cli." not in said.output, "a message is missing in the catalogue"


@pytest.mark.parametrize("command", EVERY)
def test_what_is_misused_is_refused(closeloop: Closeloop, command: str):
    said = closeloop(*command.split(), "--no-such-option", "--json")
    assert (said.code, said.document["refused"]["code"]) == (REFUSED, "usage")
    assert "--help" in closeloop(*command.split(), "--no-such-option").err


@pytest.mark.parametrize("command", sorted(EVERY.keys() - NEEDS_NO_STORE))
def test_without_a_store_the_remedy_is_to_make_one(closeloop: Closeloop, command: str):
    refused = closeloop.refused(*command.split(), *EVERY[command][1])
    assert refused["code"] == "no_store"
    assert "closeloop init" in refused["text"]


def test_an_unknown_command_is_refused(closeloop: Closeloop):
    said = closeloop("solve", "--json")
    assert (said.code, said.document["refused"]["code"]) == (REFUSED, "usage")


def test_a_number_that_is_none_is_refused(closeloop: Closeloop, number: str):
    for words in (("case", "list", "--level", "9"), ("case", "list", "--limit", "many"), ("up", "--prefect-port", "x")):
        assert closeloop.refused(*words)["code"] == "usage"


@pytest.mark.parametrize("words", [(), ("--help",), ("case",), ("case", "do", "--help")])
def test_help_is_no_document_and_no_fault(closeloop: Closeloop, words: tuple[str, ...]):
    said = closeloop(*words)
    assert said.code in {DONE, REFUSED}
    assert "Usage: " in said.output


def test_a_fault_is_told_by_its_type_and_ends_with_one(closeloop: Closeloop, simulated: Any, home: Path):
    canary = b"Zhang San, 13800138000 "
    simulated.close()
    (home / "closeloop.db").write_bytes(canary * 200)
    for name in ("closeloop.db-wal", "closeloop.db-shm"):
        (home / name).unlink(missing_ok=True)
    said = closeloop("board", "--json")
    assert (said.code, said.document["fault"]["type"]) == (1, "DatabaseError")
    shown = closeloop("board")
    assert (shown.code, shown.out) == (1, "")
    assert "DatabaseError" in shown.err
    assert "13800138000" not in said.out + said.err + shown.err


def test_the_language_is_a_setting(closeloop: Closeloop, number: str):
    told: set[str] = set()
    for locale in ("en", "zh_CN", "zh_TW"):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        told.add(closeloop("board").out)
    assert len(told) == 3


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    return {**kept, "CLOSELOOP_HOME": str(home), "CLOSELOOP_LOCALE": "en"}


def finished(*words: str | Path, env: dict[str, str], given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, check=False, env=env, input=given, text=True, capture_output=True)


def test_the_program_itself(tmp_path: Path):
    home = environment(tmp_path / "new" / "home")

    def answers(*words: str, given: str = "") -> dict[str, Any]:
        ended = finished(PROGRAM, *words, "--json", env=home, given=given)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count("\n") == 1
        return json.loads(ended.stdout)

    assert answers("init")["new"] is True
    opened = answers("case", "open", "--body", "-", "--as", "system", given="货物破损\n")
    assert opened["state"] == "received"
    ended = finished(PROGRAM, "case", "show", "cp-1", env=home)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "There is no case cp-1." in ended.stderr


QUICK = """
import sys
from apps.cli import run
for words in (["--help"], {deadline!r}, ["solve", "--json"]):
    assert run(words) in (0, 2)
kept_out = ("sqlalchemy", "sqlmodel", "pydantic_settings", "transitions", "openpyxl", "holidays")
heavy = [name for name in kept_out if name in sys.modules]
assert not heavy, heavy
"""


def test_what_needs_no_store_loads_nothing_heavy(tmp_path: Path):
    """A command is answered within half a second only if it imports what it needs and no more."""
    script = QUICK.format(deadline=["deadline", *EVERY["deadline"][1]])
    ended = finished(sys.executable, "-c", script, env=environment(tmp_path))
    assert ended.returncode == 0, ended.stderr


LIGHT = """
import sys
from apps.cli import run
for words in {words!r}:
    code = run(words)
    assert code in (0, 2), (words, code)
    heavy = sorted(name for name in ("prefect", "fastapi") if name in sys.modules)
    assert not heavy, (words, heavy)
"""


def test_light_commands_load_no_prefect(tmp_path: Path):
    contacts = csv_file(tmp_path, row())
    given = {**EVERY, "import": (REFUSED, (str(contacts), "--mapping", EVERY["import"][1][2]))}
    words = [[*command.split(), *arguments] for command, (_, arguments) in given.items()]
    script = LIGHT.format(words=[one for one in words if one[0] != "up"])
    ended = finished(sys.executable, "-c", script, env=environment(tmp_path))
    assert ended.returncode == 0, ended.stderr


COMMON = (
    ("case", "list"),
    ("case", "show", "cp-26-000001"),
    ("case", "clocks", "cp-26-000001"),
    ("case", "history", "cp-26-000001"),
    ("case", "open", "--text", "货物破损", "--as", "system"),
    (
        "case",
        "do",
        "cp-26-000001",
        "classify",
        "--set",
        "category=damage",
        "--set",
        "severity=normal",
        "--as",
        "system",
    ),
    ("board",),
    ("status",),
    ("callbacks",),
    ("dead", "list"),
)
"""What a desk and its supervisor ask all day."""
HEAVY = (
    "alembic", "cryptography", "holidays", "httpx", "numpy", "openpyxl", "prefect", "psycopg", "scipy", "sklearn",
    "sqlalchemy", "sqlmodel",
)  # fmt: skip
IMPORTS = """
import sys
from apps.cli import run
code = run({words!r})
assert code == 0, code
heavy = sorted(name for name in {heavy!r} if name in sys.modules)
assert not heavy, heavy
"""


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a simulated store with a case in it."""
    home = environment(tmp_path_factory.mktemp("stocked"))
    for words in (["init", "--simulated", "--at", START.isoformat()], COMMON[4]):
        assert finished(PROGRAM, *words, env=home).returncode == 0
    return home


@pytest.mark.parametrize("words", COMMON, ids=lambda words: " ".join(words[:2]))
def test_common_commands_import_no_heavy_library(stocked: dict[str, str], words: tuple[str, ...]):
    """Each of these takes longer to import than the command to answer."""
    ended = finished(sys.executable, "-c", IMPORTS.format(words=list(words), heavy=HEAVY), env=stocked)
    assert ended.returncode == 0, ended.stdout + ended.stderr
