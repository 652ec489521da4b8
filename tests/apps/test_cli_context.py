"""Every command ends with 0, 2 or 1, and with --json prints exactly one JSON document."""

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
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import HOUR, SECRET, START, new_case
from tests.gateways.contact_files import csv_file, row

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("closeloop")
NUMBER = "cp-26-000001"
DONE, REFUSED = 0, 2

PERIOD = ("--since", "2026-03-01", "--until", "2026-03-31")
COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "init": (DONE, ("--simulated", "--at", START.isoformat())),
    "status": (DONE, ()),
    "verify": (DONE, ()),
    "diagram": (DONE, ("complaint",)),
    "import": (REFUSED, ("nowhere.csv", "--mapping", str(ROOT / "examples" / "messages_zh.toml"))),
    "export": (DONE, ("--format", "csv", "--out", os.devnull)),
    "deadline": (DONE, tuple(f"--start {START.isoformat()} --amount 3 --unit days --calendar cn-office".split())),
    "case open": (DONE, ("--text", "My parcel is late.", "--as", "amy")),
    "case list": (DONE, ()),
    "case find": (DONE, ("parcel",)),
    "case show": (DONE, (NUMBER,)),
    "case do": (DONE, (NUMBER, "note", "--set", "note=He calls every day.", "--as", "sue")),
    "case follow-up": (DONE, (NUMBER, "--text", "It is still broken.", "--as", "sue")),
    "case attach": (DONE, (NUMBER, str(ROOT / "docs" / "images" / "window-key.png"), "--as", "sue")),
    "case attachments": (DONE, (NUMBER, "--as", "sue")),
    "case download": (REFUSED, (NUMBER, "0" * 32, "--to", "nowhere.jpg", "--as", "sue")),
    "case access-code": (REFUSED, (NUMBER, "--name", "Wang", "--reason", "No mail address.", "--as", "amy")),
    "case erase-attachment": (REFUSED, (NUMBER, "0" * 32, "--reason", "He asks for it.", "--as", "sue")),
    "case bundle": (REFUSED, (NUMBER, "case.zip", "--reason", "An appeal.", "--as", "sue")),
    "case erase": (REFUSED, (NUMBER, "1", "text", "--reason", "He asks for it.", "--as", "sue")),
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
    "user add": (REFUSED, ("zoe", "--role", "agent", "--as", "sue")),
    "user invite": (REFUSED, ("sue", "--as", "sue")),
    "user reset": (REFUSED, ("sue", "--as", "sue")),
    "user disable": (REFUSED, ("sue", "--as", "sue")),
    "user enable": (REFUSED, ("sue", "--as", "sue")),
    "user list": (DONE, ()),
    "user sessions": (DONE, ()),
    "user failures": (DONE, ("--as", "odd")),
    "user link": (REFUSED, ("sue", "--issuer", "https://id.example.com", "--subject", "s", "--as", "sue")),
    "user unlink": (DONE, ("sue", "--issuer", "https://id.example.com", "--subject", "s", "--as", "sue")),
    "user token": (DONE, ("sue",)),
    "token create": (DONE, ("sue", "--scope", "cases:read", "--expires", "30d")),
    "token list": (DONE, ()),
    "token revoke": (REFUSED, ("abc", "--as", "sue")),
    "refused": (DONE, ("--as", "odd")),
    "readings": (DONE, ("--as", "odd")),
    "dead list": (DONE, ()),
    "dead retry": (REFUSED, (NUMBER, "1", "classify_contact", "--as", "sue")),
    "dead drop": (REFUSED, (NUMBER, "1", "classify_contact", "--reason", "She was called.", "--as", "sue")),
    "webhook add": (REFUSED, ("https://hooks.example.com/", "--as", "sue")),
    "webhook list": (REFUSED, ("--as", "sue")),
    "webhook remove": (REFUSED, ("1", "--as", "sue")),
    "webhook rotate": (REFUSED, ("1", "--as", "sue")),
    "webhook test": (REFUSED, ("https://hooks.example.com/", "--as", "sue")),
    "webhook replay": (REFUSED, ("1", "--dead", "--as", "sue")),
    "policy list": (DONE, ()),
    "policy check": (DONE, ()),
    "policy show": (DONE, ("logistics",)),
    "policy preview": (REFUSED, ("nowhere.toml", "--as", "sue")),
    "policy publish": (REFUSED, ("nowhere.toml", "--reason", "decided", "--as", "sue")),
    "policy interpret": (REFUSED, ("logistics", "revisit", "--text", "From the receipt.", "--as", "sue")),
    "calendar list": (DONE, ()),
    "calendar show": (DONE, ("cn-office",)),
    "calendar preview": (REFUSED, ("nowhere.toml", "--as", "sue")),
    "calendar publish": (REFUSED, ("nowhere.toml", "--reason", "decided", "--as", "sue")),
    "calendar import": (REFUSED, ("cn-office", "nowhere.toml", "--as", "sue")),
    "calendar override": (REFUSED, ("cn-office", "--off", "2026-05-06", "--reason", "a fair", "--as", "sue")),
    "case similar": (DONE, ("--phone", "13800138000")),
    "customer": (DONE, ("--phone", "13800138000")),
    "customer questions": (DONE, ()),
    "customer merge": (REFUSED, (NUMBER, NUMBER, "--reason", "he says so", "--as", "sue")),
    "customer part": (REFUSED, (NUMBER, NUMBER, "--reason", "he says so", "--as", "sue")),
    "track": (REFUSED, (NUMBER,)),
    "recoveries": (DONE, ()),
    "analysis": (DONE, ()),
    "evaluation": (DONE, ()),
    "callbacks": (DONE, ()),
    "care answer": (REFUSED, ("cp-26-000001", "--says", "agrees", "--source", "phone", "--as", "amy")),
    "care figures": (DONE, ()),
    "care list": (DONE, ()),
    "survey list": (DONE, ()),
    "survey show": (DONE, ("after_complaint",)),
    "survey figures": (DONE, ()),
    "survey draw": (REFUSED, ("--period", "2026-02", "--pack", "logistics", "--size", "5", "--as", "amy")),
    "survey send": (REFUSED, ("1", "--as", "amy")),
    "survey call-off": (REFUSED, ("1", "--reason", "Asked twice.", "--as", "amy")),
    "survey drawn": (DONE, ()),
    "survey report": (REFUSED, ("1",)),
    "survey visits": (REFUSED, ("1", "--out", os.devnull, "--as", "amy")),
    "conduct checklists": (DONE, ()),
    "conduct list": (DONE, ()),
    "conduct show": (REFUSED, ("1",)),
    "conduct draw": (REFUSED, (*PERIOD, "--channel", "phone", "--as", "amy")),
    "conduct own": (DONE, ("--as", "amy")),
    "conduct object": (REFUSED, ("1", "--text", "I named one.", "--as", "amy")),
    "conduct answer": (REFUSED, ("1", "--text", "You did not.", "--as", "amy")),
    "conduct score": (REFUSED, ("1", "1", "--passed", "greeting", "--as", "amy")),
    "conduct figures": (DONE, PERIOD),
    "conduct publish": (REFUSED, ("nowhere.toml", "--effective", "2026-04-01", "--reason", "why", "--as", "amy")),
    "survey publish": (REFUSED, ("nowhere.toml", "--effective", "2026-04-01", "--reason", "why", "--as", "amy")),
    "training plan": (DONE, ()),
    "training certificates": (DONE, ()),
    "thirdparty import": (REFUSED, ("nowhere.csv", "--assessor", "SGS", "--period", "2026-02", "--as", "amy")),
    "thirdparty show": (DONE, ()),
    "duty import": (REFUSED, ("nowhere.csv", "--as", "sue")),
    "duty show": (DONE, ()),
    "duty swap": (
        REFUSED,
        ("han", "sue", "--until", (START + HOUR).isoformat(), "--reason", "why", "--as", "sue"),
    ),
    "duty gaps": (DONE, ()),
    "duty alerts": (DONE, ()),
    "duty groups": (DONE, ()),
    "duty test-group": (REFUSED, ("nights", "--as", "sue")),
    "duty acknowledge": (REFUSED, ("cp-26-000001", "--as", "sue")),
    "kpi list": (DONE, ()),
    "kpi show": (DONE, ("first_reply",)),
    "kpi explain": (DONE, ("first_reply",)),
    "kpi cases": (DONE, ("first_reply",)),
    "kpi export": (DONE, ("--out", os.devnull)),
    "kpi report": (REFUSED, ("--out", os.devnull)),
    "regulator-pack": (REFUSED, ("--out", os.devnull)),
    "whatif": (DONE, ("shipping",)),
    "staffing": (DONE, ("--people", "+1")),
    "kpi publish": (REFUSED, ("nowhere.toml", "--effective", "2026-04-01", "--reason", "why", "--as", "amy")),
    "audit completeness": (DONE, ("--period", "2026-03")),
    "audit evaluation": (DONE, ("--period", "2026-03")),
    "audit publish": (REFUSED, ("nowhere.toml", "--effective", "2026-04-01", "--reason", "why", "--as", "amy")),
    "kpi import-orders": (REFUSED, ("nowhere.csv", "--as", "amy")),
    "import-bounces": (REFUSED, ("nowhere.eml",)),
    "mailbox list": (DONE, ()),
    "mailbox fetch": (DONE, ()),
    "sweep": (DONE, ()),
    "report": (DONE, ()),
    "run-until": (DONE, ((START + HOUR).isoformat(),)),
    "mapping suggest": (REFUSED, ("nowhere.csv",)),
    "mapping check": (DONE, (str(ROOT / "examples" / "helpdesk.toml"),)),
    "replay": (REFUSED, ("nowhere.csv", "--mapping", str(ROOT / "examples" / "helpdesk.toml"))),
    "classifier train": (REFUSED, ("nowhere.csv",)),
    "classifier evaluate": (REFUSED, ("nowhere.csv",)),
    "classifier explain": (DONE, ("The parcel arrived broken.",)),
    "forecast train": (DONE, ()),
    "forecast evaluate": (DONE, ()),
    "forecast show": (DONE, ()),
    "forecast list": (DONE, ()),
    "classifier tree": (REFUSED, ("nowhere.xlsx", "--as", "sue")),
    "anchor": (DONE, ()),
    "proof": (REFUSED, ("cp-99-000009",)),
    "backup": (REFUSED, ("nowhere/store.zip",)),
    "lifecycle check": (DONE, ()),
    "lifecycle migrate": (DONE, ()),
    "restore": (REFUSED, ("nowhere.zip",)),
    "deploy": (REFUSED, ("--api", "http://127.0.0.1:9/api")),
    "acts": (REFUSED, ("--api", "http://127.0.0.1:9/api")),
    "worker": (REFUSED, ("--api", "http://127.0.0.1:9/api")),
    "serve": (REFUSED, ("--host", "192.0.2.1")),
    "drive": (REFUSED, ()),
    "up": (REFUSED, ()),
}
"""Each command on a simulated store with one case, with its exit code. ``demo`` is tested elsewhere."""

