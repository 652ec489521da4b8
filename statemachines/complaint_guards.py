"""When a complaint may go on: what the customer says of the result, who confirms, and what may be paid (B2-B4, E8)."""

from typing import Any

from statemachines import complaint_forms as forms
from statemachines.guards import above, all_of, rounds_left, within
from statemachines.lifecycle import Facts, Guard
from statemachines.roles import TOP_LEVEL

DETERMINED = {"confirmed_cause": "cause", "confirmed_responsible": "responsible", "confirmed_degree": "degree"}
"""The case variables of the confirmation, and what each confirms; a new determination voids them all."""


def _confirmed(facts: Facts) -> bool:
    """Return whether what holds now was confirmed; a confirmation of before names the cause alone."""
    known = facts.variables
    given = {name: known[name] for name in DETERMINED if name in known}
    return "confirmed_cause" in given and all(value == known.get(DETERMINED[name]) for name, value in given.items())


def _confirms(facts: Facts, form: Any) -> bool:
    return all(getattr(form, name) == facts.variables.get(determined) for name, determined in DETERMINED.items())


def _at_top(facts: Facts) -> bool:
    return facts.level >= TOP_LEVEL


rejected = Guard("rejected", lambda facts, form: form.opinion is forms.Opinion.REJECTED and rounds_left(facts))
not_rejected = Guard("not_rejected", lambda facts, form: form.opinion is not forms.Opinion.REJECTED)
rejected_last = Guard(
    "rejected_last", lambda facts, form: form.opinion is forms.Opinion.REJECTED and not rounds_left(facts)
)
as_determined = Guard("as_determined", _confirms)
below_top = Guard("below_top", lambda facts, form: not _at_top(facts))
at_top = Guard("at_top", lambda facts, form: _at_top(facts))
cause_confirmed = Guard("cause_confirmed", lambda facts, form: _confirmed(facts))
desk_decides = all_of("desk_decides", cause_confirmed, within("compensation", "compensation"))
second_decides = all_of("second_decides", cause_confirmed, above("compensation", "compensation"))
as_offered = Guard("as_offered", lambda facts, form: form.approved <= facts.variables.get("compensation", 0))
