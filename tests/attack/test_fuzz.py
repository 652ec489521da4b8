"""Hostile texts and files for every command that reads: no traceback, no hang, no partial write, no flood of memory.

The inputs are generated from the command line itself: a new command, option or file argument is attacked as soon as it
is there, and a file argument of which this module does not know what it reads fails the first test.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from typer.main import get_command

from apps.cli.index import assembled
from engine.actors import NewActor, add_actor
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.attack import hostile_inputs as hostile
from tests.attack.fuzz_runner import CPU_SECONDS, MEMORY
from tests.case_actions import SECRET, START, add_staff, new_case
from tests.gateways.logs import log_formats

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
SEED = 15
FULL, SHORT = 1200, 120
RUNNERS = 2
NOT_ATTACKED = {
    "up": "starts processes that stay", "drive": "runs until it is stopped", "demo": "makes a home of its own",
    "serve": "runs until it is stopped",
    "deploy": "speaks to a Prefect server", "acts": "speaks to a Prefect server",
}  # fmt: skip
"""Commands that read no text of ours and no file, or that do not end by themselves."""
LOGS = (".xes", ".csv", ".jsonocel", ".xmlocel", ".sqlite", ".xlsx", ".xes.gz")
READS: dict[tuple[str, str], tuple[str, ...]] = {
    ("import", "file"): (".csv", ".jsonl", ".xlsx"), ("import", "--mapping"): (".toml",),
    ("import-bounces", "path"): (".eml",), ("replay", "log"): LOGS, ("replay", "--mapping"): (".toml",),
    ("mapping suggest", "log"): LOGS, ("mapping check", "log"): LOGS, ("mapping check", "mapping"): (".toml",),
    ("policy publish", "file"): (".toml",), ("calendar publish", "file"): (".toml",),
    ("policy preview", "file"): (".toml",), ("calendar preview", "file"): (".toml",),
    ("calendar import", "file"): (".toml",), ("survey publish", "file"): (".toml",),
    ("conduct publish", "file"): (".toml",), ("audit publish", "file"): (".toml",),
    ("kpi publish", "file"): (".toml",), ("kpi import-orders", "file"): (".csv", ".csv.gz"),
    ("kpi import-orders", "--scores"): (".csv",),
    ("thirdparty import", "file"): (".csv", ".xlsx"), ("duty import", "file"): (".csv", ".xlsx", ".ics"),
    ("run-until", "--scenario"): (".toml",), ("classifier train", "files"): (".csv", ".csv.gz", ".xlsx"),
    ("classifier evaluate", "file"): (".csv", ".xlsx"), ("classifier tree", "file"): (".csv", ".xlsx"),
    ("case open", "--body"): (".txt",), ("case similar", "--body"): (".txt",), ("case follow-up", "--body"): (".txt",),
    ("case do", "--body"): (".txt",), ("restore", "file"): (".zip",), ("lifecycle check", "backup"): (".zip",),
    ("case attach", "files"): (".jpg", ".txt"),
}  # fmt: skip
"""The kinds of file that each argument reads."""
WRITES = frozenset({("case bundle", "file"),
    ("export", "--out"), ("export", "--mapping"), ("replay", "--report"), ("replay", "--picture"),
    ("mapping suggest", "--out"), ("backup", "file"), ("case download", "--to"), ("kpi export", "--out"),
    ("kpi report", "--out"), ("regulator-pack", "--out"), ("survey visits", "--out"),
    ("whatif", "--out"),
})  # fmt: skip
SOUND: dict[str, str] = {
    "case": "cp-26-000001", "number": "cp-26-000001", "other": "cp-26-000002", "move": "note", "handle": "amy",
    "--role": "agent", "kind": "complaint", "pack": "logistics", "clause": "reply", "--text": "My parcel is late.",
    "--reason": "because", "--effective": "2027-01-01", "until": "2026-03-02T02:00:00Z", "codes": "a_department",
    "seq": "1", "reaction": "acknowledge", "--format": "csv", "text": "The box was open.", "--since": "2026-01-01",
    "--for": "escalate", "--start": "2026-03-02T01:00:00Z", "--amount": "3", "--unit": "hours",
    "--calendar": "cn-hotline", "--issuer": "https://id.example.com", "--subject": "s", "token_id": "abc",
    "draw": "1", "position": "1", "sheet": "1", "--name": "Wang", "--until": "2026-03-31", "--channel": "phone",
    "survey": "1", "--period": "2026-02", "--pack": "logistics", "--size": "5",
    "person": "han", "stand_in": "sue",
    "url": "https://hooks.example.com/", "id_": "1", "to": "1", "words": "broken box",
    "--assessor": "SGS",
    "--says": "agrees", "--source": "phone",
}  # fmt: skip
"""A sound value for each argument that must be given while another one is attacked."""
NAMES = {"calendar": "cn-hotline", "survey": "after_complaint", "policy": "logistics"}
BOSS = "eva"


@dataclass(frozen=True)
class Parameter:
    """One argument or option of a command."""

    name: str
    positional: bool
    required: bool
    takes: str
    """``path``, ``text``, ``number`` or ``flag``."""


@cache
def commands() -> dict[str, list[Parameter]]:
    """Return the parameters of every command by its words, as the command line itself has them."""
    listed: dict[str, list[Parameter]] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))
        if words and (not getattr(command, "commands", None) or getattr(command, "invoke_without_command", False)):
            listed[" ".join(words)] = [_parameter(each) for each in command.params if each.name != "help"]

    walk(get_command(assembled(lambda _: True)), ())
    return {words: params for words, params in listed.items() if words not in NOT_ATTACKED}


def _parameter(param: Any) -> Parameter:
    positional = type(param).__name__.endswith("Argument")
    annotation = param.type_descriptor.annotation
    kinds = {annotation, *get_args(annotation)}
    takes = "path" if Path in kinds else "flag" if bool in kinds else "number" if kinds & {int, float} else "text"
    return Parameter(param.opts[0] if not positional else param.name, positional, param.required, takes)


@dataclass(frozen=True)
class Attack:
    """One command with one hostile value: a text, or the name and the writer of a file."""

    command: str
    parameter: str
    title: str
    text: str = ""
    suffix: str = ""
    write: hostile.Writer | None = None


def test_of_every_path_it_is_known_what_it_reads_or_writes():
    paths = {(words, each.name) for words, params in commands().items() for each in params if each.takes == "path"}
    assert paths <= READS.keys() | WRITES
    known = {(words, each.name) for words, params in commands().items() for each in params}
    assert READS.keys() | WRITES <= known


def test_every_parameter_that_must_be_given_has_a_sound_value():
    needed = {
        each.name
        for words, params in commands().items()
        for each in params
        if each.required and (words, each.name) not in READS.keys() | WRITES and each.name != "name"
    }
    assert needed <= SOUND.keys()


def attacks(samples: dict[str, bytes]) -> Iterator[Attack]:
    """Yield every attack there is: each hostile text for each text and number, each hostile file for each path."""
    for words, params in commands().items():
        for each in params:
            if (words, each.name) in READS:
                yield from _file_attacks(words, each.name, samples)
                yield from (Attack(words, each.name, "path", text) for text in TARGETS)
            elif (words, each.name) in WRITES:
                yield from (Attack(words, each.name, "target", text) for text in TARGETS)
            elif each.takes in {"text", "number"}:
                yield from (Attack(words, each.name, "text", text) for text in hostile.texts())


TARGETS = ("/nonexistent/folder/file", "/", "/dev/full", "x" * 5000, "/proc/self/mem/file", ".", "..")


def _file_attacks(words: str, name: str, samples: dict[str, bytes]) -> Iterator[Attack]:
    for suffix in READS[words, name]:
        kind = suffix.removesuffix(".gz")
        sample = samples.get(f"{words} {name}{suffix}") or samples.get(kind, b"")
        writers = hostile.places() | dict(hostile.mutations(sample, 12, SEED))
        text = sample.decode("utf-8", "replace")
        match kind:
            case ".xes" | ".xmlocel":
                writers |= hostile.xml_files()
            case ".jsonocel" | ".jsonl":
                writers |= hostile.json_files()
            case ".sqlite":
                writers |= hostile.sqlite_files()
            case ".xlsx":
                writers |= hostile.workbook_files()
            case ".toml":
                writers |= hostile.toml_files(text)
            case ".csv":
                writers |= hostile.table_files(text)
            case ".eml":
                writers |= hostile.mail_files()
            case _:
                pass
        yield from (Attack(words, name, title, suffix=suffix, write=write) for title, write in writers.items())


def chosen(whole: Sequence[Attack], number: int) -> list[Attack]:
    """Return a number of attacks, at first some for each parameter, half of them files: the same ones every time."""
    random = Random(SEED)
    files = [attack for attack in whole if attack.write is not None]
    texts = [attack for attack in whole if attack.write is None]
    random.shuffle(files)
    random.shuffle(texts)
    picked: list[Attack] = []
    for part, most in ((files, number // 2), (texts, number - number // 2)):
        by_place: dict[tuple[str, str, str], list[Attack]] = {}
        for attack in part:
            by_place.setdefault((attack.command, attack.parameter, attack.suffix), []).append(attack)
        turns = [turn for place in by_place.values() for turn in enumerate(place)]
        random.shuffle(turns)
        picked += [attack for _, attack in sorted(turns, key=lambda turn: turn[0])[:most]]
    return picked


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a store, staff and two cases."""
    home = tmp_path_factory.mktemp("attacked") / "home"
    home.mkdir(mode=0o700)
    settings = Settings(home=home, secret=SECRET)
    create_store(settings, START, simulated_at=START)
    store = settings.store()
    _fill(store)
    store.close()
    (home / "secret").write_text(SECRET)
    return home


