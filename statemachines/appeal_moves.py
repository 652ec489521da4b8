"""Rows for every lifecycle whose decision can be appealed: they record an appeal against the case (E4)."""

from typing import Annotated

from statemachines.form_model import VARIABLE, Form, Number
from statemachines.roles import Role
from statemachines.vocabulary import STAY, Move


class AppealOpened(Form):
    """The appeal that was lodged, by its number."""

    case: Number


class AppealWon(Form):
    """The appeal that was upheld, and whether figures that use this case must be computed again (E4)."""

    case: Number
    recompute: Annotated[bool, VARIABLE] = True


class AppealLost(Form):
    """The appeal that was dismissed."""

    case: Number


def appealable(states: tuple[str, ...]) -> tuple[Move, ...]:
    """Record in ``states`` that an appeal was lodged, upheld or dismissed; the case stays where it is.

    An appeal may outlast the case: include its final states, so that the verdict is still recorded. The case variable
    ``appeals`` counts those lodged.
    """
    return (
        Move("appealed", states, STAY, roles=(Role.SYSTEM,), form=AppealOpened, counts="appeals"),
        Move("appeal_upheld", states, STAY, roles=(Role.SYSTEM,), form=AppealWon),
        Move("appeal_dismissed", states, STAY, roles=(Role.SYSTEM,), form=AppealLost),
    )
