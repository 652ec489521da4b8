"""Generates small logs in the formats of other systems, for the tests of reading and of mapping drafts."""

import csv
import gzip
import io
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

BEGIN = datetime(2016, 2, 28, 22, 50, tzinfo=UTC)
Event = dict[str, Any]

INCIDENTS = [
    *("number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla"),
    *("caller_id", "opened_at", "sys_created_at", "sys_updated_by", "sys_updated_at", "contact_type", "location"),
    *("category", "impact", "priority", "assignment_group", "assigned_to", "resolved_at", "closed_at"),
]
WAITS = ["Awaiting User Info", "Awaiting Vendor", "Awaiting Problem", "Awaiting Evidence"]


def table(path: Path, header: Sequence[str], rows: Iterable[Event], separator: str = ",") -> Path:
    """Write a CSV file, compressed if its name ends in ``.gz``."""
    out = io.StringIO()
    lines = csv.DictWriter(out, header, delimiter=separator, restval="", extrasaction="ignore", lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    return write_text(path, out.getvalue())


def write_text(path: Path, text: str) -> Path:
    """Write a text file, compressed if its name ends in ``.gz``."""
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def incidents(folder: Path, cases: int = 200, seed: int = 1) -> Path:
    """Write a service desk's table of updates: repeated states, equal times, day first, "?" for missing values."""
    dice = random.Random(seed)
    rows: list[Event] = []
    for number in range(cases):
        rows += _incident(dice, number)
    rows.sort(key=lambda row: row["sort"])
    return table(folder / "incidents.csv", INCIDENTS, rows)


def _incident(dice: random.Random, number: int) -> list[Event]:
    at = BEGIN + timedelta(minutes=dice.randrange(60 * 24 * 200))
    rounds = 8 if number == 7 else dice.choices([0, 1], [19, 1])[0]
    states = ["New", *["Active"] * dice.randrange(1, 4)]
    states += [dice.choice(WAITS), "Active"] if dice.random() < 0.3 else []
    for _ in range(rounds):
        states += ["Resolved", "Active", "Active"]
    states += ["Resolved", *["Resolved"] * dice.randrange(2), "Closed"]
    if number == 11:
        states[1] = "-100"
    fixed = {
        "number": f"INC{number:07d}",
        "caller_id": f"Caller {dice.randrange(40)}",
        "opened_at": day_first(at),
        "sys_created_at": "?" if dice.random() < 0.3 else day_first(at),
        "contact_type": dice.choice(["Phone", "Phone", "Self service", "Email", "IVR"]),
        "location": f"Location {dice.randrange(9)}",
        "category": f"Category {dice.randrange(20)}",
        "impact": "2 - Medium",
        "priority": dice.choice(["1 - Critical", "2 - High", "3 - Moderate", "3 - Moderate", "4 - Low"]),
        "closed_at": day_first(at + timedelta(days=9)),
        "resolved_at": "?" if dice.random() < 0.1 else day_first(at + timedelta(days=3)),
    }
    rows: list[Event] = []
    for update, state in enumerate(states):
        at += timedelta(minutes=dice.choice([0, 0, 3, 50, 700]))
        rows.append(
            fixed
            | {
                "incident_state": state,
                "active": str(state != "Closed").lower(),
                "reassignment_count": update // 3,
                "reopen_count": states[:update].count("Resolved") if rounds else 0,
                "sys_mod_count": update,
                "made_sla": "true",
                "sys_updated_by": f"Updated by {dice.randrange(30)}",
                "sys_updated_at": day_first(at),
                "assignment_group": "?" if dice.random() < 0.1 else f"Group {dice.randrange(6)}",
                "assigned_to": "?" if dice.random() < 0.2 else f"Resolver {dice.randrange(30)}",
                "sort": at,
            }
        )
    return rows


def day_first(at: datetime) -> str:
    """Format a time with the day first and without leading zeros: 29/2/2016 01:23."""
    return f"{at.day}/{at.month}/{at.year} {at:%H:%M}"


def xes(path: Path, cases: Mapping[str, Sequence[Event]], of_case: Event | None = None) -> Path:
    """Write an XES log with namespace, extensions, globals and a classifier, as tools do."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8" ?>',
        '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">',
        '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>',
        '<global scope="trace"><string key="concept:name" value="name"/></global>',
        '<global scope="event"><string key="concept:name" value="name"/></global>',
        '<classifier name="Activity" keys="concept:name lifecycle:transition"/>',
        '<string key="concept:name" value="a log"/>',
    ]
    for case, events in cases.items():
        attributes = {"concept:name": case} | (of_case or {})
        lines += ["<trace>", *_attributes(attributes)]
        lines += [line for event in events for line in ("<event>", *_attributes(event), "</event>")]
        lines.append("</trace>")
    return write_text(path, "\n".join([*lines, "</log>"]))


def _attributes(values: Event) -> Iterable[str]:
    for key, value in values.items():
        sort = "date" if isinstance(value, datetime) else "string"
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        yield f"<{sort} key={quoteattr(key)} value={quoteattr(text)}/>"


def problems(folder: Path, cases: int = 60, seed: int = 2) -> Path:
    """Write a manufacturer's incident log: few activities, and the states in ``lifecycle:transition``."""
    dice = random.Random(seed)
    cases_events: dict[str, Sequence[Event]] = {}
    for number in range(cases):
        pairs = [("Accepted", "In Progress")]
        for _ in range(dice.randrange(4)):
            pairs += dice.choice(
                [
                    [("Queued", "Awaiting Assignment"), ("Accepted", "In Progress")],
                    [("Accepted", "Wait - User"), ("Accepted", "In Progress")],
                    [("Accepted", "Assigned"), ("Accepted", "In Progress")],
                ]
            )
        pairs += [("Completed", "Resolved"), ("Completed", "Closed")]
        cases_events[f"1-{number}"] = list(_spread(dice, pairs))
    return xes(folder / "problems.xes.gz", cases_events)


def _spread(dice: random.Random, pairs: Sequence[tuple[str, str]]) -> Iterable[Event]:
    at = BEGIN + timedelta(hours=dice.randrange(5000))
    for word, transition in pairs:
        at += timedelta(minutes=dice.randrange(1, 3000))
        group = dice.choice(["Org line A2", "Org line C"])
        yield {
            "concept:name": word,
            "lifecycle:transition": transition,
            "org:resource": f"Person {dice.randrange(20)}",
            "org:group": group,
            "impact": dice.choice(["Low", "Medium", "High"]),
            "product": f"PROD{dice.randrange(30)}",
            "time:timestamp": at,
        }


def loans(folder: Path, cases: int = 40, seed: int = 3) -> Path:
    """Write a bank's applications: tasks that are scheduled, started and completed, one event each."""
    dice = random.Random(seed)
    cases_events: dict[str, Sequence[Event]] = {}
    for number in range(cases):
        pairs = [("A_SUBMITTED", "COMPLETE"), ("A_PARTLYSUBMITTED", "COMPLETE")]
        for task in ("W_Afhandelen leads", "W_Completeren aanvraag"):
            pairs += [(task, "SCHEDULE"), (task, "START"), (task, "COMPLETE")]
        pairs.append((dice.choice(["A_DECLINED", "A_CANCELLED", "A_APPROVED"]), "COMPLETE"))
        cases_events[str(173688 + number)] = list(_spread(dice, pairs))
    return xes(folder / "loans.xes", cases_events, {"AMOUNT_REQ": "20000", "REG_DATE": BEGIN})


def fines(folder: Path, cases: int = 80, seed: int = 4) -> Path:
    """Write a town's fines, separated by semicolons, the newest event first, with dates only."""
    dice = random.Random(seed)
    rows: list[Event] = []
    for number in range(cases):
        words = ["Create Fine", "Send Fine", "Insert Fine Notification", "Add penalty"]
        words += ["Payment"] if dice.random() < 0.6 else ["Send for Credit Collection"]
        at = BEGIN + timedelta(days=dice.randrange(300))
        for word in words:
            at += timedelta(days=dice.randrange(1, 90))
            rows.append({"case": f"A{number}", "activity": word, "date": at.strftime("%d-%m-%Y"), "amount": "36.0"})
    return table(folder / "fines.csv", ["case", "activity", "date", "amount"], reversed(rows), ";")


def tickets(folder: Path, cases: int = 60, seed: int = 5) -> Path:
    """Write a Chinese hotline's tickets: Chinese columns, states and times."""
    dice = random.Random(seed)
    rows: list[Event] = []
    for number in range(cases):
        at = BEGIN + timedelta(minutes=dice.randrange(90_000))
        states = ["新建", "已分派", "处理中", *(["待客户补充", "处理中"] if dice.random() < 0.3 else []), "已办结"]
        states += ["重新打开", "已办结", "已归档"] if dice.random() < 0.2 else ["已归档"]
        for state in states:
            at += timedelta(minutes=dice.randrange(1, 900))
            rows.append(
                {
                    "工单编号": f"GD{number:05d}",
                    "状态": state,
                    "操作时间": at.strftime("%Y年%m月%d日 %H:%M:%S"),
                    "经办人": dice.choice("甲乙丙丁"),
                    "部门": dice.choice(["客服部", "运输部"]),
                    "渠道": "热线",
                    "紧急程度": dice.choice(["一般", "紧急"]),
                }
            )
    rows.sort(key=lambda row: row["操作时间"])
    return table(folder / "工单.csv", list(rows[0]), rows)


def ocel(folder: Path, cases: int = 30, seed: int = 6, name: str = "objects.json") -> Path:
    """Write an object-centric log: tickets of customers; the objects follow the events."""
    dice = random.Random(seed)
    events: list[Event] = []
    objects: list[Event] = [{"id": f"c{n}", "type": "customer"} for n in range(3)]
    for number in range(cases):
        ticket = f"t{number}"
        changed = {"name": "priority", "value": dice.choice(["high", "low"]), "time": "2016-03-01T00:00:00Z"}
        objects.append({"id": ticket, "type": "ticket", "attributes": [changed]})
        at = BEGIN + timedelta(minutes=dice.randrange(9_000))
        for word in ("Register ticket", "Assign ticket", "Resolve ticket", "Close ticket"):
            at += timedelta(minutes=dice.randrange(1, 90))
            related = [{"objectId": id_, "qualifier": ""} for id_ in (ticket, f"c{number % 3}")]
            attributes = [{"name": "clerk", "value": dice.choice("abc")}]
            event = {"id": f"e{len(events)}", "type": word, "time": at.isoformat(), "attributes": attributes}
            events.append(event | {"relationships": related})
    dice.shuffle(events)
    document = {"eventTypes": [], "objectTypes": [], "events": events, "objects": objects}
    path = folder / name
    path.write_text(json.dumps(document), "utf-8")
    return path
