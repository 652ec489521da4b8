"""The complaint as a clerk would tell it: dictionaries written by hand, to hold the real table against."""

from collections.abc import Callable
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
    "return": HANDLERS,
    "rule_owner": BOSSES,
    "determine_responsibility": HANDLERS,
    "confirm_responsibility": BOSSES | {"quality_team"},
    "compensate": HANDLERS,
    "approve_compensation": BOSSES,
    "decline_compensation": BOSSES,
    "recover": BOSSES,
    "propose_refusal": DESK,
    "refuse": BOSSES,
    "take_on": BOSSES,
    "absorb": {"system"},
    "keep_promise": EVERYBODY,
    "extend": BOSSES | {"system"},
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
    "escalate": EVERYBODY | {"system"},
    "remind": {"system"},
    "breach": {"system"},
    "close": {"import"},
    "reopen": {"import"},
    "start_over": {"import"},
}
RUNGS = {"remind", "breach"}


def may(who: set[str], move: str) -> bool:
    """Whether one of them may make the move; an import tells of anybody's, but not of what a clock does."""
    return bool(who & WHO[move]) or ("import" in who and move not in RUNGS)


WHILE_WORK_IS_DONE = ("ask_customer",)
WHILE_IT_IS_OPEN = (
    *("withdraw", "merge", "absorb", "acknowledge", "assign", "reply", "propose_solution", "progress", "promise"),
    *("keep_promise", "note", "escalate", "extend", "remind", "breach"),
)
TAKEN_UP_AGAIN = ("reopen", "start_over")
JUDGING = ("determine_responsibility", "confirm_responsibility", "recover")

MAY: dict[str, tuple[str, ...]] = {
    "received": ("classify", "propose_refusal", "suggest", *WHILE_WORK_IS_DONE, *WHILE_IT_IS_OPEN),
    "classified": (
        *("investigate", "propose_refusal", "refer", "reclassify", "return"),
        *WHILE_WORK_IS_DONE,
        *WHILE_IT_IS_OPEN,
    ),
    "investigated": (
        *("resolve", "refer", "reclassify", "compensate"),
        *JUDGING,
        *WHILE_WORK_IS_DONE,
        *WHILE_IT_IS_OPEN,
    ),
    "refusal_review": ("refuse", "take_on", *WHILE_IT_IS_OPEN),
    "owner_disputed": ("rule_owner", *WHILE_IT_IS_OPEN),
    "compensation_approval": ("approve_compensation", "decline_compensation", *WHILE_IT_IS_OPEN),
    "waiting_for_customer": ("customer_answers", "reclassify", *WHILE_IT_IS_OPEN),
    "resolved": (
        *("revisit", "attempt", "unreachable", "tell_result", "close_unsatisfied", "refer"),
        *("close", *TAKEN_UP_AGAIN),
        *JUDGING,
        *WHILE_IT_IS_OPEN,
    ),
    "revisited": ("archive", "acknowledge", "recover", *TAKEN_UP_AGAIN),
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
    "close": "archived",
    "reopen": "investigated",
    "start_over": "classified",
    "ask_customer": "waiting_for_customer",
    "propose_refusal": "refusal_review",
    "refuse": "refused",
    "rule_owner": "classified",
    "approve_compensation": "investigated",
    "decline_compensation": "investigated",
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
        "state": "received", "before": "", "round": 1, "level": 0, "calls": 0, "rounds": rounds, "calls_at_most": calls,
        "known": {},
    }  # fmt: skip


def last_round(case: Case) -> bool:
    return case["rounds"] is not None and case["round"] >= case["rounds"]


REFUSED_BY_ITS_CONTENT: dict[str, Callable[[Case, dict[str, Any]], bool]] = {
    "attempt": lambda case, said: said["attempts"] != case["calls"] + 1,
    "unreachable": lambda case, said: case["calls"] < case["calls_at_most"],
    "close_unsatisfied": lambda case, said: not last_round(case),
    "escalate": lambda case, said: said["level"] <= case["level"],
    "take_on": lambda case, said: case["before"] not in {"received", "classified"},
    "confirm_responsibility": lambda case, said: said["confirmed_cause"] != case["known"].get("cause"),
    "compensate": lambda case, said: not confirmed(case),
    "approve_compensation": lambda case, said: said["approved"] > case["known"].get("compensation", 0),
    "customer_answers": lambda case, said: case["before"] not in {"received", "classified", "investigated"},
}
"""What is not for this case now, though the state and the person are right."""

DESK_LIMIT = 50
REMEMBERED = ("cause", "responsible", "degree", "confirmed_cause", "compensation", "approved", "recovery")
COUNTED = {"return": "returns", "assign": "transfers", "rule_owner": "transfers"}


def confirmed(case: Case) -> bool:
    cause = case["known"].get("cause")
    return cause is not None and case["known"].get("confirmed_cause") == cause


def remembers(case: Case, move: str, said: dict[str, Any]) -> dict[str, Any]:
    """What is known of the case after a move."""
    if move not in {
        *("investigate", "determine_responsibility", "confirm_responsibility", "compensate"),
        *("approve_compensation", "recover", *COUNTED),
    }:
        return case["known"]
    known = case["known"] | {name: said[name] for name in REMEMBERED if said.get(name) is not None}
    if move in COUNTED:
        known[COUNTED[move]] = known.get(COUNTED[move], 0) + 1
    return known


def begins_a_round(case: Case, move: str, said: dict[str, Any]) -> bool:
    """A customer who is not content brings the case back, while there are rounds left."""
    if move in TAKEN_UP_AGAIN:
        return True
    angry = said.get("outcome") == "dissatisfied" if move == "revisit" else said.get("opinion") == "rejected"
    return move in {"revisit", "tell_result"} and angry and not last_round(case)


def goes(case: Case, move: str, said: dict[str, Any], who: set[str]) -> tuple[str, Case | None]:
    """What becomes of a move: a word, and the case afterwards if it was made."""
    if move not in MAY[case["state"]]:
        return "not_now", None
    if not may(who, move):
        return "role", None
    if move in REFUSED_BY_ITS_CONTENT and REFUSED_BY_ITS_CONTENT[move](case, said):
        return "guard", None
    after = dict(case)
    if begins_a_round(case, move, said):
        after |= {"state": LEADS_TO.get(move, "investigated"), "round": case["round"] + 1, "calls": 0}
    elif move == "revisit" and said["outcome"] == "satisfied":
        after["state"] = "revisited"
    elif move in {"customer_answers", "take_on"}:
        after["state"] = case["before"]
    elif move == "return" and case["known"].get("returns", 0):
        after["state"] = "owner_disputed"
    elif move == "compensate" and said["compensation"] > DESK_LIMIT:
        after["state"] = "compensation_approval"
    else:
        after["state"] = LEADS_TO.get(move, case["state"])
    after["known"] = remembers(case, move, said)
    after |= {"calls": said["attempts"]} if move == "attempt" else {}
    after |= {"level": said["level"]} if move == "escalate" else {}
    after |= {"before": case["state"]} if after["state"] != case["state"] else {}
    return "made", after
