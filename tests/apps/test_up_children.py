"""A child of ``up`` that dies is started again, ever later, once its server answers, and each change is told."""

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apps.up_children import LONGEST_PAUSE, STABLE, START_SECONDS, Change, KeptChild, keep_alive


@dataclass
class FakeChild:
    """A process that dies when the test says so."""

    log: Path = Path("/nowhere/child.log")
    exit_code: int | None = None
    starts: int = 0

    def start_again(self) -> None:
        self.starts += 1
        self.exit_code = None


@dataclass
class Watched:
    """A kept child, and a clock that the test moves."""

    child: FakeChild = field(default_factory=FakeChild)
    ready: bool = True
    kept: KeptChild = field(init=False)
    at: float = 1000.0

    def __post_init__(self) -> None:
        self.kept = KeptChild("server", self.child, is_ready=lambda: self.ready)

    def after(self, seconds: float) -> Change | None:
        self.at += seconds
        return self.kept.look(self.at)


def test_one_that_lives_is_left_alone():
    watched = Watched()
    assert [watched.after(1) for _ in range(5)] == [None] * 5
    assert watched.child.starts == 0


def test_one_that_dies_is_started_again_after_a_pause():
    watched = Watched()
    watched.child.exit_code = -signal.SIGKILL
    assert watched.after(1) is Change.DIED
    assert not watched.kept.up
    assert watched.after(0.5) is None, "the pause is a second"
    assert watched.after(0.6) is Change.STARTED
    assert watched.after(1) is Change.BACK
    assert watched.kept.up
    assert watched.child.starts == 1


def test_one_that_dies_again_and_again_is_started_ever_later():
    watched, pauses = Watched(), []
    for _ in range(9):
        watched.child.exit_code = 1
        assert watched.after(1) is Change.DIED
        pauses.append(watched.kept.pause)
        assert watched.after(watched.kept.pause) is Change.STARTED
        assert watched.after(1) is Change.BACK
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_one_that_ran_well_for_long_begins_with_the_first_pause_again():
    watched = Watched()
    for _ in range(3):
        watched.child.exit_code = 1
        watched.after(1)
        watched.after(watched.kept.pause)
        watched.after(1)
    watched.after(STABLE)
    watched.child.exit_code = 1
    assert watched.after(1) is Change.DIED
    assert watched.kept.pause == 1


def test_one_that_never_becomes_ready_is_started_anew():
    watched = Watched(ready=False)
    watched.child.exit_code = 1
    watched.after(1)
    watched.after(1)
    assert watched.after(1) is None
    assert watched.after(START_SECONDS) is Change.DIED
    assert watched.after(2) is Change.STARTED
    assert watched.child.starts == 2


def test_a_worker_waits_for_its_server():
    server, worker = Watched(), FakeChild()
    kept = KeptChild("worker", worker, needs=server.kept)
    server.child.exit_code, worker.exit_code = 1, 1
    assert server.after(1) is Change.DIED
    assert kept.look(server.at) is Change.DIED
    assert kept.look(server.at + 10) is None
    assert server.after(10) is Change.STARTED
    assert kept.look(server.at) is None
    assert server.after(1) is Change.BACK
    assert kept.look(server.at) is Change.STARTED


def test_what_fails_while_it_is_prepared_is_prepared_again():
    tries: list[int] = []

    def prepare() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")

    child = FakeChild(exit_code=1)
    kept = KeptChild("server", child, prepare=prepare)
    assert kept.look(1) is Change.DIED
    assert kept.look(3) is Change.STARTED
    with pytest.raises(OSError, match="not yet"):
        kept.look(4)
    assert kept.look(5) is Change.BACK
    assert len(tries) == 2


def test_each_change_is_told_with_how_it_ended():
    told: list[tuple[str, dict[str, Any]]] = []
    child = FakeChild(exit_code=-signal.SIGKILL)

    async def scene() -> None:
        def tell(key: str, **params: Any) -> None:
            told.append((key, params))
            enough.set()

        enough = asyncio.Event()
        task = asyncio.create_task(keep_alive([KeptChild("worker", child)], tell))
        await enough.wait()
        task.cancel()

    asyncio.run(scene())
    [(key, params)] = told
    assert key == "up.worker_died"
    assert (params["how"], params["pause"], params["log"]) == ("SIGKILL", 1, "/nowhere/child.log")
    assert params["at"].endswith("Asia/Shanghai")