NEEDS_NO_STORE = {
    "init",
    "mailbox list",
    "duty groups",
    "diagram",
    "import",
    "deadline",
    "up",
    "deploy",
    "acts",
    "worker",
    "policy list",
    "policy check",
    "policy show",
} | {
    "calendar list",
    "calendar show",
    "survey list",
    "survey show",
    "conduct checklists",
    "mapping suggest",
    "mapping check",
    "classifier train",
    "classifier evaluate",
    "restore",
}

PROGRAM_APP = assembled(lambda name: True)


def commands(app: typer.Typer, prefix: str = "") -> Iterator[str]:
    """Yield the names of an application's commands, those of its groups included."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield prefix + (command.name or getattr(command.callback, "__name__", "")).rstrip("_")
    for group in app.registered_groups:
        assert group.typer_instance is not None
        if group.typer_instance.info.invoke_without_command is True:
            yield str(group.name)
        yield from commands(group.typer_instance, f"{group.name} ")


def test_this_file_lists_every_command():
    assert set(commands(PROGRAM_APP)) == {*COMMANDS, "demo"}


def test_no_command_is_listed_twice():
    names = [name for room in ROOMS for name in room.commands]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document(closeloop: Closeloop, number: str, command: str):
    code, arguments = COMMANDS[command]
    result = closeloop(*command.split(), *arguments, "--json")
    assert result.code == code, result.output
    assert set(result.document) >= ({"refused"} if code else set())


@pytest.mark.postgres
def test_every_command_works_on_postgres(closeloop: Closeloop, postgres_settings: Settings):
    closeloop.patch.setenv("CLOSELOOP_SECRET", SECRET)
    closeloop.patch.setenv("CLOSELOOP_DATABASE_URL", postgres_settings.database_url or "")
    order = ["case open", *(name for name in COMMANDS if name != "case open")]
    for command in order:
        code, arguments = COMMANDS[command]
        result = closeloop(*command.split(), *arguments, "--json")
        assert result.code == code, f"{command}: {result.output}"
    assert closeloop.json("status")["parts"]["database"]["database"] == "postgres"


@pytest.mark.parametrize("command", COMMANDS)
def test_without_json_a_person_reads_text(closeloop: Closeloop, number: str, command: str):
    code, arguments = COMMANDS[command]
    result = closeloop(*command.split(), *arguments)
    assert result.code == code
    assert result.err.strip() if code else result.out.strip()
    assert "Traceback" not in result.output
    assert "cli." not in result.output, "a message is missing in the catalogue"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_refused(closeloop: Closeloop, command: str):
    result = closeloop(*command.split(), "--no-such-option", "--json")
    assert (result.code, result.document["refused"]["code"]) == (REFUSED, "usage")
    assert "--help" in closeloop(*command.split(), "--no-such-option").err


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - NEEDS_NO_STORE))
def test_without_a_store_the_remedy_is_to_create_one(closeloop: Closeloop, command: str):
    refused = closeloop.refused(*command.split(), *COMMANDS[command][1])
    assert refused["code"] == "no_store"
    assert "closeloop init" in refused["text"]


def test_an_unknown_command_is_refused(closeloop: Closeloop):
    result = closeloop("solve", "--json")
    assert (result.code, result.document["refused"]["code"]) == (REFUSED, "usage")


def test_an_invalid_number_is_refused(closeloop: Closeloop, number: str):
    for arguments in (
        ("case", "list", "--level", "9"),
        ("case", "list", "--limit", "many"),
        ("up", "--prefect-port", "x"),
    ):
        assert closeloop.refused(*arguments)["code"] == "usage"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("case",), ("case", "do", "--help")])
def test_help_is_text_and_no_fault(closeloop: Closeloop, arguments: tuple[str, ...]):
    result = closeloop(*arguments)
    assert result.code in {DONE, REFUSED}
    assert "Usage: " in result.output


def test_a_fault_is_named_by_its_type_and_ends_with_one(closeloop: Closeloop, simulated: Any, home: Path):
    canary = b"Zhang San, 13800138000 "
    simulated.close()
    (home / "closeloop.db").write_bytes(canary * 200)
    for name in ("closeloop.db-wal", "closeloop.db-shm"):
        (home / name).unlink(missing_ok=True)
    result = closeloop("board", "--json")
    assert (result.code, result.document["fault"]["type"]) == (1, "DatabaseError")
    shown = closeloop("board")
    assert (shown.code, shown.out) == (1, "")
    assert "DatabaseError" in shown.err
    assert "13800138000" not in result.out + result.err + shown.err


def test_the_language_is_a_setting(closeloop: Closeloop, number: str):
    outputs: set[str] = set()
    for locale in ("en", "zh_CN", "zh_TW"):
        closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
        outputs.add(closeloop("board").out)
    assert len(outputs) == 3


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works in a home, without settings of the machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    return {**inherited, "CLOSELOOP_HOME": str(home), "CLOSELOOP_LOCALE": "en", "CLOSELOOP_SECRET": SECRET}


def run_process(*arguments: str | Path, env: dict[str, str], stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments, check=False, env=env, input=stdin, text=True, capture_output=True)


def test_the_installed_program_works(tmp_path: Path):
    home = environment(tmp_path / "new" / "home")

    def run_json(*arguments: str, stdin: str = "") -> dict[str, Any]:
        result = run_process(PROGRAM, *arguments, "--json", env=home, stdin=stdin)
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    assert run_json("init")["new"] is True
    run_json("actor", "add", "amy", "--role", "agent")
    opened = run_json("case", "open", "--body", "-", "--as", "amy", stdin="货物破损\n")
    assert opened["state"] == "received"
    result = run_process(PROGRAM, "case", "show", "cp-1", env=home)
    assert (result.returncode, result.stdout) == (2, "")
    assert "There is no case cp-1." in result.stderr


QUICK = """
import sys
from apps.cli import run
for arguments in (["--help"], {deadline!r}, ["solve", "--json"]):
    assert run(arguments) in (0, 2)
