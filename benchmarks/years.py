"""Measures the CPU of nine simulated years: every night from 2011 to 2020, and messages drawn from a seed.

Run it with ``python -m benchmarks.years [messages]``. As in the messages to a city hall that the long tests import,
few come in the first years and most in the last two, and the replies take from hours to two months.
"""

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.cli import run

SEED: Final = 11
MESSAGES: Final = 120
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
BEGIN, END = "2011-04-01T00:00+08:00", "2020-02-01T00:00+08:00"
OF_YEAR: Final = {2011: 2, 2012: 1, 2013: 3, 2014: 3, 2015: 3, 2016: 5, 2017: 6, 2018: 49, 2019: 48}
"""How many of 120 messages come in a year."""
WAITS: Final = (0.2, 1, 3, 4, 6, 8, 10, 13, 15, 18, 27, 59)
"""After how many days the replies come: each of these for as many messages."""
TOPICS: Final = ("包裹破损", "派送延误", "客服态度", "错发地址", "重复收费", "丢失赔偿", "退货手续", "网点搬迁")
MAPPING: Final = """
[source]
name = "drawn_messages"
kind = "complaint"
pack = "logistics"
channel = "website"
zone = "Asia/Shanghai"
formats = ["%Y/%m/%d %H:%M:%S"]

[contact]
row_id = "id"
customer = "customer"
subject = "subject"
at = "at"
text = "text"

[reply]
text = "reply"
at = "replied"
"""


def drawn(messages: int) -> Iterator[dict[str, str]]:
    """Yield the rows of so many messages, each from a customer of his own."""
    random = Random(SEED)  # noqa: S311
    for number in range(messages):
        [year] = random.choices(list(OF_YEAR), list(OF_YEAR.values()))
        first = 91 if year == 2011 else 0
        at = datetime(year, 1, 1, 8, tzinfo=SHANGHAI) + timedelta(
            days=random.randrange(first, 335), seconds=random.randrange(43_200)
        )
        replied = at + timedelta(days=random.choice(WAITS), seconds=random.randrange(3_600))
        topic = random.choice(TOPICS)
        text = f"第{number}号运单{topic},已向网点反映{random.randrange(2, 9)}次,至今没有答复。编号{random.random()}"
        yield {
            "id": str(number), "customer": f"C{number:06d}", "subject": f"{topic} {number}", "text": text,
            "at": f"{at:%Y/%m/%d %H:%M:%S}", "reply": f"关于第{number}号运单,我们已经处理。",
            "replied": f"{replied:%Y/%m/%d %H:%M:%S}",
        }  # fmt: skip


def write_messages(home: Path, messages: int) -> tuple[Path, Path]:
    """Write the file of the messages and its mapping; return their paths."""
    file, mapping = home / "messages.csv", home / "messages.toml"
    rows = list(drawn(messages))
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.DictWriter(output, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    mapping.write_text(MAPPING, "utf-8")
    return file, mapping


def command(*arguments: str) -> dict[str, Any]:
    """Return the JSON document that a command prints. Raises ``SystemExit`` where it failed."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = run([*arguments, "--json"])
    if code:
        raise SystemExit(output.getvalue())
    return json.loads(output.getvalue())


def main(messages: int) -> None:
    """Live through the years and print what they took."""
    with tempfile.TemporaryDirectory(prefix="years") as name:
        os.environ["CLOSELOOP_HOME"] = name
        command("init", "--simulated", "--at", BEGIN)
        file, mapping = write_messages(Path(name), messages)
        command("import", str(file), "--mapping", str(mapping))
        cpu, began = time.process_time(), time.monotonic()
        lived = command("run-until", END)
        cpu, elapsed = time.process_time() - cpu, time.monotonic() - began
    print(f"{messages} messages: {lived['nights']} nights, {lived['did']} items, {cpu:.1f} s of CPU in {elapsed:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
