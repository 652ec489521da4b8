"""Whether a measure had its effect: the result of verifying a finding or an improvement plan (F1, E3)."""

from enum import StrEnum

from statemachines.vocabulary import Guard


class Effect(StrEnum):
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"


effective = Guard("effective", lambda facts, form: form.effect is Effect.EFFECTIVE)
not_effective = Guard("not_effective", lambda facts, form: form.effect is Effect.NOT_EFFECTIVE)