libraries = ("sqlalchemy", "sqlmodel", "pydantic_settings", "transitions", "openpyxl", "holidays")
heavy = [name for name in libraries if name in sys.modules]
assert not heavy, heavy
"""


def test_commands_without_a_store_load_no_heavy_library(tmp_path: Path):
    """A command answers within half a second only if it imports no more than it needs."""
    script = QUICK.format(deadline=["deadline", *COMMANDS["deadline"][1]])
    result = run_process(sys.executable, "-c", script, env=environment(tmp_path))
    assert result.returncode == 0, result.stderr


OPENING = """
import sys
from apps.cli import run
assert run(["case", "list", "--json"]) == 0
libraries = ("asyncio", "sqlalchemy", "pydantic_settings", "openpyxl", "httpcore", "charset_normalizer", "yaml")
heavy = [name for name in libraries if name in sys.modules]
assert not heavy, heavy
assert run(["status", "--json"]) == 0
assert "httpcore" not in sys.modules
"""


def test_listing_cases_loads_no_library_that_it_does_not_need(sqlite_settings: Settings):
    """The imports are three quarters of what a command costs that opens a store."""
    result = run_process(sys.executable, "-c", OPENING, env=environment(sqlite_settings.where))
    assert result.returncode == 0, result.stderr


LIGHT = """
import sys
from apps.cli import run
for arguments in {commands!r}:
    code = run(arguments)
    assert code in (0, 2), (arguments, code)
    heavy = sorted(name for name in ("prefect", "fastapi") if name in sys.modules)
    assert not heavy, (arguments, heavy)
