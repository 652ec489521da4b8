"""When a service order may go on: its plan, the signatures, the reported progress and the acceptance (C1-C3)."""

from datetime import datetime
from typing import Any

from statemachines.guards import all_of
from statemachines.lifecycle import Facts, Guard
from statemachines.service_order_forms import Acceptance, Acceptor


def _plannable(facts: Facts, form: Any) -> bool:
    return "lead_department" in facts.variables and form.starts_at <= form.ends_at


def _signs_for_his_own(facts: Facts, form: Any) -> bool:
    """Return whether the plan names the department, which has not signed yet, and the signer belongs to it (F3)."""
    known = facts.variables
    wanted, signed = known.get("cosigners", "").split(), known.get("cosigned_by", "").split()
    own = not facts.actor or facts.actor_department == form.department
    return own and form.department in wanted and form.department not in signed


def _cosigned(facts: Facts) -> bool:
    """Return whether every department that the plan names has signed it; a plan that names none is signed by nobody."""
    wanted = set(facts.variables.get("cosigners", "").split())
    return bool(wanted) and wanted <= set(facts.variables.get("cosigned_by", "").split())


def _all_met(facts: Facts, form: Acceptance) -> bool:
    """Return whether the criteria that every order has are met, and those that its plan names (C2)."""
    named = str(facts.variables.get("criteria", "")).split(",")
    own = {name for name in named if name} <= set((form.met or "").split(","))
    return form.documents and form.site and form.function and own


def _may_sign(facts: Facts, form: Acceptance) -> bool:
    """Return whether the signer may sign: the customer, or the third party that the customer named (C2)."""
    return form.signed_by is Acceptor.CUSTOMER or facts.variables.get("acceptor") == form.signed_by


def _rectifications_left(facts: Facts) -> bool:
    """Return whether the pack allows another round of rectification (C2); one that sets no maximum always does."""
    most = facts.windows.rectifications
    return most is None or facts.variables.get("rectifications", 0) < most


def _not_older(facts: Facts, form: Any) -> bool:
    known = facts.variables.get("as_of")
    return known is None or form.as_of >= datetime.fromisoformat(known)


in_order = Guard("in_order", lambda facts, form: form.accurate and form.complete)
plannable = Guard("plannable", _plannable)
signs_for_his_own = Guard("signs_for_his_own", _signs_for_his_own)
cosigned = Guard("cosigned", lambda facts, form: _cosigned(facts))
agreed_node = Guard(
    "agreed_node", lambda facts, form: form.node is None or form.node <= facts.variables.get("nodes", 0)
)
not_older = Guard("not_older", _not_older)
accepted = Guard("accepted", lambda facts, form: _all_met(facts, form) and _may_sign(facts, form))
not_accepted = Guard(
    "not_accepted",
    lambda facts, form: not _all_met(facts, form) and _may_sign(facts, form) and _rectifications_left(facts),
)
not_accepted_last = Guard(
    "not_accepted_last",
    lambda facts, form: not _all_met(facts, form) and _may_sign(facts, form) and not _rectifications_left(facts),
)
signs_for_itself = Guard("signs_for_itself", lambda facts, form: form.signed_by is Acceptor.THIRD_PARTY)
accepted_by_third = all_of("accepted_by_third", signs_for_itself, accepted)
not_accepted_by_third = all_of("not_accepted_by_third", signs_for_itself, not_accepted)
not_accepted_last_by_third = all_of("not_accepted_last_by_third", signs_for_itself, not_accepted_last)
