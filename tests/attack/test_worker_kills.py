"""Workers of the API are killed with SIGKILL under load; the callers repeat what was not answered, by its key.

Whatever was acknowledged is there, once, and nothing else: no half of a request and no second case.
"""

import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from engine.audit.verify import verify
from tests.apps.api.serving import Serving, served_store, serving, until
from tests.case_actions import query_rows
from tests.conftest import DATABASES

pytestmark = [pytest.mark.long, pytest.mark.requirement("B5")]

SHORT, FULL = 5, 50
"""How often a worker is killed on each database: ten times, or a hundred."""
SEED = 16
CALLERS = 4
BETWEEN = (1, 12)
"""So many more requests are acknowledged before the next worker is killed."""
STATEMENTS = """SELECT s.content, c.number, s.seq FROM statement s JOIN cases c ON c.id = s.case_id
 WHERE s.field IN ('text', 'note')"""


@dataclass
class Caller:
    """Opens a case and makes notes on it, in turns, each under a key; repeats a request until it is acknowledged."""

    name: str
    client: httpx.Client
    stop: threading.Event
    opened: dict[str, str] = field(default_factory=dict[str, str])
    """The number of the case that each text was acknowledged with."""
    noted: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """The case and the step of it that each note was acknowledged with."""
    repeated: int = 0
    refused: list[str] = field(default_factory=list[str])

    def run(self) -> None:
        while not self.stop.is_set():
            text = f"{self.name} {len(self.opened)}"
            number = str(self._post("/cases", text, {"text": text})["number"])
            self.opened[text] = number
            for count in range(3):
                note = f"{text} {count}"
                moved = self._post(f"/cases/{number}/moves/note", note, {"note": note})
                self.noted[note] = number, int(str(moved["seq"]))

    def _post(self, path: str, key: str, body: dict[str, str]) -> dict[str, object]:
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self.client.post(path, json=body, headers={"Idempotency-Key": key})
                if answer.is_success:
                    return answer.json()
                self.refused.append(f"{answer.status_code} {answer.text}")
            self.repeated += 1


@pytest.fixture(params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """Two workers over a new store, on each database."""
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else None
    with serving(*served_store(tmp_path, url), workers=2) as running:
        yield running


def test_what_was_acknowledged_is_there_once(served: Serving, full: bool):
    stop, chance = threading.Event(), random.Random(SEED)
    with contextlib.ExitStack() as stack:
        callers = [Caller(f"caller {n}", stack.enter_context(served.client()), stop) for n in range(CALLERS)]
        threads = [threading.Thread(target=caller.run) for caller in callers]
        for thread in threads:
            thread.start()
        try:
            for _ in range(FULL if full else SHORT):
                kill_one(served, callers, chance)
            until_acknowledged(callers, CALLERS)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert [refusal for caller in callers for refusal in caller.refused] == []
    assert sum(caller.repeated for caller in callers) > 0, "no kill met a request"
    check_store(served, callers)


def kill_one(served: Serving, callers: list[Caller], chance: random.Random) -> None:
    """Kill a worker in the middle of the load, and wait until another has taken its place."""
    until_acknowledged(callers, chance.randint(*BETWEEN))
    killed = chance.choice(served.workers())
    served.kill(killed)
    until(lambda: len(workers := served.workers()) == 2 and killed not in workers)


def until_acknowledged(callers: list[Caller], more: int) -> None:
    before = acknowledged(callers)
    until(lambda: acknowledged(callers) >= before + more)


def acknowledged(callers: list[Caller]) -> int:
    return sum(len(caller.opened) + len(caller.noted) for caller in callers)


def check_store(served: Serving, callers: list[Caller]) -> None:
    """Compare the store with what the callers were told, and check its chains."""
    opened = {text: number for caller in callers for text, number in caller.opened.items()}
    noted = {note: place for caller in callers for note, place in caller.noted.items()}
    with contextlib.closing(served.settings.store()) as store:
        numbers = [row["number"] for row in query_rows(store, "SELECT number FROM cases")]
        texts = [(row["content"], row["number"], row["seq"]) for row in query_rows(store, STATEMENTS)]
        assert verify(store).ok
    assert sorted(numbers) == sorted(opened.values())
    expected = [(text, number, 1) for text, number in opened.items()]
    assert sorted(texts) == sorted([*expected, *((note, *place) for note, place in noted.items())])