"""


@pytest.mark.long
def test_light_commands_load_no_prefect(tmp_path: Path):
    contacts = csv_file(tmp_path, row())
    cases = {**COMMANDS, "import": (REFUSED, (str(contacts), "--mapping", COMMANDS["import"][1][2]))}
    lines = [[*command.split(), *arguments] for command, (_, arguments) in cases.items()]
    script = LIGHT.format(commands=[line for line in lines if line[0] != "up"])
    result = run_process(sys.executable, "-c", script, env=environment(tmp_path))
    assert result.returncode == 0, result.stderr


COMMON = (
    ("case", "list"),
    ("case", "show", "cp-26-000001"),
    ("case", "clocks", "cp-26-000001"),
    ("case", "history", "cp-26-000001"),
    ("case", "open", "--text", "货物破损", "--as", "amy"),
    (
        "case",
        "do",
        "cp-26-000001",
        "classify",
        "--set",
        "category=cargo_damage",
        "--set",
        "severity=normal",
        "--as",
        "amy",
    ),
    ("board",),
    ("status",),
    ("callbacks",),
    ("dead", "list"),
    ("kpi", "list"),
)
"""The commands that a desk and its supervisor enter all day."""
HEAVY = (
    "alembic", "cryptography", "holidays", "httpx", "numpy", "openpyxl", "prefect", "psycopg", "scipy", "sklearn",
    "smtplib", "sqlalchemy", "sqlmodel", "xlsxwriter",
)  # fmt: skip
NOT_OF_A_CASE = (
    "engine.accounts.access_codes", "engine.audit.erase_texts", "gateways.charset", "markdown_it",
    "reports.indicators.figures", "yaml",
)  # fmt: skip
"""What the commands that come first, those of a case, need not load either."""
IMPORTS = """
import sys
from apps.cli import run
for arguments in {commands!r}:
    code = run(arguments)
    assert code == 0, (arguments, code)
    unused = {heavy!r} + ({not_of_a_case!r} if arguments[0] == "case" else ())
    heavy = sorted(name for name in unused if name in sys.modules)
    assert not heavy, (arguments, heavy)