def _fill(store: Store) -> None:
    add_staff(store)
    with store.writing() as tx:
        add_actor(tx, NewActor(BOSS, (Role.ADMINISTRATOR, Role.EVALUATION_GROUP, Role.AUDITOR, Role.AGENT)))
    new_case(store)
    new_case(store, customer="王女士", phone="13800138000", row_id="2")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound file of each kind, by its suffix, or by command, argument and suffix."""
    folder = tmp_path_factory.mktemp("samples")
    found = {suffix: _log(folder, suffix) for suffix in (".xes", ".csv", ".jsonocel", ".xmlocel", ".sqlite", ".xlsx")}
    contacts = (ROOT / "examples" / "contacts.csv").read_bytes().splitlines(keepends=True)
    found["import file.csv"] = b"".join(contacts[:6])
    policies = ROOT / "policies"
    return found | {
        "import --mapping.toml": (ROOT / "examples" / "contacts.toml").read_bytes(),
        "replay --mapping.toml": log_formats.TABLE.encode(), "mapping check mapping.toml": log_formats.TABLE.encode(),
        "policy publish file.toml": (policies / "logistics.toml").read_bytes(),
        "calendar publish file.toml": (policies / "calendars.toml").read_bytes(),
        "calendar import file.toml": (policies / "holidays" / "CN.toml").read_bytes(),
        "survey publish file.toml": (policies / "questionnaires" / "after_complaint.toml").read_bytes(),
        "run-until --scenario.toml": b'[[actor]]\nhandle = "bob"\nroles = ["agent"]\n',
        ".txt": "包裹破损，请尽快处理。".encode(), ".zip": b"PK\x03\x04",
        ".ics": b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302T120000Z\nDTEND:20260303T000000Z\n"
        b"RRULE:FREQ=DAILY\nSUMMARY:han\nEND:VEVENT\nEND:VCALENDAR\n",
        ".eml": b"From: a@b.cc\nContent-Type: text/plain\n\nx\n",
        "classifier tree file.csv": "一级,二级,三级\n运输,破损,外箱\n".encode(),
    }  # fmt: skip


def test_the_commands_hold_against_hostile_input(full: bool, template: Path, samples: dict[str, bytes], tmp_path: Path):
    picked = chosen(list(attacks(samples)), FULL if full else SHORT)
    assert len(picked) >= (1000 if full else 100)
    assert {attack.command for attack in picked} >= {words for words, _ in READS}
    with ThreadPoolExecutor(RUNNERS) as pool:
        parts = [picked[n::RUNNERS] for n in range(RUNNERS)]
        faults = [
            fault for found in pool.map(lambda part: list(_run(part, template, tmp_path)), parts) for fault in found
        ]
    assert not faults, f"{len(faults)} of {len(picked)}:\n" + "\n".join(faults)


def _run(part: Sequence[Attack], template: Path, folder: Path) -> Iterator[str]:
    """Run attacks one after another; yield what each that does not hold did wrong."""
    runner = [sys.executable, "-m", "tests.attack.fuzz_runner", str(template)]
    with subprocess.Popen(runner, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for attack in part:
            place = Path(folder) / f"attack-{id(attack)}"
            place.mkdir()
            arguments = _arguments(attack, place, folder)
            process.stdin.write(json.dumps({"arguments": arguments}) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            _clear(place)
            if wrong := list(_faults(answer)):
                shown = " ".join(argument[:60] for argument in arguments)
                yield f"{', '.join(wrong)}: {attack.title}: {shown!r}\n    {answer['output'][-700:]}"


def _clear(place: Path) -> None:
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    place.rmdir()


def _faults(answer: dict[str, Any]) -> Iterator[str]:
    if answer["signal"] is not None:
        yield f"killed by signal {answer['signal']}"
    elif answer["code"] not in {0, 2}:
        yield f"exit code {answer['code']}"
    if answer["traceback"]:
        yield "traceback"
    if answer["unsafe"]:
        yield "an escape on the terminal"
    if answer["cpu"] > CPU_SECONDS:
        yield f"{answer['cpu']:.1f} s of CPU"
    if answer["memory"] > MEMORY:
        yield f"{answer['memory'] // 1_000_000} MB"
    if answer["code"] == 2 and answer["changed"]:
        yield "refused, and wrote"


def _arguments(attack: Attack, place: Path, folder: Path) -> list[str]:
    """Return the arguments of a command: the hostile value for one parameter, sound values for what else it needs."""
    value = attack.text
    if attack.write is not None:
        path = place / f"attack{attack.suffix}"
        attack.write(path)
        value = str(path)
    words, options, positional = attack.command.split(), list[str](), list[str]()
    for each in commands()[attack.command]:
        given = value if each.name == attack.parameter else _sound(attack, each, folder)
        if given is None:
            continue
        if each.positional:
            positional.append(given)
        else:
            options.append(f"{each.name}={given}")
    return [*words, *options, "--", *positional] if positional else [*words, *options]


def _sound(attack: Attack, each: Parameter, folder: Path) -> str | None:
    if each.name == "--as":
        return BOSS
    if each.name == "name":
        return NAMES.get(attack.command.split()[0], "logistics") if each.required else None
    if each.name == "--mapping" and attack.command in {"import", "replay"}:
        return str(_mapping(attack, folder))
    if (attack.command, each.name) in READS and each.required:
        return str(_sound_file(attack, each.name, folder))
    if (attack.command, each.name) == ("case open", "--text") and attack.parameter == "--body":
        return None
    if each.required or (each.name == "--text" and attack.parameter != "--body"):
        return str(folder / "out") if (attack.command, each.name) in WRITES else SOUND[each.name]
    return None


def _mapping(attack: Attack, folder: Path) -> Path:
    if attack.command == "import":
        return ROOT / "examples" / "contacts.toml"
    suffix = attack.suffix.removesuffix(".gz")
    text = {".xes": log_formats.XES, ".csv": log_formats.TABLE, ".xlsx": log_formats.TABLE}.get(
        suffix, log_formats.OCEL
    )
    path = folder / f"mapping{suffix}.toml"
    path.write_text(text if attack.write is not None else log_formats.TABLE)
    return path


def _sound_file(attack: Attack, name: str, folder: Path) -> Path:
    if name == "mapping":
        return _mapping(attack, folder)
    if attack.command == "import":
        return ROOT / "examples" / "contacts.csv"
    if name == "log":
        return _log_file(folder, ".csv")
    path = folder / f"sound-{attack.command.replace(' ', '-')}{READS[attack.command, name][0]}"
    path.write_text("text,label\nx,damage\n")
    return path


def _log(folder: Path, suffix: str) -> bytes:
    return _log_file(folder, suffix).read_bytes()


def _log_file(folder: Path, suffix: str) -> Path:
    match suffix:
        case ".xes":
            return log_formats.xes_log(folder)
        case ".xlsx":
            return log_formats.sheet_log(folder)
        case ".jsonocel":
            return log_formats.ocel_log(folder, "log.jsonocel")
        case ".xmlocel" | ".sqlite":
            path = folder / f"log{suffix}"
            path.write_bytes(OCEL_XML if suffix == ".xmlocel" else b"SQLite format 3\0" + bytes(4000))
            return path
        case _:
            return log_formats.csv_log(folder)


OCEL_XML = b"""<log><objects><object id="t1" type="ticket"><attributes/></object></objects><events>
<event id="e1" type="Resolve" time="2024-03-01T08:00:00Z">
<attributes><attribute name="clerk">bob</attribute></attributes><objects>
<relationship object-id="t1" qualifier="of"/></objects></event></events></log>"""
