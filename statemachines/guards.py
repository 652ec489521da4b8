"""Guards that more than one lifecycle asks."""

from statemachines.forms import Outcome
from statemachines.vocabulary import Facts, Guard


def previous_state(state: str) -> Guard:
    """The answer leads back to where the question was asked."""
    return Guard(f"came_from_{state}", lambda facts, form: facts.previous_state == state)


def rounds_left(facts: Facts) -> bool:
    """Whether the pack allows another round (B3); a pack without a bound always does."""
    return facts.max_rounds is None or facts.cycle < facts.max_rounds


def within(bound: str, amount: int | None, facts: Facts) -> bool:
    """Whether an amount is within the pack's bound, the bound included (以下); a blank bound admits none."""
    limit = facts.bounds.get(bound)
    return limit is not None and amount is not None and amount <= limit


satisfied = Guard("satisfied", lambda facts, form: form.outcome is Outcome.SATISFIED)
another_round = Guard("another_round", lambda facts, form: form.outcome is Outcome.DISSATISFIED and rounds_left(facts))
out_of_rounds = Guard(
    "out_of_rounds", lambda facts, form: form.outcome is Outcome.DISSATISFIED and not rounds_left(facts)
)
rounds_exhausted = Guard("rounds_exhausted", lambda facts, form: not rounds_left(facts))
next_attempt = Guard("next_attempt", lambda facts, form: form.attempts == facts.attempts + 1)
attempts_used = Guard("attempts_used", lambda facts, form: facts.attempts >= facts.max_attempts)
rises = Guard("rises", lambda facts, form: form.level > facts.level)
first_return = Guard("first_return", lambda facts, form: facts.variables.get("returns", 0) == 0)
returned_before = Guard("returned_before", lambda facts, form: facts.variables.get("returns", 0) > 0)
