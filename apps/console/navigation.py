"""The pages of the console that its menu names, each with the roles that it is for; one line adds a page."""

from dataclasses import dataclass

from apps.principal_board import SEES_BOARD
from apps.principal_calls import CALLS
from apps.principal_reports import READS_FIGURES
from apps.web.addresses import CONSOLE
from engine.access.principal import Principal
from statemachines.roles import Role


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the menu: its name, which the catalogue translates (``console.nav.queue``), its path and its roles.

    Without roles it is for everybody. ``shortcut`` is the key that opens it after ``g``.
    """

    name: str
    path: str
    roles: frozenset[Role] = frozenset()
    shortcut: str = ""

    @property
    def address(self) -> str:
        """Return the address of the page."""
        return CONSOLE + self.path


PAGES = (
    Page("queue", "/cases", shortcut="q"),
    Page("board", "/board", SEES_BOARD, shortcut="b"),
    Page("callbacks", "/callbacks", CALLS, shortcut="c"),
    Page("report", "/report", READS_FIGURES, shortcut="r"),
)
"""The menu, in its order."""


def navigation_for(principal: Principal) -> list[Page]:
    """Return the pages of the menu for a principal."""
    return [page for page in PAGES if not page.roles or page.roles & principal.actor.roles]
