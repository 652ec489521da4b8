"""Lists the commands and the module of each; a module is imported only when one of its commands is called."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import typer


class Room(NamedTuple):
    """A module, and its commands with the line that ``--help`` shows; a group's module holds its Typer app."""

    module: str
    commands: dict[str, str]
    group: bool = False


ROOMS = (
    Room(
        "create",
        {
            "init": "Make a store here: real, or simulated with a clock that only `run-until` moves.",
            "status": "The health of database, driver, Prefect server, worker and schedules; exit 2 if one is red.",
            "diagram": "Draw a lifecycle as a Mermaid state diagram.",
        },
    ),
    Room(
        "auditing",
        {
            "verify": "Check every chain, history, statement, escalation step and anchor; exit 2 on any fault.",
            "anchor": "Sign the heads of all chains now, and publish their root outside the database.",
            "proof": "Show that a case stood where it stood when it was last anchored.",
            "backup": "Copy the whole store into one file while it is at work, with the anchors that vouch for it.",
            "restore": "Bring a store back from such a file, where none is yet, and check it.",
            "refused": "Who tried which move on which case and why it was refused, newest first; for auditors.",
        },
    ),
    Room("cases", {"board": "What is overdue and whom it asks, then the open cases by milestone and level."}),
    Room("intake", {"import": "Take contacts in from a CSV, XLSX or JSONL file: all of it, or nothing."}),
    Room(
        "exporting",
        {"export": "Histories as a standard log, people under pseudonyms: XES, CSV, OCEL 2.0, XLSX or JSONL."},
    ),
    Room("replay", {"replay": "Take another system's history in, event by event, and say how it fits our lifecycle."}),
    Room("deadline", {"deadline": "When an amount of time runs out in a working calendar, explained day by day."}),
    Room(
        "processes",
        {
            "drive": "Drive this store until Ctrl-C: deliver events, fire timers, make calls.",
            "up": "The whole system: Prefect server and UI, worker, nights, driver. Ctrl-C ends all of it.",
            "demo": "The main job in miniature: sixty contacts, a simulated fortnight, a real Prefect server.",
            "deploy": "Put work pool, deployments and automations on a Prefect server of your own.",
            "acts": "Serve the acts of supervisors on your own Prefect server until Ctrl-C; `up` does so, too.",
        },
    ),
    Room(
        "night",
        {
            "sweep": "Fire every timer that is due, now and here; the driver and the night do the same by themselves.",
            "report": "The morning report as it stands now, from our tables alone.",
            "run-until": "Let a simulated store live until an instant: arrivals, deadlines, calls and nights in order.",
        },
    ),
    Room(
        "reports",
        {
            "analysis": "The complaints of a month: root causes, recurrences, measures, handling.",
            "recoveries": "What is claimed back because of complaints, and what has come in of it.",
            "callbacks": "Today's callback list 今日回访单: whom to call, when, and the case's story.",
        },
    ),
    Room("desk", {"track": "Where an order stands and where its goods are, as of when; nothing of whose they are."}),
    Room(
        "customers",
        {"customer": "Who is calling, how he is addressed, and the cases he has with us: for staff only."},
        group=True,
    ),
    Room("cases", {"case": "Complaints and service orders, one by one."}, group=True),
    Room("actors", {"actor": "Those who act: people of the company and the system."}, group=True),
    Room("actors", {"department": "The departments to which cases and people are assigned."}, group=True),
    Room("codes", {"code": "A one-time code for one act of somebody; only an administrator makes it."}),
    Room("policies", {"policy": "Policy packs 时限规则包: what is promised, and from which document."}, group=True),
    Room(
        "calendars",
        {"calendar": "Working calendars 工作日历: hours, holidays and make-up days, and until when they are known."},
        group=True,
    ),
    Room(
        "surveys",
        {"survey": "Surveys 满意度调查: what customers are asked, and what they answered."},
        group=True,
    ),
    Room(
        "mappings",
        {"mapping": "Mappings 映射: what the columns and words of another system's log mean."},
        group=True,
    ),
    Room(
        "classifier",
        {"classifier": "The classifier 分类模型: what it learned, how good it is, and why it says what it says."},
        group=True,
    ),
    Room("lifecycles", {"lifecycle": "Changed lifecycles: what becomes of the cases in flight."}, group=True),
    Room("dead_letters", {"dead": "Deliveries that were given up after their last try."}, group=True),
)


def assembled(wanted: Callable[[str], bool]) -> typer.Typer:
    """Return the command line with the wanted commands; the others appear by name and help text only."""
    app = typer.Typer(
        name="closeloop",
        help="Closed-loop handling of complaints and service orders 客诉闭环.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for room in ROOMS:
        if not any(map(wanted, room.commands)):
            for name, help_text in room.commands.items():
                app.command(name, help=help_text)(_placeholder)
        elif room.group:
            [name] = room.commands
            app.add_typer(getattr(_module(room), name), name=name)
        else:
            _module(room).join(app)
    return app


def _module(room: Room) -> ModuleType:
    return importlib.import_module(f"apps.cli.{room.module}")


def _placeholder() -> None:
    """Stand for a command that was not called."""
