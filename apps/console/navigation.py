"""The pages of the console that its menu names, each with the roles that it is for; one line adds a page."""

from dataclasses import dataclass

from apps.principal_board import SEES_BOARD
from apps.principal_calls import CALLS
from apps.principal_conduct import READS_CONDUCT
from apps.principal_evaluation import ANALYSES
from apps.principal_reports import READS_FIGURES, WATCHES
from apps.principal_rules import READS_RULES
from apps.web.addresses import CONSOLE
from engine.access.principal import Principal
from engine.access.reading_log import READERS
from statemachines.roles import DESK, Role


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
    Page("contact", "/cases/new", frozenset(DESK), shortcut="n"),
    Page("board", "/board", SEES_BOARD, shortcut="b"),
    Page("callbacks", "/callbacks", CALLS, shortcut="c"),
    Page("report", "/report", READS_FIGURES, shortcut="r"),
    Page("indicators", "/indicators", shortcut="i"),
    Page("evaluation", "/evaluation", ANALYSES, shortcut="e"),
    Page("third_party", "/third-party", frozenset({Role.THIRD_PARTY_ASSESSOR})),
    Page("rules", "/rules", READS_RULES, shortcut="u"),
    Page("conduct", "/conduct", READS_CONDUCT, shortcut="s"),
    Page("surveys", "/surveys", READS_FIGURES),
    Page("duty", "/duty"),
    Page("staffing", "/staffing", READS_FIGURES),
    Page("staff_matters", "/staff-matters", shortcut="f"),
    Page("readings", "/readings", READERS, shortcut="l"),
    Page("refusals", "/refusals", READERS),
    Page("record", "/record", READERS),
    Page("admin", "/admin", WATCHES, shortcut="a"),
)
"""The menu, in its order."""


def current_page(pages: list[Page], address: str) -> str:
    """Return the address of the page of the menu to which an address belongs; empty where it belongs to none."""
    return max((page.address for page in pages if address.startswith(page.address)), key=len, default="")


def navigation_for(principal: Principal) -> list[Page]:
    """Return the pages of the menu for a principal."""
    return [page for page in PAGES if not page.roles or page.roles & principal.actor.roles]
