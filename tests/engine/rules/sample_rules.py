"""Texts of a policy pack, a calendar, a questionnaire and a checklist for tests, and the person who publishes them."""

from pathlib import Path

from engine.actors import NewActor, add_actor
from engine.rules.policy import Pack, load_pack
from engine.store import Store
from statemachines.roles import Role

EVA = "eva"
OFFICE = '[cn-office]\nzone = "Asia/Shanghai"\nweekdays = [0]\nhours = [["10:00", "11:00"]]\n'
"""The office calendar with one working hour a week."""

VALID_PACK = """
name = "test"
version = "1"
document = "D"
zone = "Asia/Shanghai"
ladder = [{ percent = 75, level = 0 }, { percent = 100, level = 1 }]

[clauses.first_reply]
amount = 2
unit = "hours"
source = "D 1"

[clauses.solution]
source = "D 2: left blank"
"""

QUESTIONNAIRE = """
name = "test"
version = "1"
source = "a test"
kinds = ["complaint"]

[[dimensions]]
code = "attitude"
weight = 3
question = { zh_CN = "态度?", zh_TW = "態度?", en = "Attitude?" }
"""

CHECKLIST = """
name = "test"
version = "1"
source = "F5"
channels = ["phone"]

[[items]]
code = "greeting"
weight = 40
source = "F5, language"
text = { zh_CN = "问好?", zh_TW = "問好?", en = "Greets?" }

[[items]]
code = "closing"
weight = 60
source = "F5, manner"
text = { zh_CN = "道别?", zh_TW = "道別?", en = "Takes leave?" }
"""

OVERRIDES = """
[[clauses.first_reply.when]]
severity = "urgent"
amount = 30
source = "D 1a"

[[clauses.first_reply.when]]
channel = "mail"
amount = 3
unit = "days"
calendar = "cn-office"
source = "D 1b"

[[clauses.first_reply.when]]
severity = "urgent"
channel = "mail"
amount = 1
source = "D 1c"

[[clauses.first_reply.when]]
severity = "low"
channel = "sms"
source = "D 1d: left blank"

[[clauses.solution.when]]
severity = "urgent"
source = "D 2"
contradicts = "D 9: a day"
"""
"""Rows of limits by severity and channel, to be appended to ``VALID_PACK``."""


SCRIPT = """
[phone]
who = ["phone"]

[phone.mandatory]
complaint = ["shipment"]
inquiry = ["subject"]
lead = ["demand"]

[[phone.script]]
title = { zh_CN = "开场", zh_TW = "開場", en = "Opening" }
words = { zh_CN = "我是 {handle}。", zh_TW = "我是 {handle}。", en = "This is {handle}." }

[[phone.script]]
kinds = ["complaint", "lead"]
title = { zh_CN = "箱号", zh_TW = "櫃號", en = "Container" }
words = { zh_CN = "请问箱号？", zh_TW = "請問櫃號？", en = "Which container?" }

[[phone.script]]
closing = true
title = { zh_CN = "结束", zh_TW = "結束", en = "Closing" }
words = { zh_CN = "再见，{handle} 祝您愉快。", zh_TW = "再見，{handle} 祝您愉快。", en = "Goodbye from {handle}." }
"""
"""What a caller is asked, to be appended to ``VALID_PACK``."""


def write_pack(folder: Path, text: str) -> Path:
    """Write the text as ``test.toml`` into a folder; return the file."""
    path = folder / "test.toml"
    path.write_text(text, "utf-8")
    return path


def pack_with_overrides(folder: Path) -> Pack:
    """Return the valid pack with ``OVERRIDES``."""
    return load_pack(write_pack(folder, VALID_PACK + OVERRIDES))


def pack_text(name: str, amount: int, version: str = "2") -> str:
    """Return the text of a pack whose first reply is due within so many hours."""
    text = VALID_PACK.replace('name = "test"', f'name = "{name}"').replace('version = "1"', f'version = "{version}"')
    return text.replace("amount = 2", f"amount = {amount}")


def add_evaluator(store: Store) -> None:
    """Add Eva, who is in the evaluation group."""
    with store.writing() as tx:
        add_actor(tx, NewActor(EVA, (Role.EVALUATION_GROUP,)))
