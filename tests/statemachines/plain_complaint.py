"""The complaint as a clerk would tell it: dictionaries written by hand, to hold the real table against."""

from typing import Any

DESK = {"agent", "salesperson", "key_account_manager", "team_supervisor", "department_manager", "general_manager"}
HANDLERS = DESK | {"handler"}
EVERYBODY = HANDLERS | {"quality_team"}
BOSSES = {"team_supervisor", "department_manager", "general_manager"}
HIGH_BOSSES = {"department_manager", "general_manager"}

WHO: dict[str, set[str]] = {
    "classify": DESK | {"system", "import"},
    "investigate": HANDLERS | {"import"},
    "resolve": HANDLERS | {"import"},
    "revisit": EVERYBODY | {"system"},
    "attempt": EVERYBODY | {"system"},
    "unreachable": EVERYBODY | {"system"},
    "tell_result": EVERYBODY,
    "close_unsatisfied": HIGH_BOSSES,
    "archive": BOSSES | {"system"},
    "ask_customer": HANDLERS,
    "customer_answers": HANDLERS | {"system"},
    "refuse": BOSSES,
    "withdraw": DESK,
    "merge": DESK,
    "refer": HIGH_BOSSES,
    "acknowledge": {"system"},
    "suggest": {"system"},
    "reclassify": DESK,
    "assign": DESK | {"system"},
    "reply": EVERYBODY,
    "propose_solution": EVERYBODY,
    "progress": EVERYBODY,
    "promise": EVERYBODY,
    "note": EVERYBODY,
    "escalate": EVERYBODY,
    "remind": {"system"},
    "breach": {"system"},
}

WHILE_WORK_IS_DONE = ("ask_customer",)
WHILE_IT_IS_OPEN = (
    *("withdraw", "merge", "acknowledge", "assign", "reply", "propose_solution", "progress", "promise"),
    *("note", "escalate", "remind", "breach"),
)

MAY: dict[str, tuple[str, ...]] = {
    "received": ("classify", "refuse", "suggest", *WHILE_WORK_IS_DONE, *WHILE_IT_IS_OPEN),
    "classified": ("investigate", "refuse", "refer", "reclassify", *WHILE_WORK_IS_DONE, *WHILE_IT_IS_OPEN),
    "investigated": ("resolve", "refer", "reclassify", *WHILE_WORK_IS_DONE, *WHILE_IT_IS_OPEN),
    "waiting_for_customer": ("customer_answers", *WHILE_IT_IS_OPEN),
    "resolved": (
        *("revisit", "attempt", "unreachable", "tell_result", "close_unsatisfied", "refer"),
        *WHILE_IT_IS_OPEN,
    ),
    "revisited": ("archive", "acknowledge", "note"),
    "archived": (),
    "merged": (),
    "withdrawn": (),
    "refused": (),
    "referred": (),
}

LEADS_TO = {
    "classify": "classified",
    "investigate": "investigated",
    "resolve": "resolved",
    "archive": "archived",
    "ask_customer": "waiting_for_customer",
    "refuse": "refused",
    "withdraw": "withdrawn",
    "merge": "merged",
    "refer": "referred",
    "unreachable": "revisited",
    "close_unsatisfied": "revisited",
}

Case = dict[str, Any]


def fresh(rounds: int | None, calls: int) -> Case:
    """A case just received, under a pack that allows so many rounds (None: any) and so many calls."""
    return {
        "state": "received", "before": "", "round": 1, "level": 0, "calls": 0, "rounds": rounds, "calls_at_most": calls
    }  # fmt: skip


def last_round(case: Case) -> bool:
    return case["rounds"] is not None and case["round"] >= case["rounds"]


def refused_by_its_content(case: Case, move: str, said: dict[str, Any]) -> bool:
    """What is not for this case now, though the state and the person are right."""
    if move == "attempt":
        return said["attempts"] != case["calls"] + 1
    if move == "unreachable":
        return case["calls"] < case["calls_at_most"]
    if move == "close_unsatisfied":
        return not last_round(case)
    if move == "escalate":
        return said["level"] <= case["level"]
    if move == "customer_answers":
        return case["before"] not in {"received", "classified", "investigated"}
    return False


def begins_a_round(case: Case, move: str, said: dict[str, Any]) -> bool:
    """A customer who is not content brings the case back, while there are rounds left."""
    angry = said.get("outcome") == "dissatisfied" if move == "revisit" else said.get("opinion") == "rejected"
    return move in {"revisit", "tell_result"} and angry and not last_round(case)


def goes(case: Case, move: str, said: dict[str, Any], who: set[str]) -> tuple[str, Case | None]:
    """What becomes of a move: a word, and the case afterwards if it was made."""
    if move not in MAY[case["state"]]:
        return "not_now", None
    if not who & WHO[move]:
        return "role", None
    if refused_by_its_content(case, move, said):
        return "guard", None
    after = dict(case)
    if begins_a_round(case, move, said):
        after |= {"state": "investigated", "round": case["round"] + 1, "calls": 0}
    elif move == "revisit" and said["outcome"] == "satisfied":
        after["state"] = "revisited"
    elif move == "customer_answers":
        after["state"] = case["before"]
    else:
        after["state"] = LEADS_TO.get(move, case["state"])
    after |= {"calls": said["attempts"]} if move == "attempt" else {}
    after |= {"level": said["level"]} if move == "escalate" else {}
    after |= {"before": case["state"]} if after["state"] != case["state"] else {}
    return "made", after
