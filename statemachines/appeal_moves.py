"""What an appeal does to the case it is against: the rows of every lifecycle whose decision can be appealed (E4)."""

from typing import Annotated

from statemachines.form_model import VARIABLE, Form, Number
from statemachines.roles import Role
from statemachines.vocabulary import STAY, Move


class AppealOpened(Form):
    """The appeal that was lodged, by its number."""

    case: Number


class AppealWon(Form):
    """The appeal that was upheld, and that what rested on this case is to be reckoned again (E4)."""

    case: Number
    recompute: Annotated[bool, VARIABLE] = True


class AppealLost(Form):
    """The appeal that was dismissed."""

    case: Number


def appealable(states: tuple[str, ...]) -> tuple[Move, ...]:
    """What the appeal tells the case while it is in ``states``; nothing moves on because of it.

    An appeal may outlast the case: name its archive among the states, so that the verdict still reaches it.
    ``appeals`` counts those lodged.
    """
    return (
        Move("appealed", states, STAY, roles=(Role.SYSTEM,), form=AppealOpened, counts="appeals"),
        Move("appeal_upheld", states, STAY, roles=(Role.SYSTEM,), form=AppealWon),
        Move("appeal_dismissed", states, STAY, roles=(Role.SYSTEM,), form=AppealLost),
    )