"""


def test_common_commands_import_no_heavy_library(sqlite_settings: Settings, sqlite_store: Store):
    """Each of these libraries takes longer to import than the command to answer; one process enters all commands."""
    new_case(sqlite_store)
    script = IMPORTS.format(
        commands=[list(arguments) for arguments in COMMON], heavy=HEAVY, not_of_a_case=NOT_OF_A_CASE
    )
    result = run_process(sys.executable, "-c", script, env=environment(sqlite_settings.where))
    assert result.returncode == 0, result.stdout + result.stderr


BUDGETS = (
    (("board",), 152, ("asyncio", "markdown_it", "pygments", "yaml")),
    (("status",), 145, ("apscheduler", "asyncio", "markdown_it")),
    (("case", "list"), 240, NOT_OF_A_CASE),
    (("kpi", "list"), 255, ("engine.commands.arrivals", "gateways.orders", "phonenumbers", "reports.event_log")),
)
"""Commands; how many modules of this project each may import, and which modules it must not."""
OWN = ("apps.", "classifier.", "engine.", "flows.", "gateways.", "locales.", "models.", "reports.", "statemachines.")
COUNTED = """
import sys
from apps.cli import run
assert run({arguments!r}) == 0
own = sorted(name for name in sys.modules if name.startswith({own!r}))
assert len(own) <= {most}, (len(own), own)
unused = sorted(name for name in {unused!r} if name in sys.modules)
assert not unused, unused
"""


@pytest.mark.parametrize(
    ("arguments", "most", "unused"), BUDGETS, ids=[" ".join(arguments) for arguments, _, _ in BUDGETS]
)
def test_a_command_stays_within_its_budget_of_imports(
    sqlite_settings: Settings, sqlite_store: Store, arguments: tuple[str, ...], most: int, unused: tuple[str, ...]
):
    """What a command imports is most of its time. Raise a budget only with a reason; each command has a new process."""
    new_case(sqlite_store)
    script = COUNTED.format(arguments=[*arguments, "--json"], own=OWN, most=most, unused=unused)
    result = run_process(sys.executable, "-c", script, env=environment(sqlite_settings.where))
    assert result.returncode == 0, result.stdout + result.stderr
