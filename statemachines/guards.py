"""Guards that more than one lifecycle uses, and the parts they are made of.

Note [Blank bounds]: a bound is an amount of the policy pack, and the pack's owner may have left it blank or may not
know of it yet. A blank or missing bound admits no amount: nothing is within it, and nothing is decided above it
either. A move that asks for it is refused (``blank_bound``) until the pack says an amount, and ``closeloop policy
check`` names the bound. So a new bound never sends all cases one way without a word.
"""

from datetime import datetime, timedelta
from typing import Any

from statemachines.forms import Outcome
from statemachines.vocabulary import Facts, Guard


class _FieldWanted(Exception):
    """A guard reads a field of a form that is not filled in yet."""


class _UnfilledForm:
    def __getattr__(self, name: str) -> Any:
        raise _FieldWanted(name)


_UNFILLED = _UnfilledForm()


def may_hold(guard: Guard, facts: Facts) -> bool:
    """Return whether some form could meet the condition: False if the facts alone, or a blank bound, rule it out."""
    if any(facts.bounds.get(name) is None for name in guard.bounds):
        return False
    try:
        return guard.holds(facts, _UNFILLED)
    except _FieldWanted:
        return True


def unmet_by_facts(guard: Guard, facts: Facts) -> tuple[Guard, ...]:
    """Return the parts that no form could meet, or the guard itself where it has none."""
    return tuple(part for part in guard.parts if not may_hold(part, facts)) or (guard,)


def previous_state(state: str) -> Guard:
    """Hold where the case came from ``state``: the way back of a detour."""
    return Guard(f"came_from_{state}", lambda facts, form: facts.previous_state == state)


def rounds_left(facts: Facts) -> bool:
    """Return whether the pack allows another round (B3); one that sets no maximum always does."""
    return facts.max_rounds is None or facts.cycle < facts.max_rounds


def within(bound: str, field: str) -> Guard:
    """Hold where the form's field is within the pack's bound, the bound included (以下). See Note [Blank bounds]."""
    return Guard(f"within_{bound}", lambda facts, form: _compare(bound, field, facts, form) == "within", (bound,))


def above(bound: str, field: str) -> Guard:
    """Hold where the form's field is above the pack's bound. See Note [Blank bounds]."""
    return Guard(f"above_{bound}", lambda facts, form: _compare(bound, field, facts, form) == "above", (bound,))


def _compare(bound: str, field: str, facts: Facts, form: Any) -> str:
    limit, amount = facts.bounds.get(bound), getattr(form, field)
    if limit is None or amount is None:
        return ""
    return "within" if amount <= limit else "above"


def all_of(name: str, *guards: Guard) -> Guard:
    """Return the guard ``name`` that holds where all of these hold, and asks for all their bounds."""
    bounds = tuple(dict.fromkeys(bound for guard in guards for bound in guard.bounds))
    return Guard(name, lambda facts, form: all(guard.holds(facts, form) for guard in guards), bounds, guards)


def _is_apart(facts: Facts) -> bool:
    """Return whether the last attempt of this cycle lies as far back as the pack asks (D1)."""
    last = facts.variables.get("attempted_at")
    if facts.attempts == 0 or facts.at is None or last is None:
        return True
    return facts.at - datetime.fromisoformat(last) >= facts.windows.apart


def _is_within(window: timedelta | None, facts: Facts) -> bool:
    """Return whether the case ended within the window; one that the pack does not open holds nothing."""
    return window is not None and facts.idle is not None and facts.idle <= window


promise_runs = Guard("promise_runs", lambda facts, form: "promise" in facts.running)
promises_kept = Guard("promises_kept", lambda facts, form: "promise" not in facts.running)
satisfied = Guard("satisfied", lambda facts, form: form.outcome is Outcome.SATISFIED)
another_round = Guard("another_round", lambda facts, form: form.outcome is Outcome.DISSATISFIED and rounds_left(facts))
out_of_rounds = Guard(
    "out_of_rounds", lambda facts, form: form.outcome is Outcome.DISSATISFIED and not rounds_left(facts)
)
unreached = Guard("unreached", lambda facts, form: facts.variables.get("unreached", 0) > 0)
undisputed = Guard("undisputed", lambda facts, form: not facts.variables.get("disputed", False))
disputed = Guard("disputed", lambda facts, form: bool(facts.variables.get("disputed", False)))
satisfied_later = all_of("satisfied_later", unreached, satisfied)
another_round_later = all_of("another_round_later", unreached, another_round)
out_of_rounds_later = all_of("out_of_rounds_later", unreached, out_of_rounds)
within_reopening = Guard("within_reopening", lambda facts, form: _is_within(facts.windows.reopen, facts))
within_undoing = Guard("within_undoing", lambda facts, form: _is_within(facts.windows.undo, facts))
rounds_exhausted = Guard("rounds_exhausted", lambda facts, form: not rounds_left(facts))
next_attempt = Guard("next_attempt", lambda facts, form: form.attempts == facts.attempts + 1 and _is_apart(facts))
attempts_used = Guard("attempts_used", lambda facts, form: facts.attempts >= facts.max_attempts)
rises = Guard("rises", lambda facts, form: form.level > facts.level)
first_return = Guard("first_return", lambda facts, form: facts.variables.get("returns", 0) == 0)
returned_before = Guard("returned_before", lambda facts, form: facts.variables.get("returns", 0) > 0)
