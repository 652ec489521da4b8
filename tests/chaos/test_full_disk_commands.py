"""On a full or a read-only disk every command says so and changes nothing; the driver waits for room and goes on."""

import asyncio
import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.settings import Settings
from flows.work import Work
from gateways.mail import FakeMailer, FileMailer, Mail
from gateways.telephone import CallList
from tests.apps.conftest import Closeloop, closeloop  # noqa: F401 - a fixture
from tests.apps.test_driver import driving, open_in_another_process, unfinished
from tests.case_actions import query_rows
from tests.chaos.machine_faults import fill_disk, small_disk
from tests.chaos.shifted_time import ShiftedWork, TimeOffset

READS = (
    "board",
    "case show cp-26-000001",
    "case list",
    "actor list",
    "policy list",
    "dead list",
    "report",
    "verify",
    "lifecycle check",
)
WRITES = ("init", "case open --text Broken. --as amy", "anchor", "sweep", "drive")
MAIL = Mail("key", "ann@example.com", "Subject", "x" * 10_000)


@pytest.fixture
def disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="small") as folder, small_disk(Path(folder) / "disk", 16) as disk:
        if disk is None:
            pytest.skip("mounting a small disk is not permitted here")
        yield disk


@pytest.fixture
def at_work(closeloop: Closeloop, disk: Path) -> Closeloop:  # noqa: F811
    """The command line with a store on the small disk, a person and a case; no process has it open."""
    closeloop.patch.setenv("CLOSELOOP_HOME", str(disk / "home"))
    closeloop.json("init")
    closeloop.json("actor", "add", "amy", "--role", "agent")
    closeloop.json("case", "open", "--text", "Broken.", "--as", "amy")
    assert not (disk / "home" / "closeloop.db-shm").exists()
    return closeloop


@contextlib.contextmanager
def read_only(disk: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def refusal_of(closeloop: Closeloop, command: str) -> str:  # noqa: F811
    return closeloop.refused(*command.split())["code"]


def test_on_a_full_disk_every_command_says_so_and_changes_nothing(at_work: Closeloop, disk: Path):
    with fill_disk(disk):
        assert {command: refusal_of(at_work, command) for command in (*READS, *WRITES)} == dict.fromkeys(
            (*READS, *WRITES), "disk_full"
        )
        assert refusal_of(at_work, f"backup {disk / 'b.backup'}") == "disk_full"
        status = at_work("status", "--json")
        assert (status.code, status.document["parts"]["database"]["reason"]) == (2, "disk_full")
    assert at_work.json("verify")["transitions"] == 1
    assert sorted(path.name for path in disk.iterdir()) == ["home"]


def test_in_a_read_only_home_what_reads_goes_on_and_what_writes_says_so(at_work: Closeloop, disk: Path):
    with read_only(disk):
        for command in ("case open --text Broken. --as amy", "anchor", "verify", f"backup {disk / 'b.backup'}"):
            refused = at_work.refused(*command.split())
            assert refused["code"] == "read_only", command
            assert str(disk) in refused["params"]["place"]
    assert at_work.json("verify")["transitions"] == 1


def test_init_in_a_read_only_folder_says_so(closeloop: Closeloop, disk: Path):  # noqa: F811
    closeloop.patch.setenv("CLOSELOOP_HOME", str(disk / "home"))
    with read_only(disk):
        assert refusal_of(closeloop, "init") == "read_only"
    assert closeloop.json("init")["new"] is True


def test_a_mail_that_a_full_disk_takes_in_part_is_not_sent(disk: Path):
    file = disk / "outbox" / "mail.jsonl"
    mailer = FakeMailer(file)
    mailer.send(MAIL)
    with fill_disk(disk), pytest.raises(OSError, match="No space left"):
        mailer.send(MAIL)
    assert mailer.sent == [MAIL]
    mailer.send(MAIL)
    assert [json.loads(line)["key"] for line in file.read_text("utf-8").splitlines()] == ["key", "key"]


def test_what_a_killed_process_wrote_of_a_mail_is_cut_off(tmp_path: Path):
    file = tmp_path / "mail.jsonl"
    FileMailer(file).send(MAIL)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"key": "half' + b"x" * 100_000)
    FileMailer(file).send(MAIL)
    assert file.read_bytes() == whole * 2


@dataclass
class FillingMailer(FakeMailer):
    """Fills the disk before the first mail, as if another program did just then."""

    disk: Path
    file: Path
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    filled: bool = False

    def __post_init__(self) -> None:
        super().__init__(self.file)

    def send(self, mail: Mail) -> None:
        if not self.filled:
            self.filled = True
            self.stack.enter_context(fill_disk(self.disk))
        super().send(mail)


def test_the_driver_waits_for_room_and_goes_on(at_work: Closeloop, disk: Path):
    settings = Settings(home=disk / "home")
    file = disk / "outbox" / "mail.jsonl"
    with contextlib.closing(settings.store()) as store, contextlib.ExitStack() as stack:
        mailer = FillingMailer(disk, file, stack)
        work: Work = ShiftedWork(store, mailer, CallList(), "en", offset=TimeOffset())

        async def scene() -> None:
            assert isinstance(work, ShiftedWork)
            assert work.offset is not None
            async with driving(work) as alarm:
                if not mailer.filled:
                    open_in_another_process(settings, work, "ann@example.com")
                await alarm.passes_until(lambda: mailer.filled)
                assert mailer.sent == []
                stack.close()  # somebody makes room
                work.offset.jump(3600)
                alarm.ring()
                await alarm.passes_until(lambda: not unfinished(store))

        asyncio.run(scene())
        assert "ann@example.com" in {mail.to for mail in mailer.sent}
        keys = [json.loads(line)["key"] for line in file.read_text("utf-8").splitlines()]
        assert len(keys) == len(set(keys))
        assert query_rows(store, "SELECT 1 FROM delivery WHERE status = 'dead'") == []
