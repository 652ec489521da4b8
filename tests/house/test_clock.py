"""House rule: time is a parameter; only `engine/clock.py` reads the wall clock (STYLE 5)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOMS, ROOT, Source, dotted, findings, hold, sources, strings

THE_CLOCK = "engine/clock.py"
MAY_MEASURE = ("apps", "flows", "tests", "benchmarks")

WALL = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.clock_gettime"),
    *("pendulum.now", "pendulum.today", "pendulum.tomorrow", "pendulum.yesterday", "timezone.now"),
    *("func.now", "func.current_timestamp", "func.current_date", "func.clock_timestamp"),
}
STOPWATCH = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"}
SQL = re.compile(
    r"\bCURRENT_(TIMESTAMP|DATE|TIME)\b|\bLOCALTIMESTAMP\b|\b(now|clock_timestamp|statement_timestamp)\s*\(\s*\)"
    r"|\b(datetime|date|time|julianday|unixepoch|strftime)\s*\([^)]*'now'",
    re.IGNORECASE,
)


def clock_reads(source: Source) -> Iterator[str]:
    if source.path == THE_CLOCK:
        return
    forbidden = WALL if source.room in MAY_MEASURE else WALL | STOPWATCH
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, source.imported)
            if ".".join(name.split(".")[-2:]) in forbidden:
                yield source.at(node, f"reads the clock by {name}; take the instant as a parameter")
    if source.path.startswith("tests/house/"):
        return  # the rules quote what they forbid
    for node, text in strings(source):
        if SQL.search(text):
            yield source.at(node, f"asks the database for the time: {text.strip()[:40]!r}")


def test_only_the_clock_reads_the_clock():
    migrations = ("migrations",) if (ROOT / "migrations").exists() else ()
    hold(clock_reads, sources(*ROOMS, "tests", *migrations))


@pytest.mark.parametrize(
    "bad",
    [
        "from datetime import datetime, UTC\nat = datetime.now(UTC)",
        "from datetime import datetime as dt\nat = dt.utcnow()",
        "import datetime\nat = datetime.datetime.now()",
        "import datetime as d\nday = d.date.today()",
        "from datetime import date\nday = date.today()",
        "Field(default_factory=datetime.now)",
        "import time\nat = time.time()",
        "import time as t\nat = t.time_ns()",
        "from time import time\nat = time()",
        "from time import localtime as here\nat = here()",
        "import pendulum\nat = pendulum.now()",
        "from sqlalchemy import func\nat = func.now()",
        "text('select CURRENT_TIMESTAMP')",
        "text(f'update clocks set at = now() where {this}')",
        "text(\"select strftime('%s', 'now')\")",
    ],
)
@pytest.mark.parametrize(
    "where", ["engine/calendars/deadlines.py", "apps/board.py", "tests/engine/calendars/test_deadlines.py"]
)
def test_a_read_of_the_clock_is_caught(bad: str, where: str):
    assert findings(clock_reads, [Source(where, bad)])


def test_only_apps_flows_and_tests_may_measure_time():
    stopwatch = "import time\nstarted = time.monotonic()"
    assert findings(clock_reads, [Source("engine/outbox.py", stopwatch)])
    for where in ("apps/driver.py", "flows/prefect_ui/observer.py", "tests/test_speed.py"):
        assert findings(clock_reads, [Source(where, stopwatch)]) == []


@pytest.mark.parametrize(
    "good",
    [
        "from datetime import datetime\nat = datetime.fromisoformat('2026-03-01T00:00+08:00')",
        "'''What datetime.now() says is nobody's business.'''",
        "at = clock.now()",
        "import time\ntime.sleep(1)",
    ],
)
def test_an_instant_as_a_parameter_is_allowed(good: str):
    assert findings(clock_reads, [Source("engine/advance.py", good)]) == []
