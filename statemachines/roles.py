"""The roles that a move may require: those of requirement H3, and two that are not people."""

from enum import StrEnum


class Role(StrEnum):
    """A role an actor may hold (H3)."""

    SYSTEM = "system"
    IMPORT = "import"
    AGENT = "agent"
    SALESPERSON = "salesperson"
    KEY_ACCOUNT_MANAGER = "key_account_manager"
    HANDLER = "handler"
    TEAM_SUPERVISOR = "team_supervisor"
    DEPARTMENT_MANAGER = "department_manager"
    GENERAL_MANAGER = "general_manager"
    QUALITY_TEAM = "quality_team"
    EVALUATION_GROUP = "evaluation_group"
    INVESTIGATION_TEAM = "investigation_team"
    APPEAL_PANEL = "appeal_panel"
    MARKET = "market"
    OPERATIONS = "operations"
    HR = "hr"
    THIRD_PARTY_ASSESSOR = "third_party_assessor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    CUSTOMER = "customer"


LEVELS = (Role.HANDLER, Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER)
"""The role that each escalation level notifies: level 0 the handler, level 3 the general manager (B6)."""

TOP_LEVEL = len(LEVELS) - 1

MANAGERS = (Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER)
DESK = (Role.AGENT, Role.SALESPERSON, Role.KEY_ACCOUNT_MANAGER, *MANAGERS)
INVESTIGATORS = (Role.HANDLER, *DESK)
